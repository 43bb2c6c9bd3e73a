//! The transmit ring with a device that tells the truth.

use barline_ring::{
    Adv82576, Adv82599, FrameBatch, Pool, RingError, TxConfig, TxDescriptorStatus, TxRing,
};

use crate::model::{HEADROOM, Model, Region, Register, Rig, packet_bytes};

const ROOM: usize = 1024;

/// Fills a batch with packets of these lengths, numbered from `seq`.
pub fn fill(batch: &mut FrameBatch<'_>, seq: u32, lens: &[usize]) {
    for (seq, &len) in (seq..).zip(lens) {
        batch.alloc(len).unwrap().copy_from(&packet_bytes(seq, len));
    }
}

#[test]
fn lengths_and_memory_have_limits() {
    let rig = Rig::new(32, ROOM);
    let ring = |len, bytes, iova| {
        let (region, memory) = Region::new(bytes, iova);
        region.keep_for_ever();
        let tail = Register::default().doorbell();
        TxRing::<Adv82576>::new(memory, tail, &rig.arena, rig.tx_config(len)).map(drop)
    };
    assert_eq!(ring(32, 1 << 16, 0), Err(RingError::Len(32)));
    assert_eq!(ring(100, 1 << 16, 0), Err(RingError::Len(100)));
    assert_eq!(ring(8192, 1 << 17, 0), Err(RingError::Len(8192)));
    assert_eq!(ring(4096, 65535, 0), Err(RingError::Memory(65535)));
    assert_eq!(ring(64, 1024, 32), Err(RingError::Memory(1024)));
    assert_eq!(ring(64, 1024, 128), Ok(()));
}

fn packets_go_out_as_they_are<F: Model>() {
    for rig in Rig::each(512, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<F>(rig.tx_config(64));
        assert_eq!(tx.descriptors().1, 1024);
        assert!(tx.arena().same(&rig.arena));
        let mut batch = pool.batch(64);
        let lens = [60, 1024, 1025, 4000, 61, 9728, 17];
        let mut bytes = 0;
        for round in 1..200 {
            let lens = &lens[..1 + round % lens.len()];
            fill(&mut batch, 0, lens);
            let frames = batch.len();
            assert_eq!(tx.push(&mut batch), frames);
            assert!(batch.is_empty());
            let first = usize::from(F::CHIP.is_ten_gigabit() && round == 1);
            assert_eq!(tx.pending(), frames + first);
            device.step(usize::MAX);
            assert_eq!(device.sent.len(), lens.len());
            for ((sent, &len), seq) in device.sent.drain(..).zip(lens).zip(0..) {
                assert_eq!(sent.bytes, packet_bytes(seq, len));
                assert_eq!(sent.vlan, None);
                bytes += len as u64;
            }
            assert_eq!(device.contexts.drain(..).count(), first);
            assert_eq!(tx.reap(&pool), lens.len() as u64);
            assert_eq!(tx.pending(), 0);
        }
        let counters = tx.counters();
        assert_eq!(counters.bytes.value(), bytes);
        assert_eq!(counters.completed.value(), counters.packets.value());
        assert_eq!(counters.invalid.value() + counters.lost.value(), 0);
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn packets_go_out_by_the_82576() {
    packets_go_out_as_they_are::<Adv82576>();
}

#[test]
fn packets_go_out_by_the_82599() {
    packets_go_out_as_they_are::<Adv82599>();
}

#[test]
fn reports_are_asked_for_once_a_block() {
    for rig in Rig::each(512, ROOM) {
        let pool = Pool::new(&rig.arena, 512);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(256));
        let mut batch = pool.batch(200);
        for (burst, reports) in [(1, 1), (32, 1), (33, 2), (64, 2), (200, 7)] {
            fill(&mut batch, 0, &vec![60; burst]);
            assert_eq!(tx.push(&mut batch), burst);
            device.reports = 0;
            device.step(usize::MAX);
            assert_eq!(device.reports, reports, "burst of {burst}");
            assert_eq!(tx.reap(&pool), burst as u64);
        }
    }
}

#[test]
fn a_full_ring_takes_no_more_and_loses_nothing() {
    for len in [64, 512, 4096] {
        for rig in Rig::each(len + 64, ROOM) {
            let pool = Pool::new(&rig.arena, 64);
            let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(len));
            let mut batch = pool.batch(len + 64);
            fill(&mut batch, 0, &vec![60; len + 64]);
            let sent = tx.push(&mut batch);
            assert_eq!(sent, len - 2, "one stays free, one is for a context");
            assert_eq!(tx.push(&mut batch), 0);
            // Half a block at a time, with a stall in between.
            let mut out = 0;
            while !batch.is_empty() || tx.pending() > 0 {
                device.step(7);
                tx.push(&mut batch);
                for sent in device.sent.drain(..) {
                    assert_eq!(sent.bytes, packet_bytes(out, 60));
                    out += 1;
                }
            }
            assert_eq!(out as usize, len + 64);
            drop(batch);
            rig.release_tx(tx, device);
            drop(pool);
            rig.check_all_home();
        }
    }
}

#[test]
fn a_chain_that_does_not_fit_waits() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 128);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(70);
        fill(&mut batch, 0, &[60; 60]);
        fill(&mut batch, 60, &[3 * ROOM, 60]);
        assert_eq!(tx.push(&mut batch), 60);
        device.step(59);
        assert_eq!(tx.push(&mut batch), 4, "28 were reported; the chain fits");
        device.step(usize::MAX);
        assert_eq!(device.sent.len(), 62);
        assert_eq!(device.sent[60].bytes, packet_bytes(60, 3 * ROOM));
        assert_eq!(device.sent[61].bytes, packet_bytes(61, 60));
        assert_eq!(tx.reap(&pool), 30);
    }
}

#[test]
fn packets_that_cannot_be_sent_are_counted_and_freed() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let limits = TxConfig { max_packet: 3000, max_chain: 2, ..rig.tx_config(64) };
        let (mut tx, mut device) = rig.tx::<Adv82576>(limits);
        let mut batch = pool.batch(64);
        // Of too many frames, too long, then between good ones, and last.
        for order in [&[60, 2049, 60][..], &[2049, 3001][..], &[60, 60, 3001][..]] {
            fill(&mut batch, 0, order);
            let frames = batch.len();
            assert_eq!(tx.push(&mut batch), frames);
            device.step(usize::MAX);
            let good: Vec<_> = order.iter().filter(|&&len| len == 60).collect();
            assert_eq!(device.sent.drain(..).count(), good.len());
            assert_eq!(tx.reap(&pool), good.len() as u64, "also the last is reported");
            assert_eq!(tx.pending(), 0);
        }
        assert_eq!(tx.counters().invalid.value(), 4);
        // Shorter than devices take.
        fill(&mut batch, 0, &[16, 17]);
        assert_eq!(tx.push(&mut batch), 2);
        device.step(9);
        assert_eq!(device.sent.drain(..).map(|sent| sent.bytes.len()).collect::<Vec<_>>(), [17]);
        assert_eq!(tx.counters().invalid.value(), 5);
        // Longer than the limit in one buffer.
        let (mut tx, mut device) = rig.tx::<Adv82576>(TxConfig { max_packet: 999, ..limits });
        fill(&mut batch, 0, &[1000, 999]);
        assert_eq!(tx.push(&mut batch), 2);
        device.step(9);
        assert_eq!(device.sent[0].bytes.len(), 999);
        assert_eq!(tx.counters().invalid.value(), 1);
    }
}

#[test]
fn the_limits_of_a_ring_have_limits() {
    for rig in Rig::each(128, 16384) {
        let pool = Pool::new(&rig.arena, 128);
        let unlimited =
            TxConfig { max_packet: usize::MAX, max_chain: usize::MAX, ..rig.tx_config(64) };
        let (mut tx, mut device) = rig.tx::<Adv82576>(unlimited);
        let mut batch = pool.batch(128);
        fill(&mut batch, 0, &[32 * 16384, 33 * 16384, 10 * 16384]);
        assert_eq!(tx.push(&mut batch), 75);
        device.step(usize::MAX);
        // PAYLEN has 18 bits: half a megabyte cannot be said.
        assert_eq!(tx.counters().invalid.value(), 2);
        assert_eq!(device.sent[0].bytes, packet_bytes(2, 10 * 16384));
        let (mut tx, _device) = rig.tx::<Adv82576>(TxConfig { max_chain: 0, ..unlimited });
        fill(&mut batch, 0, &[60]);
        tx.push(&mut batch);
        assert_eq!(tx.counters().packets.value(), 1, "one frame always goes");
    }
}

#[test]
fn a_tag_costs_one_context_when_it_changes() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 128);
        let (mut tx, mut device) = rig.tx::<Adv82599>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        let tags = [None, Some(5), Some(5), None, Some(5), Some(6), Some(0), None];
        fill(&mut batch, 0, &[2000; 8]);
        for (mut packet, tag) in batch.packets_mut().zip(tags) {
            packet.head().set_vlan(tag);
        }
        assert_eq!(tx.push(&mut batch), 16);
        assert_eq!(tx.pending(), 16 + 1 + 3, "and the first context");
        device.step(usize::MAX);
        let sent: Vec<_> = device.sent.drain(..).map(|sent| sent.vlan).collect();
        assert_eq!(sent, tags);
        assert_eq!(device.contexts.len(), 4);
        // The next burst goes on where this one ended, and a restart forgets.
        for (restart, contexts) in [(false, 4), (true, 6)] {
            if restart {
                rig.restart_tx(&mut tx, &mut device);
            }
            fill(&mut batch, 0, &[60]);
            batch.packets_mut().next().unwrap().head().set_vlan(Some(0));
            tx.push(&mut batch);
            device.step(usize::MAX);
            assert_eq!(device.contexts.len(), contexts);
        }
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn descriptors_tell_their_state() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        let states = |tx: &TxRing<Adv82576>| {
            let count = |state| (0..64).filter(|&i| tx.descriptor(i) == Ok(state)).count();
            let kept = 63 - tx.pending();
            assert_eq!(tx.descriptor(kept), Ok(TxDescriptorStatus::Unavailable), "one stays free");
            assert_eq!(count(TxDescriptorStatus::Unavailable), 1);
            (count(TxDescriptorStatus::Done), count(TxDescriptorStatus::Full))
        };
        assert_eq!(states(&tx), (63, 0));
        // At every phase of the ring. Reports are at 32 descriptors and the end of the burst.
        for _ in 0..70 {
            fill(&mut batch, 0, &[60; 40]);
            assert_eq!(tx.push(&mut batch), 40);
            assert_eq!(states(&tx), (23, 40));
            device.step(31);
            assert_eq!(states(&tx), (23, 40), "nothing was reported");
            device.step(1);
            assert_eq!(states(&tx), (55, 8), "reported, though not reaped");
            let first = tx.descriptor(64 - 40).unwrap();
            assert_eq!(first, TxDescriptorStatus::Done, "the oldest");
            assert_eq!(tx.descriptor(63), Ok(TxDescriptorStatus::Full), "the newest");
            device.step(8);
            assert_eq!(states(&tx), (63, 0));
            tx.reap(&pool);
            assert_eq!(states(&tx), (63, 0));
            fill(&mut batch, 0, &[60]);
            tx.push(&mut batch);
            device.step(1);
            tx.reap(&pool);
        }
        for offset in [64, usize::MAX] {
            let error = tx.descriptor(offset).unwrap_err();
            assert_eq!(error, RingError::Offset { offset, len: 64 });
        }
        drop(batch);
        rig.release_tx(tx, device);
    }
}

#[test]
fn headers_go_in_front_without_a_copy() {
    for rig in Rig::each(64, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(4);
        fill(&mut batch, 3, &[100]);
        let mut packet = batch.packets_mut().next().unwrap();
        assert!(packet.head().prepend(HEADROOM));
        packet.head().data()[..HEADROOM].fill(0xee);
        tx.push(&mut batch);
        device.step(1);
        let bytes = &device.sent[0].bytes;
        assert_eq!(bytes[..HEADROOM], [0xee; HEADROOM]);
        assert_eq!(bytes[HEADROOM..], packet_bytes(3, 100));
    }
}

#[test]
fn what_a_restart_drops_is_lost_and_counted() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        fill(&mut batch, 0, &[60; 20]);
        tx.push(&mut batch);
        device.step(usize::MAX);
        fill(&mut batch, 0, &[60; 10]);
        tx.push(&mut batch);
        rig.restart_tx(&mut tx, &mut device);
        let counters = tx.counters().clone();
        assert_eq!((counters.completed.value(), counters.lost.value()), (20, 10));
        assert_eq!(tx.pending(), 0);
        fill(&mut batch, 7, &[60]);
        tx.push(&mut batch);
        device.step(1);
        assert_eq!(device.sent.last().unwrap().bytes, packet_bytes(7, 60));
        drop(batch);
        rig.release_tx(tx, device);
        assert_eq!((counters.completed.value(), counters.lost.value()), (21, 10));
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_dropped_ring_keeps_its_buffers_for_ever() {
    for rig in Rig::each(64, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, _device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        fill(&mut batch, 0, &[60, 2000]);
        batch.packets_mut().next().unwrap().head().set_vlan(Some(1));
        tx.push(&mut batch);
        drop((tx, batch));
        drop(pool);
        let census = rig.arena.census();
        assert_eq!((census.depot, census.quarantined), (61, 3));
    }
}

#[test]
#[should_panic(expected = "frames of one arena")]
fn a_foreign_batch_is_not_sent() {
    let (one, two) = (Rig::new(64, ROOM), Rig::new(64, ROOM));
    let (mut tx, _device) = one.tx::<Adv82576>(one.tx_config(64));
    tx.push(&mut Pool::new(&two.arena, 64).batch(1));
}

#[test]
#[should_panic(expected = "frames of one arena")]
fn a_foreign_pool_gets_no_buffers() {
    let (one, two) = (Rig::new(64, ROOM), Rig::new(64, ROOM));
    let pool = Pool::new(&one.arena, 64);
    let (mut tx, mut device) = one.tx::<Adv82576>(one.tx_config(64));
    let mut batch = pool.batch(1);
    fill(&mut batch, 0, &[60]);
    tx.push(&mut batch);
    device.step(1);
    tx.reap(&Pool::new(&two.arena, 64));
}

#[test]
fn what_was_reported_makes_room_for_a_whole_chain() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 256);
        let (mut tx, mut device) =
            rig.tx::<Adv82576>(TxConfig { max_packet: 32 * ROOM, ..rig.tx_config(64) });
        let mut batch = pool.batch(64);
        batch.alloc_many(60, 31);
        assert_eq!(tx.push(&mut batch), 31);
        device.step(usize::MAX);
        // As long as it may be: it fits only where the others were.
        assert!(batch.alloc(32 * ROOM).is_some());
        assert_eq!(tx.push(&mut batch), 32);
        device.step(usize::MAX);
        assert_eq!(tx.reap(&pool), 1);
        drop(batch);
        rig.release_tx(tx, device);
    }
}

#[test]
fn the_report_that_is_owed_is_told_also_behind_one_that_came() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 256);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let (watch, mut batch) = (tx.watch(), pool.batch(64));
        for answered in [true, false] {
            batch.alloc_many(60, 1);
            assert_eq!(tx.push(&mut batch), 1);
            if answered {
                device.step(usize::MAX);
            }
            assert_eq!(watch.waiting_at().is_some(), !answered);
        }
        drop(batch);
        rig.release_tx(tx, device);
    }
}

#[test]
fn what_was_reported_is_not_lost_by_a_restart() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 256);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        for count in [3, 2] {
            batch.alloc_many(60, count);
            assert_eq!(tx.push(&mut batch), count);
            if count == 3 {
                device.step(usize::MAX);
            }
        }
        rig.restart_tx(&mut tx, &mut device);
        assert_eq!((tx.counters().completed.value(), tx.counters().lost.value()), (3, 2));
        drop(batch);
        rig.release_tx(tx, device);
    }
}
