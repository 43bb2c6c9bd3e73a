//! The VF's own address.

use barline::{Config, Error, MacAddress};
use softnic::Fault;

use crate::kit::{Rig, config, frame};
use crate::node::arriving;

const OTHER: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x99]);

#[test]
fn the_pfs_assignment_is_taken_and_reached() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    assert!(a.mac().is_unicast() && a.mac() != b.mac());
    let frames = [frame(b.mac(), a.mac(), b"for b"), frame(OTHER, a.mac(), b"for nobody")];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[..1]);
}

#[test]
fn an_address_that_the_administrator_has_set_changes_with_trust_only() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let assigned = b.mac();
    let error = b.port.set_mac(OTHER).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }) && error.to_string().contains("trust on"));
    assert_eq!(b.mac(), assigned);
    rig.inject(Fault::Trust { vf: 1, trusted: true });
    b.recovered();
    b.port.set_mac(OTHER).unwrap();
    assert_eq!(b.mac(), OTHER);
    let frames = [frame(OTHER, a.mac(), b"new"), frame(assigned, a.mac(), b"old")];
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[..1]);
}

#[test]
fn a_vf_without_an_address_takes_a_local_one_or_the_one_in_its_configuration() {
    let rig = Rig::new("mac=zero");
    let (mut a, mut b) =
        (rig.node(0, config()), rig.node(1, Config { mac: Some(OTHER), ..config() }));
    assert_eq!((a.mac().0[0] & 0b11, b.mac()), (0b10, OTHER));
    assert_eq!(arriving(&mut a, &mut b, &[]), [[0; 0]; 0]);
    assert_eq!(arriving(&mut b, &mut a, &[]), [[0; 0]; 0]);
}
