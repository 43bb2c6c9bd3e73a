//! Devices that go, and those that come back.

use std::thread;
use std::time::{Duration, Instant};

use barline::{Error, Event, LinkState};

use crate::fake_vf::FakeVf;
use crate::kit::{event, frame, open};

#[test]
fn a_device_that_is_gone_is_told_of_once() {
    let fake = FakeVf::new("gone0");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    fake.model().gone = true;
    let start = Instant::now();
    let before = event(&port, |event| *event == Event::Gone);
    assert_eq!(before, [Event::PfReset, Event::Link(LinkState::Down)]);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(Event::Gone.must_close());
    assert!(matches!(port.set_vlan(1, true), Err(Error::Gone { .. })));
    assert!(matches!(port.start(), Err(Error::Device { .. })), "its queues are started");
    assert_eq!(queues.rx[0].poll(&mut port.pool().batch(4)), 0);
    thread::sleep(Duration::from_millis(500));
    assert_eq!(port.events().try_recv().ok(), None, "there is nothing more to tell");
    assert!(!port.xstats().iter().any(|stat| stat.name == "driver_recoveries" && stat.value > 0));
}

#[test]
fn a_device_that_comes_back_in_time_recovers() {
    let fake = FakeVf::new("gone1");
    let mut port = open(&fake).unwrap();
    let mut queues = port.start().unwrap();
    let pool = port.pool();
    fake.model().gone = true;
    event(&port, |event| *event == Event::PfReset);
    thread::sleep(Duration::from_millis(900));
    fake.model().gone = false;
    let before = event(&port, |event| *event == Event::Recovered);
    assert_eq!(before, [Event::Link(LinkState::Down)]);
    crate::kit::until("a frame is received", || {
        fake.model().incoming.push_back(frame(1));
        fake.step();
        queues.rx[0].poll(&mut pool.batch(4)) > 0
    });
}
