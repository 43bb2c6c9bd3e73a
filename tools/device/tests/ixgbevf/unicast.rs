//! Unicast addresses besides the VF's own.

use barline::{Error, Event, MacAddress};
use softnic::Fault;

use crate::kit::{Rig, config, event, frame};
use crate::node::arriving;

fn other(last: u8) -> MacAddress {
    MacAddress([0x02, 0, 0, 0, 1, last])
}

#[test]
fn they_are_those_asked_for_and_no_others() {
    let rig = Rig::new("trust=on");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let frames = [1, 2, 3].map(|last| frame(other(last), a.mac(), &[last]));
    assert_eq!(arriving(&mut a, &mut b, &frames), [[0; 0]; 0]);
    b.port.set_unicast(&[other(1), other(2)]).unwrap();
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[..2]);
    b.port.set_unicast(&[other(3)]).unwrap();
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[2..]);
    b.port.set_unicast(&[]).unwrap();
    assert_eq!(arriving(&mut a, &mut b, &frames), [[0; 0]; 0]);
}

#[test]
fn they_are_refused_to_who_is_not_trusted_and_come_back_after_a_reset() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let error = b.port.set_unicast(&[other(1)]).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("02:00:00:00:01:01") && text.contains("trust on"), "{text}");
    // None is no more than it had.
    b.port.set_unicast(&[]).unwrap();
    rig.inject(Fault::Trust { vf: 1, trusted: true });
    b.recovered();
    b.port.set_unicast(&[other(1)]).unwrap();
    rig.inject(Fault::PfReset);
    b.recovered();
    a.recovered();
    let frames = [frame(other(1), a.mac(), b"again")];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames);
    rig.inject(Fault::Trust { vf: 1, trusted: false });
    event(&b.port, |event| matches!(event, Event::SettingLost { .. }));
    b.recovered();
    assert_eq!(arriving(&mut a, &mut b, &frames), [[0; 0]; 0]);
}

#[test]
fn a_list_that_does_not_fit_leaves_the_one_before() {
    let rig = Rig::new("trust=on");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let all: Vec<_> = (0..=255).map(other).collect();
    b.port.set_unicast(&all[1..3]).unwrap();
    let error = b.port.set_unicast(&all).unwrap_err();
    assert!(matches!(error, Error::Refused { .. } | Error::Config { .. }), "{error}");
    let frames = [1, 9].map(|last| frame(other(last), a.mac(), &[last]));
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[..1]);
}
