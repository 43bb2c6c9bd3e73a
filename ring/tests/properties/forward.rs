//! From a receive ring through retain and a hand-off to a transmit ring: two workers, one arena.

use std::collections::VecDeque;

use barline_ring::{Adv82576, Pool, TxConfig, handoff};
use proptest::prelude::*;

use super::oracle::{Oracle, compare};
use super::wire::{ROOM, Spec, send, spec};
use crate::model::{Chip, Owner, Rig};

#[derive(Clone, Debug)]
enum Op {
    Wire(Vec<Spec>),
    Receive(usize),
    Poll,
    Retain(u64),
    Send,
    Recv,
    Push,
    Transmit(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => prop::collection::vec(spec(30), 1..40).prop_map(Op::Wire),
        4 => (0usize..100).prop_map(Op::Receive),
        4 => Just(Op::Poll),
        1 => any::<u64>().prop_map(Op::Retain),
        4 => Just(Op::Send),
        4 => Just(Op::Recv),
        4 => Just(Op::Push),
        4 => (0usize..100).prop_map(Op::Transmit),
    ]
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn what_comes_in_goes_out(
        ops in prop::collection::vec(op(), 1..150),
        capacities in [1usize..100, 1usize..100],
        queue in 0usize..100,
        limits in [0usize..300, 0usize..300],
        spare in 64usize..400,
        bits in [6u32..9, 6u32..9],
    ) {
        let [rx_len, tx_len] = bits.map(|bits| 1 << bits);
        for rig in Rig::each(rx_len + spare, ROOM) {
            let [near, far] = limits.map(|limit| Pool::new(&rig.arena, limit));
            let (mut rx, mut rx_device) = rig.rx::<Adv82576>(rx_len, 8);
            let config = TxConfig { max_packet: 1 << 14, max_chain: 8, ..rig.tx_config(tx_len) };
            let (mut tx, mut tx_device) = rig.tx::<Adv82576>(config);
            let (mut sender, mut receiver) = handoff(&rig.arena, queue);
            let (mut a, mut b) = (near.batch(capacities[0]), far.batch(capacities[1]));
            let mut oracle = Oracle::default();
            // Packets on their way, as bytes of known parts and the whole length, in order; and frames.
            let mut way: VecDeque<(Vec<u8>, Option<u16>)> = VecDeque::new();
            let mut in_batch: Vec<usize> = Vec::new();
            // Frames of the packets in the hand-off.
            let mut between: VecDeque<usize> = VecDeque::new();
            let (mut seq, mut too_long) = (0, 0);
            for op in &ops {
                match op {
                    Op::Wire(specs) => {
                        for spec in specs {
                            send(&mut rx_device, Chip::I82576, seq, spec);
                            seq += 1;
                        }
                    }
                    Op::Receive(max) => {
                        rx_device.step(*max);
                    }
                    Op::Poll => {
                        oracle.learn(&mut rx_device);
                        let before = a.len();
                        let expected = oracle.poll(a.capacity(), a.room(), 8);
                        rx.poll(&mut a);
                        compare(Chip::I82576, &a, before, &expected);
                        let mut frames = before;
                        for packet in a.packets().skip(in_batch.len()) {
                            let bytes: Vec<u8> =
                                packet.frames().flat_map(|f| f.data().to_vec()).collect();
                            way.push_back((bytes, packet.head().vlan()));
                            in_batch.push(packet.frame_count());
                            frames += packet.frame_count();
                        }
                        prop_assert_eq!(frames, a.len());
                    }
                    Op::Retain(mask) => {
                        let first = way.len() - in_batch.len();
                        let keep = |i: usize| mask.rotate_left(i as u32) & 1 == 1;
                        let mut i = 0;
                        a.retain(|_| {
                            i += 1;
                            keep(i - 1)
                        });
                        prop_assert_eq!(i, in_batch.len());
                        let mut index = 0;
                        way.retain(|_| {
                            index += 1;
                            index <= first || keep(index - 1 - first)
                        });
                        let mut index = 0;
                        in_batch.retain(|_| {
                            index += 1;
                            keep(index - 1)
                        });
                    }
                    Op::Send => {
                        let mut left = sender.send(&mut a);
                        while left > 0 {
                            between.push_back(in_batch.remove(0));
                            left -= between[between.len() - 1];
                        }
                    }
                    Op::Recv => {
                        let (room, mut expected, mut dropped) = (b.room(), 0, 0);
                        let first = way.len() - in_batch.len() - between.len();
                        while let Some(&frames) = between.front() {
                            if expected + frames <= room {
                                expected += frames;
                            } else if expected == 0 && room > 0 && frames > b.capacity() {
                                // No batch of this receiver could hold it.
                                dropped += 1;
                                way.remove(first);
                            } else {
                                break;
                            }
                            between.pop_front();
                        }
                        too_long += dropped;
                        prop_assert_eq!(receiver.recv(&mut b), expected);
                        prop_assert_eq!(receiver.too_long(), too_long);
                    }
                    Op::Push => {
                        tx.push(&mut b);
                    }
                    Op::Transmit(max) => {
                        tx_device.step(*max);
                    }
                }
                rx_device.fetch();
                tx_device.fetch();
                oracle.learn(&mut rx_device);
                tx.reap(&far);
                for sent in tx_device.sent.drain(..) {
                    // What is left of a packet that was lied about may be too short to be sent.
                while way.front().is_some_and(|(bytes, _)| bytes.len() < 17) {
                    way.pop_front();
                }
                let (bytes, vlan) = way.pop_front().expect("sent and never received");
                    prop_assert!(sent.bytes == bytes, "bytes on the way by {}", rig.simd);
                    prop_assert_eq!(sent.vlan, vlan);
                }
                rig.check_batches(&[&a, &b]);
                let census = rig.arena.census();
                let free = census.depot + near.free() + far.free();
                let rings = rig.ledger.count(Owner::Receive) + oracle.held()
                    + rig.ledger.count(Owner::Transmit);
                prop_assert_eq!(census.total, free + a.len() + between.iter().sum::<usize>() + b.len() + rings);
            }
            // Ends in any order, with frames everywhere.
            if seq % 2 == 0 {
                drop(sender);
                drop(receiver);
            } else {
                drop(receiver);
                drop(sender);
            }
            drop((a, b));
            rig.release_tx(tx, tx_device);
            rig.release_rx(rx, rx_device);
            drop((near, far));
            rig.check_all_home();
        }
    }
}
