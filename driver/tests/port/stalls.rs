//! Queues that stand still.

use std::thread;
use std::time::{Duration, Instant};

use barline::{Direction, Event};

use crate::fake_vf::FakeVf;
use crate::kit::{LONG, event, frame, open, until, write};

#[test]
fn a_device_that_does_not_send_is_told_of() {
    let fake = FakeVf::new("stall0");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    let mut batch = pool.batch(4);
    fake.model().hangs = true;
    write(&mut batch, &frame(1));
    queues.tx[0].push(&mut batch);
    let stall = Event::Stalled { direction: Direction::Tx, queue: Some(0) };
    assert_eq!(event(&port, |event| *event == stall), []);
    // Once is enough.
    thread::sleep(Duration::from_millis(700));
    assert_eq!(port.events().try_recv().ok(), None);
    // A reset helps.
    fake.model().hangs = false;
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    write(&mut batch, &frame(2));
    queues.tx[0].push(&mut batch);
    fake.step();
    assert_eq!(fake.model().sent, [frame(2)]);
}

#[test]
fn a_device_that_uses_descriptors_and_does_not_report_is_told_of() {
    let fake = FakeVf::new("stall1");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    queues.rx[0].poll(&mut pool.batch(4));
    fake.model().rx[0].head = 3;
    let stall = Event::Stalled { direction: Direction::Rx, queue: Some(0) };
    assert_eq!(event(&port, |event| *event == stall), []);
}

#[test]
fn packets_that_are_counted_and_come_nowhere_are_told_of() {
    let fake = FakeVf::new("stall2");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    thread::sleep(Duration::from_millis(250));
    fake.model().counters[0] += 10;
    let stall = Event::Stalled { direction: Direction::Rx, queue: None };
    assert_eq!(event(&port, |event| *event == stall), []);
    drop(queues);
}

#[test]
fn idle_queues_slow_workers_and_links_that_are_down_are_no_stall() {
    let fakes = ["stall3", "stall4", "stall5"].map(FakeVf::new);
    let mut ports = fakes.each_ref().map(|fake| open(fake).unwrap());
    let mut queues = ports.each_mut().map(|port| port.start().unwrap());
    let [_, slow, down] = &fakes;
    // Packets that nobody polls, and frames that the device has sent and nobody reaps.
    let pool = ports[1].pool();
    let mut batch = pool.batch(64);
    write(&mut batch, &frame(1));
    queues[1].tx[0].push(&mut batch);
    slow.model().incoming.extend((0..100).map(frame));
    slow.step();
    // Frames to send, and no link to send them on.
    down.model().link = 0;
    event(&ports[2], |event| matches!(event, Event::Link(_)));
    down.model().hangs = true;
    let other = ports[2].pool();
    let mut more = other.batch(4);
    write(&mut more, &frame(1));
    queues[2].tx[0].push(&mut more);
    thread::sleep(Duration::from_millis(800));
    for port in &ports {
        assert_eq!(port.events().try_recv().ok(), None, "{port:?}");
    }
}

#[test]
fn a_queue_that_cannot_be_restarted_is_told_of() {
    let fake = FakeVf::new("stall6");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    fake.model().never_on = true;
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    let stall = Event::Stalled { direction: Direction::Rx, queue: Some(0) };
    // A worker that polls without a pause must leave the control path to others.
    let end = Instant::now() + LONG;
    let told = loop {
        queues.rx[0].poll(&mut pool.batch(4));
        if let Ok(event) = port.events().try_recv() {
            break event;
        }
        assert!(Instant::now() < end, "nothing was told");
    };
    let start = Instant::now();
    for _ in 0..1000 {
        queues.rx[0].poll(&mut pool.batch(4));
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(told, stall);
    fake.model().never_on = false;
    until("the queue is on", || {
        queues.rx[0].poll(&mut pool.batch(4));
        fake.model().rx[0].on
    });
}
