//! Addresses: the VF's own, and further ones.

use super::{API, Bench, DONE, MailboxUser, REFUSED};
use crate::Fault;

const OTHER: [u32; 2] = [0x4433_2202, 0x6655];

fn further(index: u32, last: u8) -> [u32; 3] {
    [6 | index << 16, 0x4433_2202, u32::from(last) << 8]
}

#[test]
fn what_the_administrator_has_set_only_a_trusted_vf_may_change() {
    let mut bench = Bench::new("trust=off", 3);
    let mac = bench.port().mac;
    assert_eq!(bench.verdict(&[2, OTHER[0], OTHER[1]]), REFUSED);
    assert_eq!(bench.port().mac, mac);
    let words = super::super::message::address_words(mac);
    assert_eq!(bench.verdict(&[2, words[0], words[1]]), DONE, "the same is no change");
    let mut trusted = Bench::new("trust=on", 3);
    assert_eq!(trusted.verdict(&[2, OTHER[0], OTHER[1]]), DONE);
    assert_eq!(trusted.port().mac, [0x02, 0x22, 0x33, 0x44, 0x55, 0x66]);
}

#[test]
fn a_group_or_nothing_is_no_address() {
    let mut bench = Bench::new("mac=zero", 3);
    for bad in [[0, 0], [0x4433_2201, 0x6655], [0xffff_ffff, 0xffff]] {
        assert_eq!(bench.verdict(&[2, bad[0], bad[1]]), REFUSED, "{bad:x?}");
        assert_eq!(bench.verdict(&[6 | 1 << 16, bad[0], bad[1]]), REFUSED, "{bad:x?}");
    }
    assert_eq!((bench.port().mac, bench.port().further.len()), ([0; 6], 0));
}

#[test]
fn a_list_of_further_addresses_begins_at_one_and_is_cleared_by_none() {
    let mut bench = Bench::new("mac=zero", 3);
    assert!(bench.port().spoof_check);
    for (index, last) in [(1, 1), (2, 2), (3, 3)] {
        assert_eq!(bench.verdict(&further(index, last)), DONE);
    }
    assert_eq!(bench.port().further.len(), 3);
    assert!(!bench.port().spoof_check, "a list turns anti-spoofing off");
    assert_eq!(bench.verdict(&further(1, 9)), DONE);
    assert_eq!(bench.port().further, [[0x02, 0x22, 0x33, 0x44, 0, 9]]);
    assert_eq!(bench.verdict(&[6, 0, 0]), DONE);
    assert_eq!(bench.port().further.len(), 0);
}

#[test]
fn an_administrators_address_forbids_further_ones_but_not_clearing_them() {
    let mut bench = Bench::new("", 3);
    assert_eq!(bench.verdict(&further(1, 1)), REFUSED);
    assert!(bench.port().spoof_check);
    assert_eq!(bench.verdict(&[6, 0, 0]), DONE);
    let mut trusted = Bench::new("trust=on", 3);
    assert_eq!(trusted.verdict(&further(1, 1)), DONE);
}

#[test]
fn all_vfs_share_the_filters_that_the_pf_leaves() {
    // 128, less the PF's 16, less one for each of 63 VFs: 49.
    let mut bench = Bench::new("vfs=63,mac=zero", 3);
    let mut granted = 0;
    for vf in 0..63 {
        let mut user = MailboxUser::new(vf);
        if vf > 0 {
            bench.adapter.open(vf).unwrap();
            user.begin(&mut bench.adapter, API[3]);
        }
        for index in 1..=20 {
            let answer = user.ask(&mut bench.adapter, &further(index, index as u8));
            granted += u32::from(answer[0] & 1 << 31 != 0);
        }
    }
    assert_eq!(granted, 49);
    assert_eq!(bench.port().further.len(), 20);
    assert_eq!(bench.verdict(&further(1, 1)), DONE, "a new list gives the old one back first");
}

#[test]
fn one_vf_may_have_all_that_are_left() {
    let mut bench = Bench::new("vfs=1,mac=zero", 3);
    for index in 1..=111 {
        assert_eq!(bench.verdict(&further(index, index as u8)), DONE, "{index}");
    }
    assert_eq!(bench.verdict(&further(112, 112)), REFUSED);
    assert_eq!(bench.port().further.len(), 111);
}

#[test]
fn an_address_from_the_administrator_counts_at_once_and_is_told_at_the_next_greeting() {
    let mut bench = Bench::new("mac=zero", 3);
    let mac = [0x02, 1, 2, 3, 4, 5];
    bench.adapter.inject(Fault::Address { vf: 0, mac: Some(mac) });
    assert_eq!((bench.port().mac, bench.port().pf_set_mac), (mac, true));
    assert_eq!(bench.verdict(&[2, OTHER[0], OTHER[1]]), REFUSED);
    assert_eq!(bench.user.reset(&mut bench.adapter)[..3], [0x8000_0001, 0x0302_0102, 0x0504]);
    for nonsense in [[0; 6], [0xff; 6]] {
        bench.adapter.inject(Fault::Address { vf: 0, mac: Some(nonsense) });
        assert_eq!(bench.port().mac, mac);
    }
    bench.adapter.inject(Fault::Address { vf: 0, mac: None });
    assert_eq!((bench.port().mac, bench.port().pf_set_mac), ([0; 6], false));
    assert_eq!(bench.user.reset(&mut bench.adapter)[0], 0x4000_0001);
}
