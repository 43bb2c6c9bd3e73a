//! Opening, starting, stopping, and what is left.

use std::thread;

use barline::{Port, Queues};

use crate::fake_vf::FakeVf;
use crate::kit::{config, frame, open, read, threads, until, write};

/// Sends and receives a few frames.
fn exercise(fake: &FakeVf, port: &Port, queues: &mut Queues) {
    let pool = port.pool();
    let mut batch = pool.batch(32);
    for number in 0..10 {
        write(&mut batch, &frame(number));
        assert_eq!(queues.tx[0].push(&mut batch), 1);
        fake.step();
        assert_eq!(fake.model().sent.pop(), Some(frame(number)));
        fake.model().incoming.push_back(frame(number + 100));
        fake.step();
        assert_eq!(queues.rx[0].poll(&mut batch), 1);
        assert_eq!(read(&batch), [frame(number + 100)]);
        batch.clear();
    }
    // Pushes do not look for so few.
    assert_eq!(queues.tx[0].reap(&pool), 10);
    assert_eq!(queues.tx[0].pending(), 0);
}

#[test]
fn frames_go_both_ways_and_a_port_starts_again_and_again() {
    let fake = FakeVf::new("life0");
    let mut port = open(&fake).unwrap();
    assert_eq!(port.name(), "life0");
    assert!(!fake.model().bus_master, "bus mastering comes with the queues");
    for _ in 0..3 {
        let mut queues = port.start().unwrap();
        let error = port.start().unwrap_err().to_string();
        assert!(error.contains("life0") && error.contains("started already"), "{error}");
        exercise(&fake, &port, &mut queues);
        drop(queues);
        let census = port.arena().buffers().census();
        assert_eq!((census.depot, census.quarantined), (census.total, 0));
    }
    let stats = port.stats();
    assert_eq!((stats.device.rx_packets, stats.device.tx_packets), (30, 30));
    drop(port);
    fake.assert_at_rest();
}

#[test]
fn everything_may_be_dropped_in_any_order() {
    for order in 0..6 {
        let fake = FakeVf::new("life1");
        let mut port = open(&fake).unwrap();
        let mut queues = port.start().unwrap();
        exercise(&fake, &port, &mut queues);
        let Queues { rx, tx } = queues;
        let mut parts: Vec<Box<dyn FnOnce()>> =
            vec![Box::new(|| drop(port)), Box::new(|| drop(rx)), Box::new(|| drop(tx))];
        parts.swap(0, order % 3);
        parts.swap(1, 1 + order / 3);
        for part in parts {
            assert!(fake.space().mappings() > 0);
            part();
        }
        fake.assert_at_rest();
    }
}

#[test]
fn queues_outlive_their_port_on_other_threads() {
    let fake = FakeVf::new("life2");
    let mut port = open(&fake).unwrap();
    let Queues { rx, tx } = port.start().unwrap();
    let pool = port.pool();
    let workers = [
        thread::spawn({
            let fake = fake.clone();
            move || {
                let mut tx = tx;
                let mut batch = pool.batch(8);
                until("the port is gone", || !threads().contains(&"barline life2".to_string()));
                write(&mut batch, &frame(1));
                tx[0].push(&mut batch);
                fake.step();
                assert!(tx[0].flush(&pool, crate::kit::LONG));
            }
        }),
        thread::spawn(move || drop(rx)),
    ];
    drop(port);
    for worker in workers {
        worker.join().unwrap();
    }
    assert_eq!(fake.model().sent, [frame(1)]);
    fake.assert_at_rest();
}

#[test]
fn the_watcher_ends_with_the_port() {
    let fake = FakeVf::new("life3");
    let mut port = open(&fake).unwrap();
    until("the watcher is named", || threads().contains(&"barline life3".to_string()));
    let queues = port.start().unwrap();
    drop(port);
    assert!(!threads().contains(&"barline life3".to_string()));
    drop(queues);
    fake.assert_at_rest();
}

#[test]
fn a_device_has_one_port() {
    let fake = FakeVf::new("life4");
    let transport = fake.transport();
    let again = || Port::on(transport.clone(), config());
    let mut port = again().unwrap();
    let error = again().unwrap_err().to_string();
    assert!(error.contains("life4") && error.contains("already open"), "{error}");
    // Its queues hold it, too.
    let queues = port.start().unwrap();
    drop(port);
    assert!(again().is_err());
    drop(queues);
    drop(again().unwrap());
    fake.assert_at_rest();
}

#[test]
fn a_transport_that_others_keep_is_put_to_rest_too() {
    let fake = FakeVf::new("life5");
    let transport = fake.transport();
    let mut port = Port::on(transport.clone(), config()).unwrap();
    let queues = port.start().unwrap();
    assert!(fake.model().bus_master);
    drop((port, queues));
    fake.assert_at_rest();
    drop(transport);
    fake.assert_at_rest();
}

#[test]
fn ports_share_an_arena() {
    let (one, two) = (FakeVf::new("life6"), FakeVf::new("life7"));
    let mut first = open(&one).unwrap();
    let config = barline::Config { arena: Some(first.arena().clone()), ..config() };
    let mut second = Port::on(two.transport(), config).unwrap();
    let mut from = first.start().unwrap();
    let mut to = second.start().unwrap();
    let pool = first.pool();
    let mut batch = pool.batch(8);
    one.model().incoming.push_back(frame(5));
    one.step();
    assert_eq!(from.rx[0].poll(&mut batch), 1);
    assert_eq!(to.tx[0].push(&mut batch), 1);
    // The first port ends while its frame is under way.
    drop((batch, from, first));
    two.step();
    assert_eq!(two.model().sent, [frame(5)]);
    drop((to, second, pool));
    one.assert_at_rest();
    two.assert_at_rest();
}
