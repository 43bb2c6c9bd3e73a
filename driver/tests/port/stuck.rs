//! A queue that does not stop keeps its memory.

use barline::Queues;

use crate::fake_vf::FakeVf;
use crate::kit::{frame, open, write};

#[test]
fn a_queue_that_does_not_stop_leaks_instead_of_freeing() {
    let fake = FakeVf::new("stuck0");
    let mut port = open(&fake).unwrap();
    let Queues { rx, mut tx } = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(4);
    write(&mut batch, &frame(1));
    tx[0].push(&mut batch);
    fake.model().never_off = true;
    drop((rx, tx));
    drop(batch);
    drop(pool);
    let census = port.arena().buffers().census();
    // All that was armed, and the one frame.
    assert_eq!(census.quarantined, 32 + 1);
    assert_eq!(census.depot + census.quarantined, census.total);
    let error = port.start().unwrap_err().to_string();
    assert!(error.contains("stuck0") && error.contains("did not turn off"), "{error}");
    // The device writes on, to memory that is still there and nobody else's.
    fake.model().incoming.push_back(frame(2));
    fake.step();
    assert_eq!(fake.space().faults(), 0);
    drop(port);
    assert!(fake.space().mappings() > 0, "the memory stays mapped");
    assert_eq!(fake.space().faults(), 0);
}

#[test]
fn a_device_that_is_gone_leaves_its_memory_alone() {
    let fake = FakeVf::new("stuck1");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    fake.model().gone = true;
    let start = std::time::Instant::now();
    drop((queues, port));
    assert!(start.elapsed().as_secs() < 4, "{:?}", start.elapsed());
    assert!(fake.space().mappings() > 0);
    // Back again, it can be opened.
    fake.model().gone = false;
    fake.model().left.clear();
    drop(open(&fake).unwrap().start().unwrap());
}

#[test]
fn queues_that_are_forgotten_stay_on_and_keep_the_device() {
    let fake = FakeVf::new("stuck2");
    let mut port = open(&fake).unwrap();
    let Queues { rx, tx } = port.start().unwrap();
    std::mem::forget(rx);
    drop((tx, port));
    assert!(fake.model().rx[0].on && fake.space().mappings() > 0);
    fake.model().incoming.push_back(frame(1));
    fake.step();
    assert_eq!(fake.space().faults(), 0);
}
