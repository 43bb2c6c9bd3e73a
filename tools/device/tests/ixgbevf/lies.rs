//! PFs that say what the model's does not: other set-ups, other speeds, nonsense.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use barline::{Event, LinkState, MacAddress, Port};
use softnic::Fault;

use crate::kit::{Rig, config, event, frame};
use crate::node::{Node, arriving};
use crate::tamper::Tamper;

/// GET_QUEUES, UPDATE_XCAST_MODE, GET_LINK_STATE, GET_PF_LINK_STATE, SET_MULTICAST.
const QUEUES: u32 = 0x09;
const MODE: u32 = 0x0c;
const ENABLED: u32 = 0x10;
const LINK: u32 = 0x11;
const MULTICAST: u32 = 0x03;
/// The greeting.
const RESET: u32 = 0x01;

/// Opens VF 0 with one word of one answer made another.
fn open(
    rig: &Rig,
    config: barline::Config,
    kind: u32,
    at: usize,
    value: u32,
) -> (Port, Arc<Tamper>) {
    let lie = move |request: u32, word: usize, told: u32| {
        if request & 0xffff == kind && word == at { value } else { told }
    };
    let tamper = Tamper::new(rig.adapter.transport(0).unwrap(), Box::new(lie));
    (Port::on(tamper.clone(), config).unwrap(), tamper)
}

#[test]
fn a_vf_that_the_administrator_has_disabled_has_no_link() {
    for model in ["82599", "e610"] {
        let rig = Rig::new(&format!("model={model}"));
        let (port, _) = open(&rig, config(), ENABLED, 1, 0);
        assert_eq!(port.link(), LinkState::Down, "{model}");
    }
}

#[test]
fn absurd_numbers_of_queues_leave_one() {
    // More than RSS tells apart are no use.
    for (told, granted) in [(0, 1), (9, 1), (0x8000_0001, 1), (u32::MAX, 1), (3, 3), (8, 4)] {
        let lie = move |request: u32, word: usize, value: u32| {
            if request == QUEUES && (1..3).contains(&word) { told } else { value }
        };
        let rig = Rig::new("");
        let tamper = Tamper::new(rig.adapter.transport(0).unwrap(), Box::new(lie));
        assert_eq!(Port::on(tamper, config()).unwrap().info().queues, granted, "{told}");
    }
}

#[test]
fn an_e610s_link_has_every_speed_that_its_pf_tells() {
    let rig = Rig::new("model=e610");
    let told = Arc::new(AtomicU32::new(0x80));
    let lie = {
        let told = told.clone();
        move |request: u32, word: usize, value: u32| {
            if request == LINK && word == 1 { told.load(Ordering::Relaxed) } else { value }
        }
    };
    let tamper = Tamper::new(rig.adapter.transport(0).unwrap(), Box::new(lie));
    let port = Port::on(tamper, config()).unwrap();
    for (bits, mbps) in [
        (0x2, 10),
        (0x8, 100),
        (0x20, 1000),
        (0x400, 2500),
        (0x800, 5000),
        (0x80, 10_000),
        (0x3, 0),
    ] {
        rig.inject(Fault::Link { up: false });
        event(&port, |event| *event == Event::Link(LinkState::Down));
        told.store(bits, Ordering::Relaxed);
        rig.inject(Fault::Link { up: true });
        let up = LinkState::Up { mbps, full_duplex: true };
        event(&port, |event| *event == Event::Link(up));
    }
}

#[test]
fn groups_are_hashed_as_the_pf_says() {
    let group = MacAddress([0x33, 0x33, 0, 0, 0xab, 0xcd]);
    for (filter, hash) in [(0, 0xcda), (1, 0x9b5), (2, 0x36a), (3, 0xdab)] {
        let rig = Rig::new("");
        let (mut port, tamper) = open(&rig, config(), RESET, 3, filter);
        port.set_multicast(&[group]).unwrap();
        let asked =
            tamper.requests().into_iter().rev().find(|(first, _)| first & 0xffff == MULTICAST);
        assert_eq!(asked, Some((1 << 16 | MULTICAST, hash)), "{filter}");
    }
}

#[test]
fn a_mode_that_was_not_granted_is_taken_back() {
    let rig = Rig::new("");
    let (mut port, tamper) = open(&rig, config(), 0, 0, 0);
    assert!(port.set_all_multicast(true).is_err());
    let modes: Vec<_> = tamper.requests().into_iter().filter(|(first, _)| *first == MODE).collect();
    assert_eq!(modes, [(MODE, 0), (MODE, 2), (MODE, 0)], "at the opening, then in vain, then back");
}

#[test]
fn nonsense_in_place_of_answers_is_survived() {
    // Everything that is not the first word, at random; then the first word, too.
    for (first, seeds) in [(1, 1..6), (0, 6..8_u32)] {
        for seed in seeds {
            let rig = Rig::new("");
            let mut random = seed.wrapping_mul(0x9e37_79b9);
            let lie = move |_, word: usize, told: u32| {
                random ^= random << 13;
                random ^= random >> 17;
                random ^= random << 5;
                if word >= first && (first == 1 || random % 4 == 0) { random } else { told }
            };
            let tamper = Tamper::new(rig.adapter.transport(0).unwrap(), Box::new(lie));
            match Port::on(tamper, config()) {
                Err(error) => assert!(!error.to_string().is_empty()),
                Ok(mut port) => {
                    let _ = (port.rss(), port.set_vlan(5, true), port.set_all_multicast(true));
                    assert!((1..=4).contains(&port.info().queues));
                }
            }
            // The VF works for who comes next.
            let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
            let frames = [frame(b.mac(), a.mac(), b"after all")];
            assert_eq!(arriving(&mut a, &mut b, &frames), frames);
        }
    }
}

#[test]
fn who_is_told_nothing_asks_for_what_it_needs() {
    let rig = Rig::new("model=x550");
    let (port, tamper) = open(&rig, config(), 0, 0, 0);
    let node = Node::start(port);
    let asked = |kind: u32| tamper.requests().iter().any(|(first, _)| first & 0xffff == kind);
    // The greeting, an API, queues, whether it is enabled, its mode, its largest frame.
    assert!([0x01, 0x08, 0x09, 0x10, 0x0c, 0x05].into_iter().all(asked));
    // Its address it has, and nothing else was wanted.
    assert!(![0x02, 0x03, 0x04, 0x06, 0x0a, 0x0b, 0x11].into_iter().any(asked));
    drop(node);
}
