//! Faults to order: what drivers are tested with.

use softnic::Fault;

use super::rig::{Rig, frame};
use super::rx_ring::{DD, RxRing};
use super::tx_ring::{self, TxRing};

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

#[test]
fn absurd_write_backs_are_done_and_say_anything() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
    rig.adapter.inject(Fault::AbsurdWritebacks { vf: 0, on: true });
    for n in 0..60 {
        rig.wire(&frame(mac, PEER, 60, n));
        tx.send(&mut rig, &frame(PEER, mac, 60, n));
    }
    rig.settle();
    let right = 60 << 32 | 3;
    let words: Vec<[u64; 2]> = (0..60).map(|at| rig.ram.words(ring.descriptor(at))).collect();
    assert!(words.iter().all(|words| words[1] & DD != 0));
    let absurd = words.iter().filter(|words| words[1] != right).count();
    assert!((30..60).contains(&absurd), "{absurd} of 60");
    assert!((0..60).all(|at| tx.is_done(&rig, at)));
    let strange = (0..60).filter(|at| rig.ram.words(tx.descriptor(*at)) != [0, tx_ring::DD]);
    assert!(strange.count() > 30);

    rig.adapter.inject(Fault::AbsurdWritebacks { vf: 0, on: false });
    rig.wire(&frame(mac, PEER, 60, 1));
    rig.settle();
    assert_eq!(rig.ram.words(ring.descriptor(60)), [0, right]);
}

#[test]
fn lost_write_backs_use_descriptors_up() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
    rig.adapter.inject(Fault::LostWritebacks { vf: 0, on: true });
    rig.wire(&frame(mac, PEER, 60, 1));
    tx.send(&mut rig, &frame(PEER, mac, 60, 1));
    rig.settle();
    rig.adapter.inject(Fault::LostWritebacks { vf: 0, on: false });
    rig.wire(&frame(mac, PEER, 60, 2));
    tx.send(&mut rig, &frame(PEER, mac, 60, 2));
    rig.settle();
    let done = |at| rig.ram.words(ring.descriptor(at))[1] & DD != 0;
    assert_eq!(([done(0), done(1)], rig.counters(0).rx_packets), ([false, true], 2));
    assert_eq!([tx.is_done(&rig, 0), tx.is_done(&rig, 1)], [false, true]);
    assert_eq!((ring.head(&mut rig), tx.head(&mut rig)), (2, 2));
}

#[test]
fn repeated_write_backs_show_on_a_descriptor_that_is_not_done() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
    rig.adapter.inject(Fault::RepeatedWritebacks { vf: 0, on: true });
    rig.wire(&frame(mac, PEER, 60, 1));
    tx.send(&mut rig, &frame(PEER, mac, 60, 1));
    rig.settle();
    let words: Vec<_> = (0..3).map(|at| rig.ram.words(ring.descriptor(at))).collect();
    assert_eq!((words[0], words[2][1] & DD), (words[1], 0));
    assert_eq!([0, 1, 2].map(|at| tx.is_done(&rig, at)), [true, true, false]);
    assert_eq!((ring.head(&mut rig), tx.head(&mut rig)), (1, 1));
    assert_eq!(rig.counters(0).rx_packets, 1);
}

#[test]
fn a_removed_vf_reaches_nothing() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
    rig.wire(&frame(mac, PEER, 60, 1));
    tx.send(&mut rig, &frame(PEER, mac, 60, 1));
    rig.adapter.inject(Fault::Removal { vf: 0 });
    rig.settle();
    assert_eq!(rig.ram.words(ring.descriptor(0))[1] & DD, 0);
    assert!(!tx.is_done(&rig, 0));
    assert_eq!(rig.adapter.read(0, 0x1028), u32::MAX);
}
