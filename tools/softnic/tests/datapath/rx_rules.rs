//! What receive queues refuse, and what happens where their memory is not mapped.

use super::rig::{RAM, Rig, frame, tagged};
use super::rx_ring::{DD, ONE_BUFFER, RxRing};

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

fn started(options: &str) -> (Rig, RxRing, [u8; 6]) {
    let mut rig = Rig::new(options);
    let mac = rig.open(0);
    let ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    (rig, ring, mac)
}

#[test]
fn runts_and_oversize_frames_are_dropped() {
    let (mut rig, mut ring, mac) = started("vfs=2,mtu=9000");
    for len in [14, 59] {
        rig.wire(&frame(mac, PEER, len, 0));
    }
    rig.settle();
    assert_eq!(rig.adapter.switch_counters().runts, 2);
    // The PF's largest frame is 9018 with FCS; a tag comes on top.
    rig.wire(&frame(mac, PEER, 9014, 0));
    rig.wire(&frame(mac, PEER, 9015, 0));
    rig.wire(&tagged(frame(mac, PEER, 9014, 0), 0));
    rig.wire(&tagged(frame(mac, PEER, 9015, 0), 0));
    rig.settle();
    let lengths: Vec<usize> = ring.poll(&mut rig).iter().map(|got| got.bytes.len()).collect();
    assert_eq!(lengths, [9014, 9018]);
    let counters = rig.counters(0);
    assert_eq!((counters.rx_oversize, counters.rx_no_descriptor), (2, 0));
}

#[test]
fn a_queue_limits_its_frames_from_x540_on() {
    for (model, expected) in [("82599", 2), ("x540", 1), ("x550", 1)] {
        let (mut rig, mut ring, mac) = started(&format!("vfs=2,model={model}"));
        // RLPML_EN, 1518.
        ring.restart(&mut rig, 1 << 15 | 1518);
        rig.wire(&frame(mac, PEER, 1514, 0));
        rig.wire(&frame(mac, PEER, 1515, 0));
        rig.settle();
        assert_eq!(ring.poll(&mut rig).len(), expected, "{model}");
        assert_eq!(rig.counters(0).rx_oversize, 2 - expected as u64, "{model}");
    }
}

#[test]
fn descriptors_of_another_type_are_not_served() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    let unusable = [2, 2 << 25 | 2, 5 << 25 | 2, ONE_BUFFER, ONE_BUFFER | 17];
    for (n, srrctl) in unusable.into_iter().enumerate() {
        ring.restart(&mut rig, 0);
        ring.set_srrctl(&mut rig, srrctl);
        rig.wire(&frame(mac, PEER, 60, 0));
        rig.settle();
        assert_eq!(ring.poll(&mut rig), [], "{srrctl:#x}");
        let counters = rig.counters(0);
        assert_eq!(counters.rx_malformed, n as u64 + 1, "{srrctl:#x}");
        assert_eq!(counters.rx_no_descriptor, n as u64 + 1, "{srrctl:#x}");
    }
    ring.restart(&mut rig, 0);
    rig.wire(&frame(mac, PEER, 60, 0));
    rig.settle();
    assert_eq!(ring.poll(&mut rig).len(), 1);
}

#[test]
fn a_tail_outside_the_ring_is_counted_once_and_the_queue_stands() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    for tail in [64, 65, u32::MAX] {
        let before = rig.counters(0).rx_malformed;
        ring.set_tail(&mut rig, tail);
        rig.wire(&frame(mac, PEER, 60, 0));
        rig.settle();
        rig.settle();
        assert_eq!(rig.counters(0).rx_malformed, before + 1, "{tail:#x}");
    }
    assert_eq!(ring.poll(&mut rig), []);
    ring.ring_doorbell(&mut rig);
    rig.wire(&frame(mac, PEER, 60, 0));
    rig.settle();
    assert_eq!(ring.poll(&mut rig).len(), 1);
}

#[test]
fn a_buffer_that_is_not_mapped_is_reported_as_silicon_would() {
    let (mut rig, ring, mac) = started("vfs=2");
    let end = RAM + rig.ram.len();
    rig.ram.set_words(ring.descriptor(0), [0xdead_beef_0000, 0]);
    rig.ram.set_words(ring.descriptor(1), [end - 59, 0]);
    rig.ram.set_words(ring.descriptor(2), [end - 60, 0]);
    for _ in 0..3 {
        rig.wire(&frame(mac, PEER, 60, 9));
    }
    rig.settle();
    assert_eq!(rig.counters(0).dma_faults, 2);
    assert!((0..3).all(|at| rig.ram.words(ring.descriptor(at))[1] & DD != 0));
    assert_eq!(rig.ram.read(end - 60, 60), frame(mac, PEER, 60, 9), "and not a byte of the other");
}

#[test]
fn a_ring_that_is_not_mapped_is_a_fault_and_no_more_until_the_next_doorbell() {
    let (mut rig, ring, mac) = started("vfs=2");
    for (base, faults) in [(0x123_0000_0000, 1), (RAM - 128, 2)] {
        ring.stop(&mut rig);
        ring.set(&mut rig, 0x00, base as u32);
        ring.set(&mut rig, 0x04, (base >> 32) as u32);
        ring.set(&mut rig, 0x10, 0);
        ring.set_control(&mut rig, 1 << 25);
        ring.set_tail(&mut rig, 8);
        for _ in 0..20 {
            rig.wire(&frame(mac, PEER, 60, 0));
            rig.step();
        }
        assert_eq!(rig.counters(0).dma_faults, faults, "{base:#x}");
    }
    ring.set_tail(&mut rig, 9);
    rig.wire(&frame(mac, PEER, 60, 0));
    rig.step();
    assert_eq!(rig.counters(0).dma_faults, 3, "another doorbell, another try");
}

#[test]
fn a_ring_may_run_out_of_its_mapping() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let mut ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    ring.stop(&mut rig);
    // The first 8 descriptors are the last 128 bytes of the memory.
    let base = RAM + rig.ram.len() - 128;
    ring.base = base;
    for at in 0..8 {
        rig.ram.set_words(base + 16 * at, [ring.address(at as usize), 0]);
    }
    ring.set(&mut rig, 0x00, base as u32);
    ring.set(&mut rig, 0x10, 0);
    ring.set_control(&mut rig, 1 << 25);
    ring.set_tail(&mut rig, 40);
    for n in 0..20 {
        rig.wire(&frame(mac, PEER, 60, n));
        rig.step();
    }
    let counters = rig.counters(0);
    assert_eq!((counters.rx_packets, counters.dma_faults), (8, 1));
    assert!((0..8).all(|at| rig.ram.words(base + 16 * at)[1] & DD != 0));
}

#[test]
fn bit_0_of_an_address_counts_unless_it_is_no_snoop() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    for (dca, odd) in [(0, 1), (1 << 12, 0)] {
        ring.restart(&mut rig, 0);
        ring.set(&mut rig, 0x0c, dca);
        rig.ram.set_words(ring.descriptor(0), [ring.address(0) | 1, 0]);
        let sent = frame(mac, PEER, 60, 3);
        rig.wire(&sent);
        rig.step();
        assert_eq!(rig.ram.read(ring.address(0) + odd, 60), sent);
    }
}
