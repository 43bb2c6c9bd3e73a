//! What happens to the adapter while ports are open, as other processes bring it about.

use barline::{Event, LinkState};
use softnic::Fault;
use testkit::until;

use crate::inside::{inside_with, tell};
use crate::node::{Node, VF0, VF1, arena, exchange, frame};

/// Waits until frames pass from one to the other, and takes all that are on their way. What is sent before
/// both workers have their queues again is lost, and a PF may have been greeted before it was reset.
#[track_caller]
fn join_up(from: &mut Node, to: &mut Node) {
    let (early, last) =
        (frame(to.mac(), from.mac(), u32::MAX), frame(to.mac(), from.mac(), u32::MAX - 1));
    until("frames pass", || {
        from.send(&early);
        !to.poll().is_empty()
    });
    from.send(&last);
    until("the last one comes", || to.poll().contains(&last));
}

#[test]
fn a_link_that_goes_and_comes() {
    let body = || {
        let arena = arena();
        let node = Node::start(VF0, &arena).unwrap();
        tell("down");
        node.event(|event| *event == Event::Link(LinkState::Down));
        assert_eq!(node.port.link(), LinkState::Down);
        tell("up");
        let up = LinkState::Up { mbps: 10_000, full_duplex: true };
        node.event(|event| *event == Event::Link(up));
    };
    inside_with("events::a_link_that_goes_and_comes", "vfs=1", &[], body, |run, word| {
        run.administrator().order(Fault::Link { up: word == "up" }).unwrap();
    });
}

#[test]
fn a_reset_of_the_pf() {
    let body = || {
        let arena = arena();
        let (mut a, mut b) = (Node::start(VF0, &arena).unwrap(), Node::start(VF1, &arena).unwrap());
        for _ in 0..3 {
            tell("reset");
            for node in [&a, &b] {
                node.event(|event| *event == Event::PfReset);
                node.event(|event| *event == Event::Recovered);
            }
            join_up(&mut a, &mut b);
            join_up(&mut b, &mut a);
            exchange(&mut a, &mut b, 200);
        }
    };
    inside_with("events::a_reset_of_the_pf", "vfs=2,uplink=sink", &[], body, |run, _| {
        run.administrator().order(Fault::PfReset).unwrap();
    });
}

#[test]
fn a_device_that_is_wanted_back() {
    let body = || {
        let arena = arena();
        let node = Node::start(VF0, &arena).unwrap();
        tell("wanted");
        node.event(|event| *event == Event::RemovalRequested);
        drop(node);
        // It can be had again.
        Node::start(VF0, &arena).unwrap();
    };
    inside_with("events::a_device_that_is_wanted_back", "vfs=1", &[], body, |run, _| {
        run.administrator().order(Fault::WantedBack { vf: 0 }).unwrap();
    });
}

#[test]
fn an_error_on_the_bus() {
    let body = || {
        let arena = arena();
        let node = Node::start(VF0, &arena).unwrap();
        tell("error");
        node.event(|event| *event == Event::DeviceError);
    };
    inside_with("events::an_error_on_the_bus", "vfs=1", &[], body, |run, _| {
        run.administrator().order(Fault::BusError { vf: 0 }).unwrap();
    });
}

#[test]
fn a_device_that_is_pulled_out() {
    let body = || {
        let arena = arena();
        let node = Node::start(VF0, &arena).unwrap();
        tell("pull");
        node.event(|event| *event == Event::RemovalRequested);
        node.event(|event| *event == Event::Gone);
    };
    inside_with("events::a_device_that_is_pulled_out", "vfs=1", &[], body, |run, _| {
        run.administrator().order(Fault::Removal { vf: 0 }).unwrap();
    });
}
