//! Further addresses, another address, groups.

use barline::MacAddress;

use super::{Pair, STRANGER};
use crate::kit::Run;

/// Addresses of nobody, by number.
fn further(number: usize) -> MacAddress {
    MacAddress([0x02, 0x44, 0, 0, 0, number as u8])
}

#[test]
fn further_addresses_are_heard_until_they_are_removed() {
    for options in ["trust=on", "mac=zero"] {
        let run = Run::new(&format!("vfs=2,uplink=sink,spoof=off,{options}"));
        let mut pair = Pair::start(&run);
        let own = pair.testpmd.mac(0);
        for number in 1..4 {
            assert!(!pair.reaches(further(number)), "{options}");
            assert_eq!(pair.testpmd.command(&format!("mac_addr add 0 {}", further(number))), "");
            assert!(pair.reaches(further(number)), "{options}");
        }
        assert_eq!(pair.testpmd.command(&format!("mac_addr remove 0 {}", further(2))), "");
        let heard = [1, 2, 3].map(|number| pair.reaches(further(number)));
        assert_eq!(heard, [true, false, true], "{options}");
        assert!(pair.reaches(own), "{options}");
        // They are asked for again when the port starts again.
        for command in ["stop", "port stop 0", "port start 0", "start"] {
            pair.testpmd.command(command);
        }
        let heard = [1, 2, 3].map(|number| pair.reaches(further(number)));
        assert_eq!(heard, [true, false, true], "{options}");
        pair.testpmd.quit();
    }
}

/// The device has 128 filters, of which the PF keeps 16 and each VF has one.
#[test]
fn no_more_further_addresses_than_the_device_has_filters_for() {
    const MOST: usize = 128 - 16 - 3;
    let run = Run::new("vfs=3,uplink=sink,spoof=off,trust=on");
    let mut pair = Pair::start(&run);
    for number in 0..MOST {
        assert_eq!(pair.testpmd.command(&format!("mac_addr add 0 {}", further(number))), "");
    }
    let answer = pair.testpmd.command(&format!("mac_addr add 0 {}", further(MOST)));
    assert!(answer.contains("mac_addr_cmd error"), "{answer}");
    assert!(!pair.reaches(further(MOST)));
    assert!(pair.reaches(further(0)) && pair.reaches(further(MOST - 1)));
    // What one gives back another can have.
    assert!(pair.peer.port.set_unicast(&[STRANGER]).is_err());
    pair.testpmd.command(&format!("mac_addr remove 0 {}", further(7)));
    pair.peer.port.set_unicast(&[STRANGER]).unwrap();
    pair.testpmd.quit();
}

#[test]
fn an_administrators_address_admits_no_further_one_without_trust() {
    let run = Run::new("vfs=2,uplink=sink,spoof=off");
    let mut pair = Pair::start(&run);
    let answer = pair.testpmd.command(&format!("mac_addr add 0 {}", further(1)));
    assert!(answer.contains("mac_addr_cmd error"), "{answer}");
    assert!(!pair.reaches(further(1)));
    assert!(pair.peer.port.set_unicast(&[further(1)]).is_err(), "nor does ours get one");
    pair.testpmd.quit();
}

#[test]
fn another_address_takes_the_place_of_the_first() {
    let run = Run::new("vfs=2,uplink=sink,spoof=off,trust=on");
    let mut pair = Pair::start(&run);
    let first = pair.testpmd.mac(0);
    assert_eq!(pair.testpmd.command(&format!("mac_addr set 0 {}", further(1))), "");
    assert_eq!(pair.testpmd.mac(0), further(1));
    assert!(pair.reaches(further(1)));
    assert!(!pair.reaches(first));
    pair.exchange();
    pair.testpmd.quit();
}

/// DPDK does not look at the PF's answer.
#[test]
fn another_address_that_is_refused_is_believed_by_dpdk_and_reported_by_ours() {
    let run = Run::new("vfs=2,uplink=sink,spoof=off");
    let mut pair = Pair::start(&run);
    let first = pair.testpmd.mac(0);
    assert_eq!(pair.testpmd.command(&format!("mac_addr set 0 {}", further(1))), "");
    assert_eq!(pair.testpmd.mac(0), further(1));
    assert!(pair.reaches(first));
    assert!(!pair.reaches(further(1)));
    pair.testpmd.quit();
    let error = pair.peer.port.set_mac(further(2)).unwrap_err();
    assert!(matches!(error, barline::Error::Refused { .. }), "{error}");
}

/// Without an administrator's address, DPDK makes one up.
#[test]
fn a_vf_without_an_address_gets_one_of_its_own() {
    let run = Run::new("vfs=2,uplink=sink,mac=zero");
    let mut pair = Pair::start(&run);
    let mac = pair.testpmd.mac(0);
    assert_eq!(mac.0[0] & 3, 2, "{mac} is local and no group");
    pair.exchange();
    pair.testpmd.quit();
}

#[test]
fn groups_are_heard_while_they_are_on_the_list() {
    let run = Run::new("vfs=2,uplink=sink,spoof=off");
    let mut pair = Pair::start(&run);
    let groups: Vec<_> =
        (1..=30).map(|number| MacAddress([0x01, 0, 0x5e, 0, number, number])).collect();
    for group in &groups {
        assert!(!pair.reaches(*group), "{group}");
        assert_eq!(pair.testpmd.command(&format!("mcast_addr add 0 {group}")), "");
    }
    for group in &groups {
        assert!(pair.reaches(*group), "{group}");
    }
    assert_eq!(pair.testpmd.command(&format!("mcast_addr remove 0 {}", groups[4])), "");
    assert!(!pair.reaches(groups[4]));
    assert!(pair.reaches(groups[5]));
    pair.testpmd.quit();
}
