//! What a port tells.

use barline::{Event, LinkState};

use crate::fake_vf::FakeVf;
use crate::kit::{event, open, until};

#[test]
fn the_kernel_and_the_bus_are_heard() {
    let fake = FakeVf::new("event0");
    let mut port = open(&fake).unwrap();
    let queues = port.start().unwrap();
    fake.notify_request();
    assert_eq!(event(&port, |event| *event == Event::RemovalRequested), []);
    fake.notify_error();
    assert_eq!(event(&port, |event| *event == Event::DeviceError), []);
    drop((port, queues));
    fake.assert_at_rest();
}

#[test]
fn the_link_is_told() {
    let fake = FakeVf::new("event1");
    fake.model().link = 0;
    let port = open(&fake).unwrap();
    assert_eq!(port.link(), LinkState::Down);
    for (status, link) in [
        (0x03, LinkState::Up { mbps: 10, full_duplex: true }),
        (0x42, LinkState::Up { mbps: 100, full_duplex: false }),
        (0x83, LinkState::Up { mbps: 1000, full_duplex: true }),
        (0x81, LinkState::Down),
    ] {
        fake.model().link = status;
        assert_eq!(event(&port, |event| *event == Event::Link(link)), []);
        assert_eq!(port.link(), link);
    }
}

#[test]
fn one_who_never_takes_events_loses_the_newest_and_nothing_else() {
    let fake = FakeVf::new("event2");
    let port = open(&fake).unwrap();
    let events = port.events().clone();
    until("the channel is full", || {
        fake.notify_request();
        events.is_full()
    });
    fake.notify_error();
    fake.begin_pf_reset();
    fake.end_pf_reset();
    until("the port has recovered", || fake.model().pf.known);
    until("the port answers", || port.link().is_up());
    let all: Vec<_> = events.try_iter().collect();
    assert!(all.iter().all(|event| *event == Event::RemovalRequested));
    // There is room again.
    fake.notify_error();
    event(&port, |event| *event == Event::DeviceError);
    drop(port);
    until("the channel is closed", || {
        events.try_recv() == Err(crossbeam::channel::TryRecvError::Disconnected)
    });
}
