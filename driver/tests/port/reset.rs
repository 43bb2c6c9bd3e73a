//! The PF is reset under traffic, and everything comes back.

use std::thread;
use std::time::Duration;

use barline::{Config, Event, LinkState, MacAddress, Port, Queues};

use crate::fake_vf::{FakeVf, SET_VLAN};
use crate::kit::{LONG, config, event, frame, in_use, open, read, until, write};

const GROUP: MacAddress = MacAddress([0x33, 0x33, 0, 0, 0xab, 0xcd]);
const UP: LinkState = LinkState::Up { mbps: 1000, full_duplex: true };

fn reset(fake: &FakeVf) {
    fake.begin_pf_reset();
    fake.end_pf_reset();
}

/// Sends and receives until a frame has passed each way.
#[track_caller]
fn traffic(fake: &FakeVf, port: &Port, queues: &mut Queues) {
    let pool = port.pool();
    let mut batch = pool.batch(8);
    until("a frame is received", || {
        fake.model().incoming.push_back(frame(1));
        fake.step();
        let count = queues.rx[0].poll(&mut batch);
        read(&batch).iter().for_each(|bytes| assert_eq!(*bytes, frame(1)));
        batch.clear();
        count > 0
    });
    fake.model().sent.clear();
    until("a frame is sent", || {
        write(&mut batch, &frame(2));
        queues.tx[0].push(&mut batch);
        batch.clear();
        fake.step();
        fake.model().sent.contains(&frame(2))
    });
    assert!(queues.tx[0].flush(&pool, LONG));
}

#[test]
fn traffic_and_settings_come_back() {
    let fake = FakeVf::new("reset0");
    let config = Config { max_frame: 2000, ..config() };
    let mut port = Port::on(fake.transport(), config).unwrap();
    port.set_vlan(5, true).unwrap();
    port.set_vlan(6, true).unwrap();
    port.set_vlan(6, false).unwrap();
    port.set_multicast(&[GROUP]).unwrap();
    port.set_all_multicast(true).unwrap();
    let mac = MacAddress([2, 0, 0, 0, 0, 0x99]);
    port.set_mac(mac).unwrap();
    let mut queues = port.start().unwrap();
    traffic(&fake, &port, &mut queues);
    for _ in 0..3 {
        let free = in_use(&port);
        reset(&fake);
        let before = event(&port, |event| *event == Event::Recovered);
        assert_eq!(before, [Event::PfReset]);
        traffic(&fake, &port, &mut queues);
        assert_eq!(in_use(&port), free, "buffers are lost or found");
        let model = fake.model();
        assert!(model.pf.vlans.iter().eq([&5]));
        assert_eq!((model.pf.groups.as_slice(), model.pf.modes), ([0xcda].as_slice(), 2));
        assert_eq!((model.pf.mac, model.pf.longest), (mac.0, 2004));
        assert!(model.bus_master);
    }
    assert_eq!(port.mac(), mac);
    drop(queues);
    let census = port.arena().buffers().census();
    assert_eq!((census.depot, census.quarantined), (census.total, 0));
    drop(port);
    fake.assert_at_rest();
}

#[test]
fn what_was_not_sent_is_counted_as_lost() {
    let fake = FakeVf::new("reset1");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    (0..5).for_each(|n| write(&mut batch, &frame(n)));
    assert_eq!(queues.tx[0].push(&mut batch), 5);
    reset(&fake);
    event(&port, |event| *event == Event::Recovered);
    assert!(!queues.tx[0].flush(&pool, LONG), "they were not sent");
    let stats = port.stats();
    assert_eq!((stats.tx[0].packets, stats.tx[0].completed, stats.tx[0].lost), (5, 0, 5));
    assert_eq!(queues.tx[0].pending(), 0);
    assert!(queues.tx[0].flush(&pool, LONG));
}

#[test]
fn idle_queues_restart_when_they_are_used_again() {
    let fake = FakeVf::new("reset2");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    for _ in 0..2 {
        reset(&fake);
        event(&port, |event| *event == Event::Recovered);
    }
    assert!(!fake.model().rx[0].on && !fake.model().tx[0].on);
    thread::sleep(Duration::from_millis(700));
    assert_eq!(port.events().try_recv().ok(), None, "an idle queue is no stall");
    traffic(&fake, &port, &mut queues);
}

#[test]
fn a_silent_pf_is_told_of_once_and_waited_for() {
    let fake = FakeVf::new("reset3");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    fake.begin_pf_reset();
    let before = event(&port, |event| matches!(event, Event::PfSilent { .. }));
    assert_eq!(before, [Event::PfReset, Event::Link(LinkState::Down)]);
    assert_eq!(port.link(), LinkState::Down);
    let error = port.start().unwrap_err().to_string();
    assert!(error.contains("reset3"), "{error}");
    let pool = port.pool();
    assert_eq!(queues.rx[0].poll(&mut pool.batch(4)), 0);
    thread::sleep(Duration::from_millis(1500));
    fake.end_pf_reset();
    let between = event(&port, |event| *event == Event::Recovered);
    assert_eq!(between, []);
    event(&port, |event| *event == Event::Link(UP));
    traffic(&fake, &port, &mut queues);
}

#[test]
fn a_port_resets_on_demand() {
    let fake = FakeVf::new("reset4");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    traffic(&fake, &port, &mut queues);
    port.reset();
    assert_eq!(event(&port, |event| *event == Event::Recovered), []);
    traffic(&fake, &port, &mut queues);
    drop(port);
    // Without its port there is nobody to recover, and nothing to fear.
    reset(&fake);
    let _ = queues.rx[0].wait(Duration::ZERO);
    drop(queues);
    fake.assert_at_rest();
}

#[test]
fn a_setting_that_the_pf_refuses_now_stops_nothing_else() {
    let fake = FakeVf::new("reset5");
    let mut port = open(&fake).unwrap();
    port.set_vlan(5, true).unwrap();
    port.set_all_multicast(true).unwrap();
    let mut queues = port.start().unwrap();
    fake.model().pf.refused.insert(SET_VLAN);
    reset(&fake);
    let before = event(&port, |event| *event == Event::Recovered);
    assert_eq!(before.len(), 2, "{before:?}");
    let told = matches!(&before[1], Event::SettingLost { reason } if reason.contains("VLAN 5"));
    assert!(told, "{before:?}");
    traffic(&fake, &port, &mut queues);
    assert_eq!(fake.model().pf.modes, 2);
    // It is not asked for again.
    reset(&fake);
    assert_eq!(event(&port, |event| *event == Event::Recovered), [Event::PfReset]);
}

#[test]
fn modes_come_back_together() {
    let fake = FakeVf::new("reset6");
    fake.model().pf.generous = true;
    let mut port = open(&fake).unwrap();
    port.set_promiscuous(true).unwrap();
    port.set_all_multicast(true).unwrap();
    reset(&fake);
    event(&port, |event| *event == Event::Recovered);
    assert_eq!(fake.model().pf.modes, 3);
    port.set_promiscuous(false).unwrap();
    reset(&fake);
    event(&port, |event| *event == Event::Recovered);
    assert_eq!(fake.model().pf.modes, 2);
}

#[test]
fn queues_restart_on_other_threads_while_the_port_is_used() {
    let fake = FakeVf::new("reset7");
    let mut port = open(&fake).unwrap();
    let Queues { mut rx, mut tx } = port.start().unwrap();
    let (rx_pool, tx_pool) = (port.pool(), port.pool());
    let done = std::sync::atomic::AtomicBool::new(false);
    let running = &|| !done.load(std::sync::atomic::Ordering::Acquire);
    let (rx, tx) = thread::scope(|scope| {
        let fake = &fake;
        let receiver = scope.spawn(move || {
            let mut batch = rx_pool.batch(8);
            while running() {
                rx[0].poll(&mut batch);
                read(&batch).iter().for_each(|bytes| assert_eq!(*bytes, frame(1)));
                batch.clear();
            }
            rx
        });
        let sender = scope.spawn(move || {
            let mut batch = tx_pool.batch(8);
            while running() {
                write(&mut batch, &frame(2));
                tx[0].push(&mut batch);
                batch.clear();
                fake.model().incoming.push_back(frame(1));
                fake.step();
                assert!(fake.model().sent.drain(..).all(|bytes| bytes == frame(2)));
            }
            tx
        });
        for _ in 0..10 {
            reset(fake);
            event(&port, |event| *event == Event::Recovered);
            let _ = port.set_vlan(9, true);
            port.stats();
        }
        done.store(true, std::sync::atomic::Ordering::Release);
        (receiver.join().unwrap(), sender.join().unwrap())
    });
    drop((rx, tx));
    let census = port.arena().buffers().census();
    assert_eq!((census.depot, census.quarantined), (census.total, 0));
    drop(port);
    fake.assert_at_rest();
}
