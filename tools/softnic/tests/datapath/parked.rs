//! Measured steps of one of several processes on an adapter, while the others stand still.

use std::path::PathBuf;

use softnic::uplink::Stamp;

use super::rig::{Rig, frame};
use super::rx_ring::RxRing;
use super::tx_ring::TxRing;

/// Frames of a burst, and bursts: more than there is room for between two processes.
const BURST: usize = 32;
const ROUNDS: usize = 600;

fn share(dir: &tempfile::TempDir) -> PathBuf {
    dir.path().join("adapter")
}

#[test]
fn who_never_steps_is_neither_waited_for_nor_fed() {
    let dir = tempfile::tempdir().unwrap();
    let options = "vfs=63,uplink=gen,size=imix";
    let mut parked = Rig::sharing(options, &share(&dir));
    let mut rig = Rig::sharing(options, &share(&dir));
    let other = parked.open(0);
    let theirs = RxRing::start(&mut parked, 0, 0, 256, 2, 0);
    let own = rig.open(62);
    let mut ring = RxRing::start(&mut rig, 62, 0, 256, 2, 0);
    let mut sender = TxRing::start(&mut rig, 62, 0, 256, 0);
    let broadcast = [0xff; 6];
    for round in 0..ROUNDS {
        for n in 0..BURST {
            let to = [other, broadcast, [2; 6]][n % 3];
            sender.send(&mut rig, &frame(to, own, 1514, n as u8));
        }
        assert_eq!(rig.feed(BURST), BURST, "round {round}");
        assert_eq!(ring.poll(&mut rig).len(), BURST);
        assert_eq!(sender.head(&mut rig) as usize, sender.tail);
    }
    assert_eq!(rig.adapter.tally().taken, (BURST * ROUNDS) as u64);
    // All that were for the other or, as broadcast is, for it, too.
    let crossing = [0, 1].map(|kind| (0..BURST).filter(|n| n % 3 == kind).count());
    let lost = rig.adapter.switch_counters().crossing_lost;
    assert_eq!(lost, (crossing.iter().sum::<usize>() * ROUNDS) as u64);
    // It finds nothing when it goes on, and gets what is sent in a step.
    assert_eq!((parked.settle(), parked.counters(0).rx_packets), (0, 0));
    sender.send(&mut rig, &frame(other, own, 60, 0));
    rig.settle();
    parked.settle();
    assert_eq!((parked.counters(0).rx_packets, theirs.head(&mut parked)), (1, 1));
}

#[test]
fn what_others_send_waits_for_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let options = "vfs=2,uplink=gen";
    let mut other = Rig::sharing(options, &share(&dir));
    let mut rig = Rig::sharing(options, &share(&dir));
    let own = rig.open(1);
    let mut ring = RxRing::start(&mut rig, 1, 0, 256, 2, 0);
    let from = other.open(0);
    let mut theirs = RxRing::start(&mut other, 0, 0, 256, 2, 0);
    let mut sender = TxRing::start(&mut other, 0, 0, 256, 0);
    for n in 0..5 {
        sender.send(&mut other, &frame(own, from, 60, n));
    }
    other.settle();
    for _ in 0..10 {
        assert_eq!(rig.feed(BURST), BURST);
        let got = ring.poll(&mut rig);
        assert!(got.iter().all(|got| Stamp::read(&got.bytes).is_some_and(|it| it.vf == 1)));
        // Both measure, each by itself.
        assert_eq!(other.feed(BURST), BURST);
        let got = theirs.poll(&mut other);
        assert!(got.iter().all(|got| Stamp::read(&got.bytes).is_some_and(|it| it.vf == 0)));
    }
    rig.settle();
    assert_eq!(ring.poll(&mut rig).len(), 5);
}

#[test]
fn news_of_the_administrator_are_taken_in_a_measured_step() {
    let dir = tempfile::tempdir().unwrap();
    let options = "vfs=2,uplink=gen";
    let mut other = Rig::sharing(options, &share(&dir));
    let mut rig = Rig::sharing(options, &share(&dir));
    rig.open(1);
    let mut ring = RxRing::start(&mut rig, 1, 0, 256, 2, 0);
    assert_eq!(rig.feed(BURST), BURST);
    other.adapter.inject(softnic::Fault::Link { up: false });
    assert_eq!(rig.feed(BURST), 0, "no link");
    other.adapter.inject(softnic::Fault::Link { up: true });
    assert_eq!(rig.feed(BURST), BURST);
    assert_eq!(ring.poll(&mut rig).len(), 2 * BURST);
}
