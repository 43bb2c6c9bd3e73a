//! The receive ring with a device that lies.

use barline_ring::{Adv82576, Adv82599, Pool};

use crate::model::{Chip, Fragment, Report, Rig, packet_bytes};

const ROOM: usize = 1024;

/// A fragment whose descriptor says this, whatever is true.
fn claim(report: Report) -> Fragment {
    Fragment { bytes: vec![1; 8], words: Chip::I82576.write_back(&report) }
}

#[test]
fn impossible_lengths_are_counted_and_dropped() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 4);
        let mut batch = pool.batch(8);
        let lies = [0, ROOM + 1, 0x4000, 0xffff];
        for len in lies {
            device.send([claim(Report::good(len, true))]);
        }
        device.send_packet(&packet_bytes(1, 64));
        device.step(9);
        assert_eq!(rx.poll(&mut batch), 1);
        assert_eq!(rx.counters().bad_length.value(), lies.len() as u64);
        assert_eq!(rx.counters().packets.value(), 1);
        // Inside a chain: the whole chain goes, and is counted once.
        let parts = [ROOM, 0, ROOM + 1, 7];
        device.send(parts.map(|len| claim(Report::good(len, len == 7))));
        device.send_packet(&packet_bytes(2, 64));
        device.step(9);
        assert_eq!(rx.poll(&mut batch), 1);
        assert_eq!(rx.counters().bad_length.value(), lies.len() as u64 + 1);
        assert_eq!(batch.frames().last().unwrap().data(), packet_bytes(2, 64));
    }
}

#[test]
fn an_empty_last_buffer_ends_the_packet_before_it() {
    // A packet that fills its buffers, and whose CRC has one of its own, from which it is stripped.
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        for buffers in 1..4 {
            let (mut rx, mut device) = rig.rx::<Adv82599>(64, 3);
            let mut batch = pool.batch(3);
            let bytes = packet_bytes(1, buffers * ROOM);
            let report = Report { vlan: Some(7), ..Report::good(0, true) };
            let mut fragments = device.cut(&bytes, &report);
            device.end_empty(&mut fragments);
            device.send(fragments);
            device.send_packet(&packet_bytes(2, 60));
            device.step(buffers);
            assert_eq!(rx.poll(&mut batch), 0, "it has not ended");
            device.step(usize::MAX);
            assert_eq!(rx.poll(&mut batch), if buffers < 3 { buffers + 1 } else { 3 });
            let packet = batch.packets().next().unwrap();
            let read: Vec<u8> = packet.frames().flat_map(|f| f.data().to_vec()).collect();
            assert_eq!((read, packet.head().vlan()), (bytes, Some(7)));
            assert_eq!(packet.frame_count(), buffers);
            batch.clear();
            rx.poll(&mut batch);
            assert_eq!(rx.counters().packets.value(), 2);
            assert_eq!(rx.counters().bytes.value(), (buffers * ROOM + 60) as u64);
            let refused = rx.counters().bad_length.value() + rx.counters().too_long.value();
            assert_eq!(refused, 0);
            batch.clear();
            rig.release_rx(rx, device);
        }
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn damaged_packets_are_counted_and_dropped() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82599>(64, 4);
        let mut batch = pool.batch(8);
        let damaged = Report { error: true, ..Report::good(0, true) };
        let fragments = device.cut(&packet_bytes(0, 3 * ROOM), &damaged);
        device.send(fragments);
        device.send_packet(&packet_bytes(1, 64));
        device.step(9);
        assert_eq!(rx.poll(&mut batch), 1);
        assert_eq!(rx.counters().errors.value(), 1);
        assert_eq!(rx.counters().bytes.value(), 64);
    }
}

#[test]
fn chains_that_never_end_do_not_stop_any_ring() {
    // At every phase of the ring: the shortest ring has few buffers armed beyond what it keeps free.
    for (len, max_chain) in [(64, 1), (64, 5), (64, 99), (128, 99), (128, 3), (256, usize::MAX)] {
        for phase in 0..40 {
            for rig in Rig::each(2 * len, ROOM) {
                let pool = Pool::new(&rig.arena, 64);
                let (mut rx, mut device) = rig.rx::<Adv82576>(len, max_chain);
                let mut batch = pool.batch(len);
                let endless = 3 * len;
                for seq in 0..phase {
                    device.send_packet(&packet_bytes(seq, 64));
                }
                device.send((0..endless).map(|_| claim(Report::good(ROOM, false))));
                device.send([claim(Report::good(1, true))]);
                device.send_packet(&packet_bytes(phase, 64));
                let mut seq = 0;
                for _ in 0..4 * len {
                    device.step(5);
                    rx.poll(&mut batch);
                    for frame in batch.frames() {
                        assert_eq!(frame.data(), packet_bytes(seq, 64));
                        seq += 1;
                    }
                    batch.clear();
                }
                assert_eq!(seq, phase + 1, "ring {len}, chain {max_chain}");
                assert_eq!(rx.counters().too_long.value(), 1);
            }
        }
    }
}

#[test]
fn a_ring_holds_its_longest_chain_at_every_phase() {
    // 31 frames fit the shortest ring wherever it stands.
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 31);
        let mut batch = pool.batch(64);
        for seq in 0..200 {
            device.send_packet(&packet_bytes(seq, 31 * ROOM));
            device.step(usize::MAX);
            assert_eq!(rx.poll(&mut batch), 31, "packet {seq}");
            batch.clear();
        }
        assert_eq!(rx.counters().too_long.value(), 0);
    }
}

#[test]
fn a_descriptor_that_is_never_done_stops_the_ring_and_nothing_else() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<Adv82576>(64, 4);
        let mut batch = pool.batch(8);
        device.send_packet(&packet_bytes(0, 64));
        let never = Report { done: false, ..Report::good(64, true) };
        device.send([claim(never)]);
        device.send_packet(&packet_bytes(1, 64));
        device.step(9);
        assert_eq!(rx.poll(&mut batch), 1);
        for _ in 0..100 {
            assert_eq!(rx.poll(&mut batch), 0);
        }
        batch.clear();
        rig.restart_rx(&mut rx, &mut device).unwrap();
        device.send_packet(&packet_bytes(2, 64));
        device.step(9);
        assert_eq!(rx.poll(&mut batch), 1);
        assert_eq!(batch.frames().next().unwrap().data(), packet_bytes(2, 64));
    }
}
