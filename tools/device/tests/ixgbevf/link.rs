//! The link, and what is told of it.

use std::thread;
use std::time::{Duration, Instant};

use barline::{Event, LinkState, Port};
use softnic::{Fault, MailboxMood};

use crate::kit::{Rig, config, event, until};
use crate::tamper::Tamper;

const UP: LinkState = LinkState::Up { mbps: 10_000, full_duplex: true };

#[test]
fn changes_are_told_whoever_knows_of_them() {
    for model in ["82599", "x540", "x550", "e610"] {
        let rig = Rig::new(&format!("model={model}"));
        let port = rig.open(0, config()).unwrap();
        assert_eq!(port.link(), UP, "{model}");
        for (up, state) in [(false, LinkState::Down), (true, UP), (false, LinkState::Down)] {
            let start = Instant::now();
            rig.inject(Fault::Link { up });
            assert_eq!(event(&port, |event| *event == Event::Link(state)), [], "{model}");
            // An E610's PF says that something has changed: no need to ask it every second.
            assert!(start.elapsed() < Duration::from_millis(1600), "{:?}", start.elapsed());
            assert_eq!(port.link(), state);
        }
    }
}

#[test]
fn a_link_that_is_down_when_a_port_is_opened_is_down() {
    for model in ["82599", "x540", "e610"] {
        let rig = Rig::new(&format!("model={model}"));
        rig.inject(Fault::Link { up: false });
        assert_eq!(rig.open(0, config()).unwrap().link(), LinkState::Down, "{model}");
    }
}

/// An 82599's register may show a link for half a millisecond that is not there.
#[test]
fn a_link_that_does_not_settle_is_none() {
    for (model, settles) in [("82599", true), ("x540", false)] {
        let rig = Rig::new(&format!("model={model}"));
        rig.inject(Fault::Link { up: false });
        let tamper = Tamper::new(rig.adapter.transport(0).unwrap(), Box::new(|_, _, told| told));
        let port = Port::on(tamper.clone(), config()).unwrap();
        assert_eq!(port.link(), LinkState::Down);
        for _ in 0..3 {
            // VFLINKS: up, at 10 Gbit/s.
            tamper.read_once(0x10, 0x7000_0000);
            until("it is looked at", || tamper.is_read());
        }
        // What was seen is told by the next look.
        thread::sleep(Duration::from_millis(150));
        let ups = port
            .events()
            .try_iter()
            .filter(|event| matches!(event, Event::Link(LinkState::Up { .. })));
        assert_eq!(ups.count() == 0, settles, "{model}");
    }
}

#[test]
fn there_is_none_while_the_pf_is_down() {
    for model in ["82599", "e610"] {
        let rig = Rig::new(&format!("model={model}"));
        let port = rig.open(0, config()).unwrap();
        rig.inject(Fault::PfInterface { up: false });
        event(&port, |event| *event == Event::PfReset);
        event(&port, |event| *event == Event::Link(LinkState::Down));
        rig.inject(Fault::PfInterface { up: true });
        event(&port, |event| *event == Event::Recovered);
        event(&port, |event| *event == Event::Link(UP));
    }
}

#[test]
fn an_e610s_pf_is_not_asked_at_each_look() {
    let rig = Rig::new("model=e610");
    let port = rig.open(0, config()).unwrap();
    let asked = rig.counters(0).mailbox_requests;
    std::thread::sleep(Duration::from_millis(1000));
    let more = rig.counters(0).mailbox_requests - asked;
    assert!(more <= 1, "{more} messages in a second");
    assert_eq!(port.link(), UP);
    // One that refuses to say leaves the port without a link, and working.
    rig.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Refusing });
    assert_eq!(event(&port, |event| *event == Event::Link(LinkState::Down)), []);
}

#[test]
fn an_e610_with_an_old_pf_has_its_register() {
    let rig = Rig::new("model=e610,api=1.5");
    assert_eq!(rig.open(0, config()).unwrap().link(), UP);
}
