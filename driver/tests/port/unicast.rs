//! Unicast addresses besides the VF's own.

use barline::{Error, Event, MacAddress};

use crate::fake_vf::{FakeVf, SET_MAC};
use crate::kit::{event, open};

fn others<const N: usize>(last: [u8; N]) -> [MacAddress; N] {
    last.map(|last| MacAddress([0x02, 0, 0, 0, 1, last]))
}

#[track_caller]
fn assert_has<const N: usize>(fake: &FakeVf, last: [u8; N]) {
    assert_eq!(fake.model().pf.others, others(last).map(|mac| mac.0));
}

#[test]
fn they_are_those_asked_for_and_no_others() {
    let fake = FakeVf::new("uni0");
    let mut port = open(&fake).unwrap();
    port.set_unicast(&others([1, 2])).unwrap();
    assert_has(&fake, [1, 2]);
    port.set_unicast(&others([2, 3, 4])).unwrap();
    assert_has(&fake, [2, 3, 4]);
    assert_eq!(port.mac().0, fake.model().pf.mac, "its own stays");
    port.set_unicast(&[]).unwrap();
    assert_has(&fake, []);
    assert!(port.set_unicast(&[MacAddress::BROADCAST]).is_err());
}

#[test]
fn a_list_that_does_not_fit_leaves_the_one_before() {
    let fake = FakeVf::new("uni1");
    let mut port = open(&fake).unwrap();
    fake.model().pf.taken = 16;
    port.set_unicast(&others([1, 2])).unwrap();
    let error = port.set_unicast(&others([5, 6, 7, 8])).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("02:00:00:00:01:08") && text.contains("trust on"), "{text}");
    assert_has(&fake, [1, 2]);
}

#[test]
fn they_come_back_after_a_reset() {
    let fake = FakeVf::new("uni2");
    let mut port = open(&fake).unwrap();
    port.set_unicast(&others([1, 2])).unwrap();
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    assert_has(&fake, [1, 2]);
}

#[test]
fn a_pf_that_refuses_them_after_a_reset_does_not_keep_the_port_from_working() {
    let fake = FakeVf::new("uni4");
    let mut port = open(&fake).unwrap();
    port.set_unicast(&others([1])).unwrap();
    fake.model().pf.refused.insert(SET_MAC);
    port.reset();
    let events = event(&port, |event| *event == Event::Recovered);
    assert!(matches!(&events[..], [Event::SettingLost { .. }]), "{events:?}");
    fake.model().pf.refused.clear();
    // The PF has it still, so it is cleared.
    port.set_unicast(&[]).unwrap();
    assert_has(&fake, []);
}

#[test]
fn who_has_none_does_not_ask_to_have_them_cleared() {
    let fake = FakeVf::new("uni3");
    let mut port = open(&fake).unwrap();
    fake.model().pf.requests.clear();
    port.set_unicast(&[]).unwrap();
    port.reset();
    event(&port, |event| *event == Event::Recovered);
    assert!(!fake.model().pf.requests.contains(&SET_MAC));
}
