//! The device's table of VLANs, which its VFs share.

use super::Pair;
use crate::kit::Run;

/// VLANs that the device has room for, VLAN 0 not among them.
const VLANS: u16 = 63;

#[track_caller]
fn add(pair: &mut Pair, vlan: u16) -> bool {
    let answer = pair.testpmd.command(&format!("rx_vlan add {vlan} 0"));
    assert!(answer.is_empty() || answer.contains("failed diag"), "{answer}");
    answer.is_empty()
}

#[test]
fn the_table_is_shared_and_what_one_gives_back_another_can_have() {
    let run = Run::new("vfs=2,uplink=sink");
    let mut pair = Pair::start(&run);
    pair.testpmd.command("vlan set filter on 0");
    for vlan in 1..=VLANS {
        assert!(add(&mut pair, vlan), "VLAN {vlan}");
    }
    assert!(!add(&mut pair, VLANS + 1));
    assert!(add(&mut pair, 7), "it has that one");
    assert!(pair.peer.port.set_vlan(VLANS + 1, true).is_err(), "no room for another VF either");
    pair.peer.port.set_vlan(7, true).unwrap();
    assert_eq!(pair.testpmd.command("rx_vlan rm 9 0"), "");
    pair.peer.port.set_vlan(VLANS + 1, true).unwrap();
    assert!(!add(&mut pair, 9), "the other has taken its place");
    pair.peer.port.set_vlan(VLANS + 1, false).unwrap();
    assert!(add(&mut pair, 9));
    pair.testpmd.quit();
}
