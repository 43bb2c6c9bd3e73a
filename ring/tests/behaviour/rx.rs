//! The receive ring with a device that tells the truth.

use barline_ring::{
    Adv82576, Adv82599, AdvI350, AdvX540, DmaSlice, Doorbell, Flags, Pool, RingError, RxConfig,
    RxDescriptorStatus, RxRing, RxWatch,
};

use crate::model::{Model, Region, Register, Report, Rig, Sum, packet_bytes};

const ROOM: usize = 1024;

#[test]
fn lengths_have_limits() {
    for rig in Rig::each(64, ROOM) {
        for len in [0, 1, 32, 63, 65, 96, 4095, 8192, usize::MAX] {
            let (_, memory) = Region::new(1 << 17, 0);
            let error = ring(&rig, memory, Register::default().doorbell(), len).unwrap_err();
            assert_eq!(error, RingError::Len(len));
            assert!(error.to_string().contains(&len.to_string()));
        }
    }
}

fn ring(
    rig: &Rig,
    memory: DmaSlice,
    tail: Doorbell,
    len: usize,
) -> Result<RxRing<Adv82576>, RingError> {
    RxRing::new(memory, tail, &rig.arena, RxConfig { len, max_chain: 1, simd: rig.simd })
}

#[test]
fn descriptor_memory_is_long_and_aligned() {
    for rig in Rig::each(64, ROOM) {
        let error = |(_, memory): (Region, DmaSlice)| {
            ring(&rig, memory, Register::default().doorbell(), 64).unwrap_err()
        };
        assert_eq!(error(Region::new(1023, 0)), RingError::Memory(1023));
        assert_eq!(error(Region::new(1024, 64)), RingError::Memory(1024));
        let skewed = Region::misaligned(1024, 0, 64);
        assert_eq!(error(skewed), RingError::Memory(1024));
        assert!(RingError::Memory(1023).to_string().contains("1023"));
        rig.check_all_home();
    }
}

#[test]
fn a_ring_without_buffers_is_no_ring() {
    for rig in Rig::each(95, ROOM) {
        let Err(error) = rig.try_rx::<Adv82576>(128, 1) else {
            panic!("128 descriptors need 96 buffers");
        };
        let expected = RingError::NoBuffers { needed: 96, free: 95 };
        assert_eq!(error, expected);
        assert!(error.to_string().contains("96") && error.to_string().contains("95"));
        rig.check_all_home();
    }
}

fn reports_carry_over<F: Model>() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<F>(64, 4);
        let mut batch = pool.batch(4);
        let sums = [Sum::Unknown, Sum::Good, Sum::Bad];
        let mut seq = 0u32;
        for types in 0..128 {
            for (ip, l4) in sums.iter().flat_map(|&ip| sums.map(|l4| (ip, l4))) {
                for frames in [1, 2] {
                    seq += 1;
                    let report = Report {
                        types,
                        ip,
                        l4,
                        vlan: seq.is_multiple_of(3).then_some(seq as u16),
                        looped: seq.is_multiple_of(2),
                        rss: seq
                            .is_multiple_of(5)
                            .then_some((1 + (seq / 5 % 15) as u8, seq.wrapping_mul(0x0101_0101))),
                        ethertype: seq.is_multiple_of(7),
                        ..Report::good(0, true)
                    };
                    let bytes = packet_bytes(seq, frames * ROOM - 5);
                    let fragments = device.cut(&bytes, &report);
                    device.send(fragments);
                    assert_eq!(device.step(9), frames);
                    assert_eq!(rx.poll(&mut batch), frames);
                    let packet = batch.packets().next().unwrap();
                    let head = packet.head();
                    let more = if frames > 1 { Flags::MORE } else { Flags::empty() };
                    assert_eq!(head.flags(), report.flags(F::CHIP) | more);
                    let known = (report.vlan, report.rss_hash());
                    assert_eq!((head.vlan(), head.rss_hash()), known);
                    assert_eq!(packet.len(), bytes.len());
                    batch.clear();
                }
            }
        }
        drop(batch);
        rig.release_rx(rx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_tag_that_stays_in_the_packet_is_not_told_beside_it() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82599>(64, 4);
        let mut batch = pool.batch(4);
        for (strip, frames) in [(false, 1), (false, 2), (true, 1), (true, 2)] {
            rx.set_vlan_strip(strip);
            assert_eq!(rx.vlan_strip(), strip);
            let report = Report { vlan: Some(77), types: 1, ..Report::good(0, true) };
            device.send(device.cut(&packet_bytes(1, frames * ROOM - 5), &report));
            assert_eq!(device.step(9), frames);
            assert_eq!(rx.poll(&mut batch), frames);
            let head = batch.packets().next().unwrap().head();
            assert_eq!(head.vlan(), strip.then_some(77), "{frames} frames");
            // What else the device says is believed.
            assert!(head.flags().contains(Flags::IPV4));
            batch.clear();
        }
        drop(batch);
        rig.release_rx(rx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn reports_of_the_82576_carry_over() {
    reports_carry_over::<Adv82576>();
}

#[test]
fn reports_of_the_i350_carry_over() {
    reports_carry_over::<AdvI350>();
}

#[test]
fn reports_of_the_82599_carry_over() {
    reports_carry_over::<Adv82599>();
}

#[test]
fn reports_of_the_x540_carry_over() {
    reports_carry_over::<AdvX540>();
}

#[test]
fn a_packet_comes_whole_or_not_yet() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 8);
        let mut batch = pool.batch(8);
        device.send_packet(&packet_bytes(1, 100));
        device.send_packet(&packet_bytes(2, 4 * ROOM));
        assert_eq!(rx.poll(&mut batch), 0);
        for (step, got) in [(1, 1), (1, 0), (2, 0), (1, 4)] {
            device.step(step);
            assert_eq!(rx.poll(&mut batch), got);
        }
        assert_eq!(rx.counters().packets.value(), 2);
        assert_eq!(rx.counters().bytes.value(), 100 + 4 * ROOM as u64);
        let bytes: Vec<u8> =
            batch.frames().skip(1).flat_map(|frame| frame.data().to_vec()).collect();
        assert_eq!(bytes, packet_bytes(2, 4 * ROOM));
        // A batch with too little room left waits; one that could never hold the packet drops it.
        device.send_packet(&packet_bytes(3, 4 * ROOM));
        device.step(4);
        assert_eq!((batch.room(), rx.poll(&mut batch)), (3, 0));
        assert_eq!(rx.counters().too_long.value(), 0);
        assert_eq!(rx.poll(&mut pool.batch(0)), 0);
        assert_eq!(rx.poll(&mut pool.batch(3)), 0);
        assert_eq!(rx.counters().too_long.value(), 1);
        batch.clear();
        assert_eq!(rx.poll(&mut batch), 0, "it is gone");
    }
}

#[test]
fn every_ring_wraps_and_keeps_order() {
    for len in [64, 128, 256, 512, 1024, 2048, 4096] {
        for rig in Rig::each(2 * len + 128, ROOM) {
            let pool = Pool::new(&rig.arena, 64);
            let (mut rx, mut device) = rig.rx::<Adv82576>(len, 1);
            let mut batch = pool.batch(len);
            let (mut sent, mut got) = (0u32, 0u32);
            while got < 5 * len as u32 + 7 {
                for _ in 0..1 + sent as usize * 7 % (len / 2) {
                    device.send_packet(&packet_bytes(sent, 64));
                    sent += 1;
                }
                device.step(usize::MAX);
                rx.poll(&mut batch);
                for frame in batch.frames() {
                    assert_eq!(frame.data(), packet_bytes(got, 64));
                    got += 1;
                }
                batch.clear();
            }
            assert_eq!(rx.counters().packets.value(), u64::from(got));
            assert_eq!(rx.counters().no_buffers.value(), 0);
            drop(batch);
            rig.release_rx(rx, device);
            drop(pool);
            rig.check_all_home();
        }
    }
}

#[test]
fn without_buffers_the_ring_runs_empty_and_recovers() {
    for rig in Rig::each(32 + 40, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 1);
        let mut held = pool.batch(100);
        for seq in 0..72 {
            device.send_packet(&packet_bytes(seq, 64));
        }
        for _ in 0..4 {
            device.step(usize::MAX);
            rx.poll(&mut held);
        }
        assert_eq!(held.len(), 64, "8 buffers are no block");
        assert!(rx.counters().no_buffers.value() > 0);
        held.clear();
        rx.poll(&mut held);
        device.step(usize::MAX);
        assert_eq!(rx.poll(&mut held), 8);
        drop(held);
        rig.release_rx(rx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_restarted_ring_is_as_new() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 4);
        let mut batch = pool.batch(8);
        for round in 0..5 {
            for seq in 0..20 {
                device.send_packet(&packet_bytes(seq, 2 * ROOM));
            }
            // In the middle of a packet.
            assert_eq!(device.step(3 + 2 * round), 3 + 2 * round);
            assert_eq!(rx.poll(&mut batch), 8.min(2 + 2 * round));
            batch.clear();
            rig.restart_rx(&mut rx, &mut device).unwrap();
            assert_eq!(rx.poll(&mut batch), 0);
        }
        drop(batch);
        rig.release_rx(rx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_restart_without_buffers_can_be_repeated() {
    for rig in Rig::each(96, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 1);
        let mut hog = pool.batch(96);
        for seq in 0..96 {
            device.send_packet(&packet_bytes(seq, 64));
        }
        for _ in 0..4 {
            device.step(usize::MAX);
            rx.poll(&mut hog);
        }
        assert_eq!(hog.len(), 96);
        let error = rig.restart_rx(&mut rx, &mut device).unwrap_err();
        assert!(matches!(error, RingError::NoBuffers { needed: 32, .. }));
        drop(hog);
        drop(pool);
        rig.restart_rx(&mut rx, &mut device).unwrap();
        rig.release_rx(rx, device);
        rig.check_all_home();
    }
}

#[test]
fn a_restart_short_of_buffers_starts_with_fewer() {
    for rig in Rig::each(96, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(128, 4);
        let mut held = pool.batch(40);
        for seq in 0..40 {
            device.send_packet(&packet_bytes(seq, 64));
        }
        device.step(usize::MAX);
        assert_eq!(rx.poll(&mut held), 40, "and no buffer is left to arm");
        let shown = device.shown;
        rig.restart_rx(&mut rx, &mut device).unwrap();
        device.fetch();
        assert_eq!(device.shown - shown, 32, "of 56 that are free");
        // What the application gives back is armed, up to the full ring.
        held.clear();
        rx.poll(&mut held);
        device.fetch();
        assert_eq!(device.shown - shown, 96);
        for seq in 0..200 {
            device.send_packet(&packet_bytes(seq, 2 * ROOM));
            device.step(usize::MAX);
            assert_eq!(rx.poll(&mut held), 2);
            let bytes: Vec<u8> = held.frames().flat_map(|frame| frame.data().to_vec()).collect();
            assert_eq!(bytes, packet_bytes(seq, 2 * ROOM));
            held.clear();
        }
        drop(held);
        rig.release_rx(rx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_watch_knows_where_a_device_stopped_inside_a_packet() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 8);
        let watch = rx.watch();
        let slot = |watch: &RxWatch<Adv82576>| watch.waiting_at().map(|at| watch.slot(at));
        let mut batch = pool.batch(8);
        assert_eq!(slot(&watch), Some(0));
        device.send_packet(&packet_bytes(0, 64));
        device.send_packet(&packet_bytes(1, 4 * ROOM));
        device.step(3);
        assert_eq!(slot(&watch), None, "the worker has not looked");
        rx.poll(&mut batch);
        assert_eq!(batch.len(), 1);
        assert_eq!(slot(&watch), Some(3), "after two buffers of the second packet");
        device.step(2);
        assert_eq!(slot(&watch), None);
        // No room for it: the worker is behind, not the device.
        let mut small = pool.batch(4);
        small.alloc(1).unwrap();
        assert_eq!(rx.poll(&mut small), 0);
        assert_eq!(slot(&watch), None);
        assert_eq!(rx.poll(&mut batch), 4);
        assert_eq!(slot(&watch), Some(5));
        // A packet that is dropped is waited for as well.
        device.send_packet(&packet_bytes(2, 9 * ROOM));
        device.step(7);
        batch.clear();
        rx.poll(&mut batch);
        assert_eq!(slot(&watch), Some(12));
        rig.restart_rx(&mut rx, &mut device).unwrap();
        assert_eq!(slot(&watch), Some(0));
        drop((batch, small));
        rig.release_rx(rx, device);
    }
}

#[test]
fn descriptors_tell_their_state() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 8);
        let mut batch = pool.batch(40);
        let states = |rx: &RxRing<Adv82576>| {
            let count = |state| (0..64).filter(|&i| rx.descriptor(i) == Ok(state)).count();
            let [done, available, unavailable] = [
                RxDescriptorStatus::Done,
                RxDescriptorStatus::Available,
                RxDescriptorStatus::Unavailable,
            ];
            assert_eq!(count(done), rx.used());
            // In that order from the next one on.
            let order: Vec<_> = (0..64).map(|i| rx.descriptor(i).unwrap()).collect();
            assert!(order.is_sorted_by_key(|&state| {
                [done, available, unavailable].iter().position(|&other| other == state)
            }));
            (count(done), count(available), count(unavailable))
        };
        assert_eq!(states(&rx), (0, 32, 32));
        // At every phase of the ring.
        for seq in 0..100 {
            for part in 0..20 {
                device.send_packet(&packet_bytes(seq + part, 64));
            }
            device.step(20);
            let (done, available, unavailable) = states(&rx);
            assert_eq!(done, 20);
            assert_eq!(done + available + unavailable, 64);
            assert!(unavailable <= 32);
            rx.poll(&mut batch);
            assert_eq!(rx.used(), 0);
            batch.clear();
            let one = seq as usize % 5;
            (0..one).for_each(|_| device.send_packet(&packet_bytes(seq, 64)));
            device.step(one);
            assert_eq!(rx.poll(&mut batch), one);
            batch.clear();
        }
        for offset in [64, 65, usize::MAX] {
            let error = rx.descriptor(offset).unwrap_err();
            assert_eq!(error, RingError::Offset { offset, len: 64 });
            assert!(
                error
                    .to_string()
                    .contains(&format!("{offset} of a ring of 64: it must be 0 to 63"))
            );
        }
        drop(batch);
        rig.release_rx(rx, device);
    }
}

#[test]
fn a_dropped_ring_keeps_its_buffers_for_ever() {
    for rig in Rig::each(128, ROOM) {
        let (rx, _device) = rig.rx::<Adv82576>(64, 1);
        drop(rx);
        let census = rig.arena.census();
        assert_eq!((census.depot, census.quarantined), (96, 32));
    }
}

#[test]
#[should_panic(expected = "frames of one arena")]
fn a_foreign_batch_is_not_filled() {
    let (one, two) = (Rig::new(64, ROOM), Rig::new(64, ROOM));
    let (mut rx, _device) = one.rx::<Adv82576>(64, 1);
    assert!(rx.arena().same(&one.arena));
    rx.poll(&mut Pool::new(&two.arena, 64).batch(1));
}
