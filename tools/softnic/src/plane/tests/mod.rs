//! What both kinds of plane have in common.

mod processes;
mod shared;

use super::*;

fn spec() -> Spec {
    Spec::parse("vfs=3,trust=on,vlan=9,rate=50,spoof=off").unwrap()
}

#[test]
fn a_port_starts_as_the_administrator_has_set_it() {
    let plane = Plane::private(&spec());
    let port = plane.port(1);
    assert_eq!((port.open, port.receives, port.transmits, port.link), (false, false, false, true));
    assert_eq!(
        (port.port_vlan, port.rate, port.trusted, port.spoof_check),
        (Some(9), Some(50), true, false)
    );
    assert_eq!(port.max_frame, 9018, "the PF's own");
    assert_eq!(port.mac[0] & 3, 2, "locally administered, unicast");
    assert_ne!(port.mac, plane.port(2).mac);
    assert_eq!(plane.port(3), PortState::default(), "no such VF");
    let unassigned = Plane::private(&Spec { zero_mac: true, ..spec() });
    assert_eq!(unassigned.port(0).mac, [0; 6]);
}

#[test]
fn a_change_shows_in_the_state_and_the_generation_and_is_put_in_order() {
    let mut plane = Plane::private(&spec());
    let before = plane.generation();
    plane.update(2, |port| {
        port.open = true;
        port.vlans = vec![7, 3, 7, 4096];
        port.hashes = vec![4095, 1];
        port.further = vec![[2; 6]; FURTHER_MAX + 1];
    });
    assert!(plane.generation() > before);
    let port = plane.port(2);
    assert_eq!(
        (port.vlans, port.hashes, port.further.len()),
        (vec![3, 7], vec![1, 4095], FURTHER_MAX)
    );
    assert!(port.open && !plane.port(1).open);
}

#[test]
fn a_port_is_driven_once() {
    let mut plane = Plane::private(&spec());
    assert_eq!(plane.claim(0), Ok(()));
    assert_eq!(plane.claim(0), Err(Busy));
    assert_eq!(plane.claim(3), Err(Busy), "no such VF");
    assert!(plane.drives(0) && !plane.drives(1) && !plane.drives(UPLINK));
    plane.release(0);
    assert!(!plane.drives(0));
    assert_eq!(plane.claim(0), Ok(()));
    assert_eq!(plane.claim_uplink(), Ok(0));
    assert_eq!(plane.claim_uplink(), Err(Busy));
    assert!(plane.drives(UPLINK));
}

#[test]
fn nothing_is_elsewhere_where_there_is_one_process() {
    let mut plane = Plane::private(&spec());
    plane.look(0);
    assert!(!plane.post(1, 0, &[0; 60]));
    plane.publish();
    assert_eq!((plane.room(1, 60), plane.take(1, 9, |_, _| true)), (0, 0));
}
