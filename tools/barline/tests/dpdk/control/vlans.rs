//! The device's table of VLANs, which its VFs share.

use super::Pair;
use crate::kit::{Run, Testpmd};

/// VLANs that the device has room for, VLAN 0 not among them.
const VLANS: u16 = 63;

#[track_caller]
fn add(testpmd: &mut Testpmd, vlan: u16) -> bool {
    let answer = testpmd.command(&format!("rx_vlan add {vlan} 0"));
    assert!(answer.is_empty() || answer.contains("failed diag"), "{answer}");
    answer.is_empty()
}

#[test]
fn the_table_is_shared_and_what_one_gives_back_another_can_have() {
    let run = Run::new("vfs=2,uplink=sink");
    let mut pair = Pair::start(&run);
    pair.testpmd.command("vlan set filter on 0");
    for vlan in 1..=VLANS {
        assert!(add(&mut pair.testpmd, vlan), "VLAN {vlan}");
    }
    assert!(!add(&mut pair.testpmd, VLANS + 1));
    assert!(add(&mut pair.testpmd, 7), "it has that one");
    let port = &mut pair.peer.port;
    assert!(port.set_vlan(VLANS + 1, true).is_err(), "no room for another VF either");
    port.set_vlan(7, true).unwrap();
    assert_eq!(pair.testpmd.command("rx_vlan rm 9 0"), "");
    port.set_vlan(VLANS + 1, true).unwrap();
    assert!(!add(&mut pair.testpmd, 9), "the other has taken its place");
    port.set_vlan(VLANS + 1, false).unwrap();
    assert!(add(&mut pair.testpmd, 9));
    pair.testpmd.quit();
}
