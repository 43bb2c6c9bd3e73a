//! Every call of opening and starting fails once: the error is clear, nothing is left, and the device
//! opens again.

use std::thread;

use barline::{Port, Result};

use crate::fake_vf::FakeVf;
use crate::kit::{config, frame, open, read};

/// Opens and starts a port, and receives a frame.
fn use_once(fake: &FakeVf) -> Result<()> {
    let mut port = open(fake)?;
    let mut queues = port.start()?;
    let pool = port.pool();
    let mut batch = pool.batch(4);
    fake.model().incoming.push_back(frame(1));
    fake.step();
    assert_eq!(queues.rx[0].poll(&mut batch), 1);
    assert_eq!(read(&batch), [frame(1)]);
    Ok(())
}

#[test]
fn each_call_fails_once() {
    let fake = FakeVf::new("fault0");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    let calls = fake.trouble().calls();
    drop((port, queues));
    for kind in ["map", "set_vectors", "set_notice", "doorbell", "set_bus_master"] {
        assert!(calls.contains(&kind), "{calls:?}");
    }
    for (n, kind) in (1..).zip(&calls) {
        fake.trouble().fail_at(Some(n));
        let error = use_once(&fake).unwrap_err().to_string();
        assert!(error.contains("fault0") && error.contains(kind), "call {n}: {error}");
        fake.assert_at_rest();
        fake.trouble().fail_at(None);
        use_once(&fake).unwrap();
        fake.assert_at_rest();
    }
}

#[test]
fn refusals_of_a_kind() {
    for kind in ["map", "set_vectors", "set_notice", "doorbell"] {
        let fake = FakeVf::new("fault1");
        let transport = fake.transport();
        fake.trouble().refuse(Some(kind));
        // The transport stays: what was connected has to be disconnected by the port.
        let opened = Port::on(transport.clone(), config());
        let error = opened.and_then(|mut port| port.start()).unwrap_err().to_string();
        assert!(error.contains(kind), "{error}");
        fake.trouble().refuse(None);
        drop(transport);
        let left = std::mem::take(&mut fake.model().left);
        // Nobody can disconnect what refuses even that.
        assert!(left.is_empty() || kind.starts_with("set_"), "{kind}: {left:?}");
        use_once(&fake).unwrap();
        fake.assert_at_rest();
    }
}

#[test]
fn the_device_goes_at_each_register_read() {
    let fake = FakeVf::new("fault2");
    use_once(&fake).unwrap();
    let reads = fake.model().reads;
    assert!((20..1000).contains(&reads), "{reads}");
    // Each waits for a while, so all at once.
    thread::scope(|scope| {
        for n in 0..reads {
            scope.spawn(move || {
                let fake = FakeVf::new(&format!("fault2-{n}"));
                fake.model().gone_after = Some(n);
                if let Err(error) = open(&fake).and_then(|mut port| port.start().map(drop)) {
                    let error = error.to_string();
                    assert!(error.contains(fake.name()), "{error}");
                }
                let mut model = fake.model();
                assert!(model.vectors.is_empty() && !model.bus_master, "read {n}");
                assert!(!model.left.iter().any(|left| left != "queues"), "{:?}", model.left);
                (model.gone, model.gone_after) = (false, None);
                model.left.clear();
                drop(model);
                // Queues that could not be turned off keep their memory; nothing else does.
                let mapped = fake.space().mappings();
                use_once(&fake).unwrap();
                assert_eq!(fake.space().mappings(), mapped);
            });
        }
    });
}

#[test]
fn a_device_without_vectors_or_notices_works() {
    for vectors in [0, 1, 2] {
        let fake = FakeVf::new("fault3");
        fake.model().vector_count = vectors;
        fake.model().has_notices = false;
        use_once(&fake).unwrap();
        fake.assert_at_rest();
    }
}

#[test]
fn a_short_bar_and_foreign_devices_are_refused() {
    let fake = FakeVf::new("fault4");
    fake.model().bar = 0x2000;
    let error = open(&fake).unwrap_err().to_string();
    assert!(error.contains("fault4") && error.contains("BAR 0 has 8192 bytes"), "{error}");
    fake.model().bar = 0x4000;
    for (id, text) in [(0x152d, "Hyper-V"), (0x10c9, "8086:10c9 is not a supported VF")] {
        fake.model().device_id = id;
        let error = open(&fake).unwrap_err().to_string();
        assert!(error.contains("fault4") && error.contains(text), "{error}");
    }
    fake.assert_at_rest();
}

#[test]
fn a_silent_pf_fails_the_opening_in_time() {
    type Silence = fn(&FakeVf);
    let silent: [(&str, Silence); 3] = [
        ("did not take", |fake| fake.model().pf.silent = true),
        ("still in reset", FakeVf::begin_pf_reset),
        ("does not let go", |fake| fake.model().pf.holds = true),
    ];
    thread::scope(|scope| {
        for (n, (text, silence)) in silent.into_iter().enumerate() {
            scope.spawn(move || {
                let fake = FakeVf::new(&format!("fault5-{n}"));
                silence(&fake);
                let start = std::time::Instant::now();
                let error = open(&fake).unwrap_err().to_string();
                assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
                assert!(error.contains(fake.name()) && error.contains(text), "{error}");
                fake.assert_at_rest();
            });
        }
    });
}

#[test]
fn a_queue_that_does_not_turn_on_fails_the_start() {
    let fake = FakeVf::new("fault6");
    let mut port = open(&fake).unwrap();
    fake.model().never_on = true;
    let error = port.start().unwrap_err().to_string();
    assert!(
        error.contains("fault6") && error.contains("receive queue 0 did not turn on"),
        "{error}"
    );
    let census = port.arena().buffers().census();
    assert_eq!((census.depot, census.quarantined), (census.total, 0));
    fake.model().never_on = false;
    drop(port.start().unwrap());
    drop(port);
    fake.assert_at_rest();
}
