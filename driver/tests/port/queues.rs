//! Queues that are turned off and on again while the rest goes on.

use std::time::Duration;

use barline::{Event, RxDescriptorStatus, TxDescriptorStatus};

use crate::fake_vf::FakeVf;
use crate::kit::{LONG, config, event, frame, open, read, until, write};

#[test]
fn a_receive_queue_stops_and_starts_while_the_others_go_on() {
    let fake = FakeVf::new("queue0");
    let mut port =
        barline::Port::on(fake.transport(), barline::Config { rx_queues: 2, ..config() }).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    let free = port.arena().buffers().census().depot;
    // One packet is there when the queue stops: it goes with it.
    fake.model().incoming.push_back(frame(1));
    fake.step();
    let rx = &mut queues.rx[0];
    rx.stop().unwrap();
    rx.stop().unwrap();
    assert!(rx.is_stopped());
    assert_eq!(rx.poll(&mut batch), 0);
    {
        let model = fake.model();
        assert!(!model.rx[0].on && model.rx[1].on && model.tx[0].on);
    }
    fake.model().incoming.push_back(frame(2));
    fake.step();
    assert_eq!(fake.model().dropped, 1, "a stopped queue has no descriptors");
    write(&mut batch, &frame(3));
    assert_eq!(queues.tx[0].push(&mut batch), 1);
    fake.step();
    assert_eq!(fake.model().sent, [frame(3)]);

    let rx = &mut queues.rx[0];
    rx.start().unwrap();
    rx.start().unwrap();
    assert!(!rx.is_stopped() && fake.model().rx[0].on);
    assert_eq!(rx.poll(&mut batch), 0, "what came before is gone");
    fake.model().incoming.push_back(frame(4));
    fake.step();
    assert_eq!(rx.poll(&mut batch), 1);
    assert_eq!(read(&batch), [frame(4)]);
    drop(batch);
    drop(pool);
    assert!(port.arena().buffers().census().depot + 64 >= free, "buffers are lost");
    drop(queues);
    let census = port.arena().buffers().census();
    assert_eq!((census.depot, census.quarantined), (census.total, 0));
    drop(port);
    fake.assert_at_rest();
}

#[test]
fn a_transmit_queue_that_stops_frees_what_was_not_sent() {
    let fake = FakeVf::new("queue1");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    (0..5).for_each(|n| write(&mut batch, &frame(n)));
    let tx = &mut queues.tx[0];
    assert_eq!(tx.push(&mut batch), 5);
    tx.stop().unwrap();
    assert!(tx.is_stopped() && !fake.model().tx[0].on);
    assert_eq!((tx.pending(), port.stats().tx[0].lost), (0, 5));
    write(&mut batch, &frame(6));
    assert_eq!((tx.push(&mut batch), tx.reap(&pool)), (0, 0));
    assert!(tx.flush(&pool, LONG), "there is nothing to wait for");
    fake.step();
    tx.start().unwrap();
    assert_eq!(tx.push(&mut batch), 1);
    fake.step();
    assert_eq!(fake.model().sent, [frame(6)]);
    assert!(tx.flush(&pool, LONG));
}

#[test]
fn a_stopped_queue_stays_stopped_through_resets() {
    let fake = FakeVf::new("queue2");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    queues.rx[0].stop().unwrap();
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    write(&mut batch, &frame(1));
    until("the transmit queue is back", || queues.tx[0].push(&mut batch) == 1);
    assert_eq!(queues.rx[0].poll(&mut batch), 0);
    assert!(!fake.model().rx[0].on && fake.model().tx[0].on);
    queues.rx[0].start().unwrap();
    fake.model().incoming.push_back(frame(2));
    fake.step();
    assert_eq!(queues.rx[0].poll(&mut batch), 1);
}

#[test]
fn a_queue_that_is_started_while_the_port_recovers_starts_with_the_others() {
    let fake = FakeVf::new("queue3");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    queues.rx[0].stop().unwrap();
    fake.begin_pf_reset();
    event(&port, |event| *event == Event::PfReset);
    queues.rx[0].start().unwrap();
    // And one that is stopped meanwhile does not.
    queues.tx[0].stop().unwrap();
    assert!(!fake.model().rx[0].on);
    fake.end_pf_reset();
    event(&port, |event| *event == Event::Recovered);
    until("a frame is received", || {
        fake.model().incoming.push_back(frame(1));
        fake.step();
        queues.rx[0].poll(&mut batch) > 0
    });
    batch.clear();
    write(&mut batch, &frame(2));
    assert_eq!(queues.tx[0].push(&mut batch), 0);
    assert!(!fake.model().tx[0].on);
    queues.tx[0].start().unwrap();
    assert_eq!(queues.tx[0].push(&mut batch), 1);
}

#[test]
fn a_queue_that_does_not_turn_off_or_on_says_so() {
    let fake = FakeVf::new("queue4");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    fake.model().never_off = true;
    let error = queues.tx[0].stop().unwrap_err().to_string();
    assert!(error.contains("queue4") && error.contains("did not turn off"), "{error}");
    assert!(!queues.tx[0].is_stopped());
    fake.model().never_off = false;
    queues.rx[0].stop().unwrap();
    fake.model().never_on = true;
    let error = queues.rx[0].start().unwrap_err().to_string();
    assert!(error.contains("queue4") && error.contains("did not turn on"), "{error}");
    assert!(queues.rx[0].is_stopped());
    fake.model().never_on = false;
    queues.rx[0].start().unwrap();
    assert!(fake.model().rx[0].on);
    drop((queues, port));
    fake.assert_at_rest();
}

#[test]
fn a_stopped_queue_is_not_waited_for_and_is_no_stall() {
    let fake = FakeVf::new("queue5");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    queues.rx[0].stop().unwrap();
    let error = queues.rx[0].wait(Duration::from_secs(60)).unwrap_err().to_string();
    assert!(error.contains("queue5") && error.contains("stopped receive queue 0"), "{error}");
    std::thread::sleep(Duration::from_millis(250));
    fake.model().counters[0] += 10;
    fake.model().rx[0].head = 3;
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(port.events().try_recv().ok(), None);
}

#[test]
fn descriptors_tell_their_state() {
    let fake = FakeVf::new("queue6");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(8);
    (0..2).for_each(|n| write(&mut batch, &frame(n)));
    let (rx, tx) = (&mut queues.rx[0], &mut queues.tx[0]);
    assert_eq!(tx.push(&mut batch), 2);
    // 64 descriptors: 61 may be written before the one that stays free and the two that are pending.
    let at = |tx: &barline::TxQueue, offset| tx.descriptor(offset).unwrap();
    assert_eq!(at(tx, 60), TxDescriptorStatus::Done);
    assert_eq!(at(tx, 61), TxDescriptorStatus::Unavailable);
    assert_eq!([at(tx, 62), at(tx, 63)], [TxDescriptorStatus::Full; 2]);
    fake.model().incoming.extend([frame(1), frame(2)]);
    fake.step();
    assert_eq!([at(tx, 62), at(tx, 63)], [TxDescriptorStatus::Done; 2]);
    assert_eq!(rx.used(), 2);
    let at = |offset| rx.descriptor(offset).unwrap();
    assert_eq!([at(1), at(2)], [RxDescriptorStatus::Done, RxDescriptorStatus::Available]);
    assert_eq!(at(63), RxDescriptorStatus::Unavailable);
    for error in [rx.descriptor(64).unwrap_err(), tx.descriptor(64).unwrap_err()] {
        assert!(error.to_string().contains("descriptor offset = 64"), "{error}");
    }
}
