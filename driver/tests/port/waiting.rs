//! Nobody waits for who waits for the PF.

use std::thread;
use std::time::{Duration, Instant};

use barline::{Event, LinkState};

use crate::fake_vf::{FakeVf, SET_VLAN};
use crate::kit::{LONG, event, frame, in_use, open, until};

/// What is less than the second for which a PF's answer is waited.
const SHORT: Duration = Duration::from_millis(400);

#[track_caller]
fn short<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    assert!(start.elapsed() < SHORT, "{what} took {:?}", start.elapsed());
    result
}

/// Loses the PF, and waits until the recovery waits for its answer.
fn lose_the_pf(fake: &FakeVf, port: &barline::Port) {
    fake.model().pf.silent = true;
    fake.begin_pf_reset();
    fake.end_pf_reset();
    event(port, |event| *event == Event::PfReset);
    // The link is looked at after the first attempt.
    event(port, |event| *event == Event::Link(LinkState::Down));
}

#[test]
fn whoever_asks_about_a_port_that_recovers_has_an_answer() {
    let fake = FakeVf::new("busy0");
    let port = open(&fake).unwrap();
    lose_the_pf(&fake, &port);
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        short("stats", || port.stats());
        short("xstats", || port.xstats());
        short("link", || assert_eq!(port.link(), LinkState::Down));
        short("mac", || assert!(port.mac().is_unicast()));
        thread::sleep(Duration::from_millis(50));
    }
    fake.model().pf.silent = false;
    event(&port, |event| *event == Event::Recovered);
}

#[test]
fn queues_are_dropped_while_the_port_recovers() {
    let fake = FakeVf::new("busy1");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    let before = in_use(&port);
    assert!(before > 0);
    lose_the_pf(&fake, &port);
    short("dropping queues", || drop(queues));
    assert!(port.stats().rx.is_empty() && port.stats().tx.is_empty());
    // The device is put to rest by who has it in hand.
    until("the buffers are back", || in_use(&port) == 0);
    fake.model().pf.silent = false;
    event(&port, |event| *event == Event::Recovered);
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    fake.model().incoming.push_back(frame(1));
    fake.step();
    assert_eq!(queues.rx[0].poll(&mut pool.batch(4)), 1);
    drop((queues, pool, port));
    fake.assert_at_rest();
}

#[test]
fn a_queue_that_is_dropped_while_the_pf_is_asked_is_off_before_anyone_has_the_device() {
    let fake = FakeVf::new("busy2");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    fake.model().pf.unanswered.insert(SET_VLAN);
    thread::scope(|scope| {
        let asking = scope.spawn(|| port.set_vlan(5, true).unwrap_err());
        until("it is asked", || fake.model().pf.requests.last() == Some(&SET_VLAN));
        short("dropping a queue", || drop(queues.rx.remove(0)));
        assert!(fake.model().rx[0].on, "who asks has the device");
        asking.join().unwrap();
        assert!(!fake.model().rx[0].on);
    });
    fake.model().pf.unanswered.clear();
    event(&port, |event| *event == Event::Recovered);
    drop(queues);
    let census = port.arena().buffers().census();
    assert_eq!((census.depot, census.quarantined), (census.total, 0));
}

#[test]
fn requests_while_the_port_recovers_are_refused_at_once() {
    let fake = FakeVf::new("busy3");
    let mut port = open(&fake).unwrap();
    fake.begin_pf_reset();
    event(&port, |event| *event == Event::PfReset);
    let error = short("a request", || port.set_vlan(5, true)).unwrap_err().to_string();
    assert!(error.contains("busy3") && error.contains("Event::Recovered"), "{error}");
    fake.end_pf_reset();
    event(&port, |event| *event == Event::Recovered);
    port.set_vlan(5, true).unwrap();
}

#[test]
fn a_queue_of_a_port_that_is_closed_in_a_recovery_is_freed() {
    let fake = FakeVf::new("busy4");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    lose_the_pf(&fake, &port);
    let arena = port.arena().clone();
    thread::scope(|scope| {
        scope.spawn(|| drop(queues));
        scope.spawn(|| drop(port));
    });
    let end = Instant::now() + LONG;
    while arena.buffers().census().depot < arena.buffers().census().total {
        assert!(Instant::now() < end, "buffers stay away");
        thread::sleep(Duration::from_millis(1));
    }
    drop(arena);
    fake.assert_at_rest();
}
