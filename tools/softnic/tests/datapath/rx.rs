//! Frames from the wire into receive rings.

use super::rig::{Rig, frame};
use super::rx_ring::{DD, EOP, RxRing};

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

fn started(options: &str, len: usize, kib: usize, control: u32) -> (Rig, RxRing, [u8; 6]) {
    let mut rig = Rig::new(options);
    let mac = rig.open(0);
    let ring = RxRing::start(&mut rig, 0, 0, len, kib, control);
    (rig, ring, mac)
}

#[test]
fn a_frame_fills_a_buffer_and_is_reported_once() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 2, 0);
    let sent = frame(mac, PEER, 60, 1);
    rig.wire(&sent);
    assert_eq!(rig.step(), 1);
    let [first, second] = rig.ram.words(ring.descriptor(0));
    assert_eq!((first, second), (0, 60 << 32 | EOP | DD));
    assert_eq!(rig.ram.words(ring.descriptor(1))[1] & DD, 0);
    let got = ring.poll(&mut rig);
    assert_eq!(got.len(), 1);
    assert_eq!((&got[0].bytes, got[0].pieces.len()), (&sent, 1));
    assert_eq!(ring.head(&mut rig), 1);
    let counters = rig.counters(0);
    assert_eq!((counters.rx_packets, counters.rx_octets, counters.rx_multicast), (1, 64, 0));
    // VFGPRC, VFGORC.
    assert_eq!((rig.adapter.read(0, 0x101c), rig.adapter.read(0, 0x1020)), (1, 64));
    assert_eq!(rig.step(), 0);
}

#[test]
fn every_length_arrives_as_it_was_sent() {
    let (mut rig, mut ring, mac) = started("vfs=2", 128, 2, 0);
    for len in (60..300).chain([1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097, 9014]) {
        let sent = frame(mac, PEER, len, len as u8);
        rig.wire(&sent);
        rig.settle();
        let got = ring.poll(&mut rig);
        assert_eq!(got.len(), 1, "{len} bytes");
        assert_eq!(got[0].bytes, sent, "{len} bytes");
        assert_eq!(got[0].pieces.len(), len.div_ceil(2048), "{len} bytes");
        let (last, full) = got[0].pieces.split_last().unwrap();
        assert!(full.iter().all(|piece| *piece == 2048) && *last <= 2048);
    }
}

#[test]
fn only_the_last_of_several_buffers_ends_the_frame() {
    let (mut rig, ring, mac) = started("vfs=2", 64, 1, 0);
    rig.wire(&frame(mac, PEER, 3000, 0));
    rig.step();
    let words: Vec<_> = (0..4).map(|at| rig.ram.words(ring.descriptor(at))).collect();
    assert_eq!(words[0], [0, 1024 << 32 | DD]);
    assert_eq!(words[1], [0, 1024 << 32 | DD]);
    assert_eq!(words[2], [0, 952 << 32 | EOP | DD]);
    assert_eq!(words[3][1] & DD, 0);
    let got = rig.counters(0);
    assert_eq!((got.rx_packets, got.rx_octets), (1, 3004));
}

#[test]
fn what_finds_no_descriptor_is_dropped_whole_and_counted() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 2, 0);
    for n in 0..70 {
        rig.wire(&frame(mac, PEER, 60, n));
    }
    rig.settle();
    let counters = rig.counters(0);
    assert_eq!((counters.rx_packets, counters.rx_no_descriptor), (63, 7), "one is never armed");
    assert_eq!(ring.head(&mut rig), 63, "head is tail: empty");
    let got = ring.poll(&mut rig);
    assert_eq!(got.len(), 63);
    assert!(got.iter().enumerate().all(|(n, got)| got.bytes[14] == n as u8), "the oldest are kept");

    // 63 free again: 12 frames of five buffers, and three buffers that are too few.
    for n in 0..13 {
        rig.wire(&frame(mac, PEER, 9000, n));
    }
    rig.settle();
    let got = ring.poll(&mut rig);
    assert_eq!((got.len(), rig.counters(0).rx_no_descriptor), (12, 8));
    assert!(got.iter().all(|got| got.bytes.len() == 9000));
    rig.wire(&frame(mac, PEER, 60, 99));
    rig.settle();
    assert_eq!(ring.poll(&mut rig)[0].bytes[14], 99, "nothing of the one that did not fit");
}

#[test]
fn room_is_what_can_be_taken_without_a_drop() {
    let (mut rig, ring, mac) = started("vfs=2", 64, 2, 0);
    let ask = |rig: &mut Rig, vf, len| {
        rig.end.lock().unwrap().ask_room = Some((vf, len));
        rig.step();
        rig.end.lock().unwrap().room
    };
    assert_eq!(ask(&mut rig, 0, 60), 63);
    assert_eq!(ask(&mut rig, 0, 2048), 63);
    assert_eq!(ask(&mut rig, 0, 2049), 31);
    assert_eq!(ask(&mut rig, 0, 9000), 12);
    assert_eq!(ask(&mut rig, 1, 60), 0, "nobody drives it");
    for _ in 0..3 {
        rig.wire(&frame(mac, PEER, 60, 0));
    }
    assert_eq!(ask(&mut rig, 0, 60), 63, "asked before they were sent");
    assert_eq!(ask(&mut rig, 0, 60), 60);
    ring.stop(&mut rig);
    assert_eq!(ask(&mut rig, 0, 60), 0);
}

#[test]
fn a_long_run_goes_round_the_ring() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 2, 0);
    let mut seen = 0u32;
    for round in 0..200u32 {
        for n in 0..1 + round % 60 {
            let mut sent = frame(mac, PEER, 60 + n as usize, 0);
            sent[14..18].copy_from_slice(&(seen + n).to_le_bytes());
            rig.wire(&sent);
        }
        rig.step();
        for got in ring.poll(&mut rig) {
            assert_eq!(got.bytes[14..18], seen.to_le_bytes());
            seen += 1;
        }
    }
    assert_eq!(u64::from(seen), rig.counters(0).rx_packets);
    assert_eq!(rig.counters(0).rx_no_descriptor, 0);
}

#[test]
fn the_head_register_follows_without_being_asked_for() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 2, 0);
    let registers = rig.adapter.open(1).unwrap();
    drop(registers);
    rig.adapter.close(0);
    let registers = rig.adapter.open(0).unwrap();
    rig.adapter.config_write(0, 4, &[0x06, 0x00]);
    rig.greet(0);
    ring.restart(&mut rig, 0);
    for _ in 0..40 {
        rig.wire(&frame(mac, PEER, 60, 0));
    }
    rig.step();
    assert_eq!(registers.load(0x1010), 40, "the first time at once");
    ring.poll(&mut rig);
    rig.wire(&frame(mac, PEER, 60, 0));
    rig.step();
    assert_eq!(registers.load(0x1010), 40, "it is the driver's cache line");
    rig.step();
    assert_eq!(registers.load(0x1010), 41, "nothing else to do");
}

#[test]
fn a_queue_that_is_off_is_not_touched() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 2, 0);
    rig.wire(&frame(mac, PEER, 60, 1));
    rig.step();
    ring.stop(&mut rig);
    let before = rig.ram.words(ring.descriptor(1));
    rig.wire(&frame(mac, PEER, 60, 2));
    rig.settle();
    assert_eq!(rig.ram.words(ring.descriptor(1)), before);
    assert_eq!(rig.counters(0).rx_no_descriptor, 1);
    // Stopped and started again without a step in between, at another place of the ring.
    ring.restart(&mut rig, 0);
    rig.wire(&frame(mac, PEER, 60, 3));
    rig.step();
    ring.restart(&mut rig, 0);
    rig.wire(&frame(mac, PEER, 60, 4));
    rig.step();
    let got = ring.poll(&mut rig);
    assert_eq!(got.len(), 1, "from the ring's start again");
    assert_eq!(got[0].bytes[14], 4);
}

/// Of two writes of a driver, silicon never sees the later one alone.
#[test]
fn descriptors_given_before_a_frame_is_sent_are_there_for_it() {
    let mut rig = Rig::new("vfs=2");
    let registers = rig.adapter.open(0).unwrap();
    rig.adapter.config_write(0, 4, &[0x06, 0x00]);
    let mac = rig.greet(0);
    let mut ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    for (tail, len) in [(1, 60), (7, 9000)] {
        ring.restart(&mut rig, 0);
        ring.set_tail(&mut rig, 0);
        rig.step();
        let registers = std::sync::Arc::clone(&registers);
        let before = move || registers.store(0x1018, tail);
        rig.end.lock().unwrap().before = Some(Box::new(before));
        rig.wire(&frame(mac, PEER, len, 1));
        rig.step();
        assert_eq!(rig.counters(0).rx_no_descriptor, 0);
        rig.end.lock().unwrap().before = None;
    }
    assert_eq!(rig.counters(0).rx_packets, 2);
}

/// As where a queue is off, but that the driver writes to the registers' memory and nobody tells the
/// adapter.
#[test]
fn a_ring_that_is_set_up_anew_behind_the_adapters_back_is_noticed() {
    let mut rig = Rig::new("vfs=2");
    let registers = rig.adapter.open(0).unwrap();
    rig.adapter.config_write(0, 4, &[0x06, 0x00]);
    let mac = rig.greet(0);
    let mut ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    for n in [1, 63, 64, 65, 300] {
        for _ in 0..n {
            rig.wire(&frame(mac, PEER, 60, 1));
            rig.step();
            ring.poll(&mut rig);
        }
        registers.store(0x1028, 0);
        registers.store(0x1010, 0);
        registers.store(0x1018, 0);
        registers.store(0x1028, 1 << 25);
        for at in 0..64 {
            rig.ram.set_words(ring.descriptor(at), [ring.address(at), 0]);
        }
        registers.store(0x1018, 1);
        rig.wire(&frame(mac, PEER, 60, 2));
        rig.step();
        assert_eq!(rig.ram.words(ring.descriptor(0))[1] & DD, DD, "after {n} frames");
        let done = (1..64).filter(|at| rig.ram.words(ring.descriptor(*at))[1] & DD != 0);
        assert_eq!(done.count(), 0, "after {n} frames");
        ring.restart(&mut rig, 0);
    }
}

#[test]
fn without_bus_mastering_nothing_is_reached() {
    let (mut rig, mut ring, mac) = started("vfs=2", 64, 2, 0);
    rig.adapter.config_write(0, 4, &[0x02, 0x00]);
    rig.wire(&frame(mac, PEER, 60, 1));
    rig.settle();
    assert_eq!(ring.poll(&mut rig), []);
    assert_eq!(rig.counters(0).rx_no_descriptor, 1);
    rig.adapter.config_write(0, 4, &[0x06, 0x00]);
    rig.wire(&frame(mac, PEER, 60, 2));
    rig.settle();
    assert_eq!(ring.poll(&mut rig).len(), 1);
    rig.adapter.close(0);
    rig.wire(&frame(mac, PEER, 60, 3));
    rig.settle();
    assert_eq!(rig.ram.words(ring.descriptor(1))[1] & DD, 0, "closed");
}
