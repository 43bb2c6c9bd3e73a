//! What a VF is told.

use super::{Bench, DONE, REFUSED};
use crate::Fault;

#[test]
fn queues_are_four_up_to_31_vfs_and_two_beyond() {
    for (vfs, queues) in [(1, 4), (31, 4), (32, 2), (63, 2)] {
        let mut bench = Bench::new(&format!("vfs={vfs}"), 1);
        assert_eq!(bench.ask(&[9, 9, 9, 9, 9])[..5], [DONE | 9, queues, queues, 0, 0], "{vfs} VFs");
    }
    assert_eq!(Bench::new("", 0).verdict(&[9, 0, 0, 0, 0]), REFUSED, "not before 1.1");
}

#[test]
fn hash_key_and_table_are_told_where_they_are_shared_and_the_administrator_agrees() {
    for model in ["82599", "x540"] {
        let mut bench = Bench::new(&format!("model={model},rss-query=on"), 2);
        let table = bench.ask(&[10]);
        // 128 entries of two bits: 0, 1, 2, 3, 0, …
        assert_eq!(
            table[..9],
            [
                DONE | 10,
                0xe4e4_e4e4,
                0xe4e4_e4e4,
                0xe4e4_e4e4,
                0xe4e4_e4e4,
                0xe4e4_e4e4,
                0xe4e4_e4e4,
                0xe4e4_e4e4,
                0xe4e4_e4e4
            ]
        );
        let key = bench.ask(&[11]);
        assert_eq!((key[0], key[1], key[10]), (DONE | 11, 0xda56_5a6d, 0xfa01_acbe));
        assert_eq!(Bench::new(&format!("model={model}"), 2).verdict(&[10]), REFUSED);
        let mut old = Bench::new(&format!("model={model},rss-query=on"), 1);
        assert_eq!((old.verdict(&[10]), old.verdict(&[11])), (REFUSED, REFUSED), "not before 1.2");
    }
    let mut own = Bench::new("model=x550", 7);
    assert_eq!((own.verdict(&[10]), own.verdict(&[11])), (REFUSED, REFUSED));
}

#[test]
fn whether_the_link_is_enabled_is_told_from_1_2_on() {
    assert_eq!(Bench::new("", 1).verdict(&[16, 0]), REFUSED);
    assert_eq!(Bench::new("", 2).ask(&[16, 0])[..2], [DONE | 16, 1]);
}

#[test]
fn an_e610_tells_its_link_by_mailbox_from_1_6_on() {
    let mut bench = Bench::new("model=e610", 6);
    assert_eq!(bench.ask(&[17, 0, 0])[..3], [DONE | 17, 0x80, 1], "10 Gbit/s, up");
    bench.adapter.inject(Fault::Link { up: false });
    bench.pass(1);
    assert_eq!(bench.ask(&[17, 9, 9])[..3], [DONE | 17, 0, 0]);
    assert_eq!(bench.adapter.read(0, 0x10), 0x7000_0000, "which the register does not know");
    assert_eq!(Bench::new("model=e610", 5).verdict(&[17, 0, 0]), REFUSED);
    assert_eq!(Bench::new("model=x553", 7).verdict(&[17, 0, 0]), REFUSED);
}

#[test]
fn features_are_those_that_both_know_which_are_none() {
    assert_eq!(Bench::new("", 6).verdict(&[18, 3]), REFUSED);
    assert_eq!(Bench::new("", 7).ask(&[18, 3])[..2], [DONE | 18, 0]);
}
