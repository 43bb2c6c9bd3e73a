//! Descriptors overwritten with anything at any time: nothing is received right, and nothing breaks.

use barline_ring::{Adv82599, Flags, Pool, TxConfig};
use proptest::prelude::*;

use super::wire::ROOM;
use crate::model::{Owner, Rig, packet_bytes};

#[derive(Clone, Debug)]
enum Op {
    Scribble(u32, [u64; 2]),
    Packets(usize),
    Step(usize),
    Poll,
    Clear,
    Restart,
}

fn words() -> impl Strategy<Value = [u64; 2]> {
    prop_oneof![
        any::<[u64; 2]>(),
        // Plausible ones: done, perhaps the end, a length that may pass.
        (any::<u64>(), any::<bool>(), 0u64..1100, any::<u16>()).prop_map(
            |(first, end, len, rest)| [
                first,
                1 | u64::from(end) << 1 | len << 32 | u64::from(rest)
            ]
        ),
        Just([0, 0]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (any::<u32>(), words()).prop_map(|(slot, words)| Op::Scribble(slot, words)),
        2 => (1usize..40).prop_map(Op::Packets),
        2 => (0usize..64).prop_map(Op::Step),
        4 => Just(Op::Poll),
        2 => Just(Op::Clear),
        1 => Just(Op::Restart),
    ]
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn overwritten_descriptors_never_break_the_receive_ring(
        ops in prop::collection::vec(op(), 1..200),
        bits in 6u32..9,
        max_chain in 1usize..70,
        capacity in 0usize..100,
        limit in 0usize..200,
    ) {
        let len = 1 << bits;
        for rig in Rig::each(len + 100, ROOM) {
            let pool = Pool::new(&rig.arena, limit);
            let (mut rx, mut device) = rig.rx::<Adv82599>(len, max_chain);
            let mut batch = pool.batch(capacity);
            for op in ops.clone() {
                match op {
                    Op::Scribble(slot, words) => device.scribble(slot, words),
                    Op::Packets(count) => {
                        (0..count).for_each(|i| device.send_packet(&packet_bytes(i as u32, 1500)));
                    }
                    Op::Step(max) => {
                        device.step(max);
                    }
                    Op::Poll => {
                        rx.poll(&mut batch);
                    }
                    Op::Clear => batch.clear(),
                    Op::Restart => rig.restart_rx(&mut rx, &mut device).unwrap(),
                }
                device.fetch();
                rig.check_batches(&[&batch]);
                for packet in batch.packets() {
                    let frames = packet.frame_count();
                    prop_assert!(frames <= max_chain.min(len - 33));
                    prop_assert!(packet.frames().all(|f| (1..=ROOM).contains(&f.data().len())));
                    let ends = packet.frames().filter(|f| !f.flags().contains(Flags::MORE));
                    prop_assert_eq!(ends.count(), 1);
                }
                let census = rig.arena.census();
                let outside = census.depot + pool.free() + batch.len();
                prop_assert!(census.total - outside >= rig.ledger.count(Owner::Receive));
                prop_assert!(census.total - outside < len);
            }
            drop(batch);
            rig.release_rx(rx, device);
            drop(pool);
            rig.check_all_home();
        }
    }

    #[test]
    fn overwritten_descriptors_never_break_the_transmit_ring(
        ops in prop::collection::vec(op(), 1..200),
        bits in 6u32..9,
        limit in 0usize..200,
    ) {
        let len = 1 << bits;
        for rig in Rig::each(len + 100, ROOM) {
            let pool = Pool::new(&rig.arena, limit);
            let (mut tx, mut device) = rig.tx::<Adv82599>(TxConfig { max_chain: 8, ..rig.tx_config(len) });
            let mut batch = pool.batch(50);
            for op in ops.clone() {
                match op {
                    Op::Scribble(slot, words) => device.scribble(slot, words),
                    Op::Packets(count) => {
                        for len in 0..count {
                            batch.alloc(1 + 50 * len);
                        }
                        tx.push(&mut batch);
                    }
                    Op::Step(max) => {
                        device.step(max);
                    }
                    Op::Poll => {
                        tx.reap(&pool);
                    }
                    Op::Clear => batch.clear(),
                    Op::Restart => rig.restart_tx(&mut tx, &mut device),
                }
                device.fetch();
                rig.check_batches(&[&batch]);
                let census = rig.arena.census();
                let held = census.total - census.depot - pool.free() - batch.len();
                prop_assert!(held >= rig.ledger.count(Owner::Transmit));
                // One descriptor has no buffer: the context before the first packet.
                prop_assert!((held..=held + 1).contains(&tx.pending()));
            }
            drop(batch);
            rig.release_tx(tx, device);
            drop(pool);
            rig.check_all_home();
        }
    }
}
