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
