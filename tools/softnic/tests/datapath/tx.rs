//! Packets from transmit rings to the wire.

use super::rig::{RAM, Rig, frame};
use super::tx_ring::*;

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

fn started(options: &str, len: usize, control: u32) -> (Rig, TxRing, [u8; 6]) {
    let mut rig = Rig::new(options);
    let mac = rig.open(0);
    let ring = TxRing::start(&mut rig, 0, 0, len, control);
    (rig, ring, mac)
}

#[test]
fn a_frame_leaves_and_is_reported() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    let sent = frame(PEER, mac, 60, 1);
    let at = ring.send(&mut rig, &sent);
    assert!(!ring.is_done(&rig, at));
    assert_eq!(rig.step(), 1);
    assert_eq!(rig.taken(), [sent]);
    assert_eq!(rig.ram.words(ring.descriptor(at)), [0, DD]);
    assert_eq!(ring.head(&mut rig), 1);
    let counters = rig.counters(0);
    assert_eq!((counters.tx_packets, counters.tx_octets), (1, 64));
    // VFGPTC, VFGOTC.
    assert_eq!((rig.adapter.read(0, 0x201c), rig.adapter.read(0, 0x2020)), (1, 64));
    assert_eq!(rig.step(), 0);
}

#[test]
fn short_packets_are_padded_with_zeros() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    for len in [60, 17, 40, 59] {
        let mut sent = frame(PEER, mac, len, 7);
        ring.send(&mut rig, &sent);
        rig.step();
        sent.resize(60, 0);
        assert_eq!(rig.taken(), [sent], "{len} bytes");
    }
    assert_eq!(rig.counters(0).tx_octets, 4 * 64);
}

#[test]
fn only_what_asks_for_a_report_gets_one() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    for n in 0..8u8 {
        let packet = frame(PEER, mac, 60, n);
        let address = ring.address(ring.tail);
        rig.ram.write(address, &packet);
        let report = if n % 4 == 3 { RS } else { 0 };
        ring.put(&rig, [address, DATA | DEXT | IFCS | EOP | report | 60 | paylen(60)]);
    }
    ring.ring_doorbell(&mut rig);
    rig.step();
    let done: Vec<bool> = (0..8).map(|at| ring.is_done(&rig, at)).collect();
    assert_eq!(done, [false, false, false, true, false, false, false, true]);
    assert_eq!(rig.taken().len(), 8);
}

#[test]
fn pieces_are_put_together() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    let packet = frame(PEER, mac, 600, 3);
    for cuts in [vec![1, 2, 599], vec![14, 54], (1..40).collect()] {
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.iter().chain(&[600]) {
            pieces.push(&packet[from..*cut]);
            from = *cut;
        }
        let count = pieces.len();
        let at = ring.put_packet(&rig, &pieces, 0, 0, 600);
        ring.ring_doorbell(&mut rig);
        rig.step();
        assert_eq!(rig.taken(), std::slice::from_ref(&packet), "{count} pieces");
        assert!(ring.is_done(&rig, at));
    }
    assert_eq!(rig.counters(0).tx_malformed.total(), 0);
}

#[test]
fn a_packet_waits_for_its_end() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    let packet = frame(PEER, mac, 600, 3);
    ring.put_packet(&rig, &[&packet[..100], &packet[100..300], &packet[300..]], 0, 0, 600);
    for tail in [1, 2] {
        ring.set_tail(&mut rig, tail);
        assert_eq!(rig.settle(), 0);
        assert_eq!(ring.head(&mut rig), 0, "it is not taken in parts");
    }
    ring.ring_doorbell(&mut rig);
    assert_eq!(rig.settle(), 1);
    assert_eq!(rig.taken(), [packet]);
}

#[test]
fn a_long_run_goes_round_the_ring() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    let mut sent = Vec::new();
    for round in 0..100usize {
        for n in 0..1 + round % 20 {
            let packet = frame(PEER, mac, 60 + (round * 7 + n) % 1400, n as u8);
            let (a, b) = packet.split_at(30);
            ring.put_packet(&rig, &[a, b], 0, 0, packet.len());
            sent.push(packet);
        }
        ring.ring_doorbell(&mut rig);
        rig.settle();
    }
    assert_eq!(rig.taken(), sent);
}

#[test]
fn a_burst_is_bounded_and_queues_take_turns() {
    let (mut rig, mut first, mac) = started("vfs=2", 512, 0);
    let mut second = TxRing::start(&mut rig, 0, 1, 512, 0);
    for n in 0..200 {
        first.send(&mut rig, &frame(PEER, mac, 60, n));
        second.send(&mut rig, &frame(PEER, mac, 61, n));
    }
    assert_eq!(rig.step(), 128, "64 of each");
    let lengths: Vec<usize> = rig.taken().iter().map(Vec::len).collect();
    assert_eq!(lengths.iter().filter(|len| **len == 60).count(), 64);
    assert_eq!(rig.settle(), 272);
}

#[test]
fn the_head_can_be_written_back_instead() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    let place = rig.ram.take(4);
    ring.set_write_back(&mut rig, place | 1);
    for _ in 0..3 {
        ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    }
    rig.step();
    assert_eq!(rig.ram.read(place, 4), [3, 0, 0, 0]);
    assert!((0..3).all(|at| !ring.is_done(&rig, at)), "and no descriptor");
    ring.set_write_back(&mut rig, 0xdead_0000_0000 | 1);
    ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    rig.step();
    assert_eq!((rig.taken().len(), rig.counters(0).dma_faults), (4, 1));
}

#[test]
fn a_write_back_threshold_holds_reports_back_while_there_is_more() {
    // WTHRESH 8.
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 8 << 16);
    let first = ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    rig.step();
    assert_eq!(rig.taken().len(), 1);
    assert!(!ring.is_done(&rig, first), "one is under the threshold");
    for _ in 0..7 {
        ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    }
    rig.step();
    assert!((0..8).all(|at| ring.is_done(&rig, at)), "eight are not");
    let last = ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    rig.step();
    assert!(!ring.is_done(&rig, last));
    rig.step();
    assert!(ring.is_done(&rig, last), "with nothing to do, nobody waits");
}

#[test]
fn a_queue_that_is_off_is_not_touched() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    ring.send(&mut rig, &frame(PEER, mac, 60, 1));
    ring.stop(&mut rig);
    assert_eq!(rig.settle(), 0);
    assert!(!ring.is_done(&rig, 0));
    ring.restart(&mut rig, 0);
    assert_eq!(rig.settle(), 0, "the new ring is empty");
    ring.send(&mut rig, &frame(PEER, mac, 60, 2));
    assert_eq!(rig.settle(), 1);
    ring.restart(&mut rig, 0);
    ring.send(&mut rig, &frame(PEER, mac, 60, 3));
    assert_eq!(rig.settle(), 1, "from the ring's start again");
    let seeds: Vec<u8> = rig.taken().iter().map(|frame| frame[14]).collect();
    assert_eq!(seeds, [2, 3]);
}

#[test]
fn bytes_that_are_not_mapped_are_not_sent_and_the_descriptor_completes() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 0);
    let end = RAM + rig.ram.len();
    for address in [0, end - 59, u64::MAX - 10] {
        let word = DATA | DEXT | IFCS | EOP | RS | 60 | paylen(60);
        let at = ring.put(&rig, [address, word]);
        ring.ring_doorbell(&mut rig);
        assert_eq!(rig.settle(), 0);
        assert!(ring.is_done(&rig, at));
    }
    // One piece of two.
    let address = ring.address(ring.tail);
    rig.ram.write(address, &frame(PEER, mac, 30, 0));
    ring.put(&rig, [address, DATA | DEXT | IFCS | 30 | paylen(60)]);
    let at = ring.put(&rig, [end, DATA | DEXT | IFCS | EOP | RS | 30 | paylen(60)]);
    ring.ring_doorbell(&mut rig);
    assert_eq!(rig.settle(), 0);
    assert!(ring.is_done(&rig, at));
    assert_eq!((rig.counters(0).dma_faults, rig.counters(0).tx_packets), (4, 0));
    assert_eq!(rig.adapter.memory().faults(), 4);
    ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    assert_eq!(rig.settle(), 1);
}

#[test]
fn a_ring_that_is_not_mapped_is_a_fault_and_no_more_until_the_next_doorbell() {
    let (mut rig, ring, _) = started("vfs=2", 64, 0);
    ring.stop(&mut rig);
    ring.set(&mut rig, 0x04, 0x77);
    ring.set_control(&mut rig, 1 << 25);
    for (tail, faults) in [(4, 1), (5, 2)] {
        ring.set_tail(&mut rig, tail);
        for _ in 0..10 {
            assert_eq!(rig.step(), 0);
        }
        assert_eq!(rig.counters(0).dma_faults, faults);
    }
}

#[test]
fn a_vf_that_may_not_send_is_not_listened_to() {
    let mut rig = Rig::new("vfs=2");
    rig.adapter.open(0).unwrap();
    rig.adapter.config_write(0, 4, &[0x06, 0x00]);
    let mut ring = TxRing::start(&mut rig, 0, 0, 64, 0);
    ring.send(&mut rig, &frame(PEER, PEER, 60, 0));
    assert_eq!(rig.settle(), 0, "it has not greeted its PF");
    let mac = rig.greet(0);
    ring.restart(&mut rig, 0);
    ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    assert_eq!(rig.settle(), 1);
    rig.adapter.inject(softnic::Fault::Link { up: false });
    let waits = ring.send(&mut rig, &frame(PEER, mac, 60, 0));
    assert_eq!(rig.settle(), 0, "no link");
    rig.adapter.inject(softnic::Fault::Link { up: true });
    assert_eq!(rig.settle(), 1);
    assert!(ring.is_done(&rig, waits));
}

#[test]
fn a_threshold_beyond_the_ring_does_not_hold_reports_back_for_ever() {
    // WTHRESH 127, and 8 descriptors: there are packets to send at every step.
    let (mut rig, mut ring, mac) = started("vfs=2", 8, 127 << 16);
    let frame = frame(PEER, mac, 60, 1);
    let mut reported = 0;
    for _ in 0..127 {
        let at = ring.send(&mut rig, &frame);
        rig.step();
        reported += usize::from(ring.is_done(&rig, at));
    }
    assert_eq!(reported, 1);
}
