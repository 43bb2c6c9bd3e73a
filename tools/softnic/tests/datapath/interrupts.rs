//! A queue raises its interrupt once for each pass in which it has written something back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::rig::{Rig, frame};
use super::rx_ring::RxRing;
use super::tx_ring::{DATA, DEXT, EOP, IFCS, TxRing, paylen};

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

const VTEIMS: usize = 0x108;
const VTEIAC: usize = 0x110;
const VTIVAR: usize = 0x120;

#[test]
fn queues_interrupt_when_they_have_something() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let mut rx = [0, 1].map(|queue| RxRing::start(&mut rig, 0, queue, 64, 2, 0));
    let mut tx = TxRing::start(&mut rig, 0, 1, 64, 0);
    let calls: Vec<_> = (0..2).map(|_| Arc::new(AtomicU64::new(0))).collect();
    let vectors = calls.iter().map(|calls| {
        let calls = Arc::clone(calls);
        Box::new(move || _ = calls.fetch_add(1, Ordering::Relaxed)) as Box<dyn Fn() + Send>
    });
    rig.adapter.set_vectors(0, vectors.collect());
    // Queue 0 receives by vector 0; queue 1 receives by none and sends by vector 1.
    rig.adapter.write(0, VTIVAR, 0x81 << 24 | 0x80);
    rig.adapter.write(0, VTEIAC, 3);
    rig.adapter.write(0, VTEIMS, 3);
    let seen = || [0, 1].map(|vector| calls[vector].load(Ordering::Relaxed));

    for _ in 0..5 {
        rig.wire(&frame(mac, PEER, 60, 0));
    }
    rig.step();
    assert_eq!(seen(), [1, 0], "once a pass");
    rig.step();
    assert_eq!(seen(), [1, 0], "nothing new");
    for _ in 0..3 {
        tx.send(&mut rig, &frame(PEER, mac, 60, 0));
    }
    rig.step();
    assert_eq!(seen(), [1, 1]);

    let address = tx.address(tx.tail);
    rig.ram.write(address, &frame(PEER, mac, 60, 0));
    tx.put(&rig, [address, DATA | DEXT | IFCS | EOP | 60 | paylen(60)]);
    tx.ring_doorbell(&mut rig);
    assert_eq!(rig.step(), 1);
    assert_eq!(seen(), [1, 1], "no report was asked for");
    rx.iter_mut().for_each(|ring| ring.stop(&mut rig));
    rig.wire(&frame(mac, PEER, 60, 0));
    rig.step();
    assert_eq!(seen(), [1, 1], "the queue is off");
    assert_eq!(rig.counters(0).interrupts, 2);
}
