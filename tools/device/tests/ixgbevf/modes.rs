//! Multicast groups, all multicast, promiscuous: granted, refused, and granted less than asked for.

use barline::{Error, Event, MacAddress};
use softnic::Fault;

use crate::kit::{Rig, config, event, frame};
use crate::node::{Node, arriving};

const GROUP: MacAddress = MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb]);
const ANOTHER: MacAddress = MacAddress([0x33, 0x33, 0, 0, 0xab, 0xcd]);
const NOBODY: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x99]);

/// Which of a broadcast, frames to the two groups and one to nobody come through.
#[track_caller]
fn coming(a: &mut Node, b: &mut Node) -> [bool; 4] {
    let frames =
        [MacAddress::BROADCAST, GROUP, ANOTHER, NOBODY].map(|to| frame(to, a.mac(), b"to some"));
    let got = arriving(a, b, &frames);
    frames.map(|frame| got.contains(&frame))
}

#[track_caller]
fn refused(result: barline::Result<()>, remedy: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(error.to_string().contains(remedy), "{error}");
}

#[test]
fn groups_are_those_asked_for() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        assert_eq!(coming(&mut a, &mut b), [true, false, false, false]);
        b.port.set_multicast(&[GROUP]).unwrap();
        assert_eq!(coming(&mut a, &mut b), [true, true, false, false]);
        b.port.set_multicast(&[ANOTHER]).unwrap();
        assert_eq!(coming(&mut a, &mut b), [true, false, true, false]);
        b.port.set_multicast(&[GROUP; 30]).unwrap();
        assert_eq!(coming(&mut a, &mut b), [true, true, false, false]);
        assert!(b.port.set_multicast(&[GROUP; 31]).is_err());
        b.port.set_multicast(&[]).unwrap();
        assert_eq!(coming(&mut a, &mut b), [true, false, false, false]);
    }
}

#[test]
fn a_trusted_vf_gets_all_multicast_and_promiscuous_where_the_pf_is() {
    let rig = Rig::new("model=x540,trust=on,promisc=on");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    b.port.set_multicast(&[GROUP]).unwrap();
    b.port.set_all_multicast(true).unwrap();
    assert_eq!(coming(&mut a, &mut b), [true, true, true, false]);
    b.port.set_promiscuous(true).unwrap();
    assert_eq!(coming(&mut a, &mut b), [true; 4]);
    b.port.set_all_multicast(false).unwrap();
    assert_eq!(coming(&mut a, &mut b), [true; 4]);
    b.port.set_promiscuous(false).unwrap();
    assert_eq!(coming(&mut a, &mut b), [true, true, false, false], "the group is left");
}

#[test]
fn what_is_refused_or_silently_lowered_is_told_and_changes_nothing() {
    // A VF that is not trusted is answered yes, with a lower mode.
    let rig = Rig::new("model=x550,promisc=on");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    b.port.set_multicast(&[GROUP]).unwrap();
    refused(b.port.set_all_multicast(true), "vf <n> trust on");
    refused(b.port.set_promiscuous(true), "vf <n> trust on");
    assert_eq!(coming(&mut a, &mut b), [true, true, false, false]);
    // A PF that is not promiscuous itself says no.
    let rig = Rig::new("model=x550,trust=on");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    b.port.set_all_multicast(true).unwrap();
    refused(b.port.set_promiscuous(true), "promisc on");
    assert_eq!(coming(&mut a, &mut b), [true, true, true, false]);
    // An 82599's says no to everybody.
    let rig = Rig::new("trust=on,promisc=on");
    let mut a = rig.node(0, config());
    a.port.set_all_multicast(true).unwrap();
    refused(a.port.set_promiscuous(true), "an 82599 grants it to no VF");
}

#[test]
fn modes_come_back_after_a_reset_and_go_with_trust() {
    let rig = Rig::new("model=x550,trust=on,promisc=on");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    b.port.set_promiscuous(true).unwrap();
    b.port.set_multicast(&[GROUP]).unwrap();
    rig.inject(Fault::PfReset);
    a.recovered();
    b.recovered();
    assert_eq!(coming(&mut a, &mut b), [true; 4]);
    rig.inject(Fault::Trust { vf: 1, trusted: false });
    event(&b.port, |event| matches!(event, Event::SettingLost { .. }));
    b.recovered();
    assert_eq!(coming(&mut a, &mut b), [true, true, false, false]);
}

#[test]
fn the_mode_of_the_vfs_last_user_does_not_stay() {
    let rig = Rig::new("model=x550,trust=on,promisc=on");
    let mut a = rig.node(0, config());
    let mut b = rig.node(1, config());
    b.port.set_promiscuous(true).unwrap();
    assert_eq!(coming(&mut a, &mut b), [true; 4]);
    drop(b);
    let mut b = rig.node(1, config());
    assert_eq!(coming(&mut a, &mut b), [true, false, false, false]);
}
