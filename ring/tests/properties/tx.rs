//! The transmit ring: all that was taken goes out, in order, byte by byte, and comes back.

use std::collections::VecDeque;

use barline_ring::{Adv82576, Adv82599, Pool, TxConfig};
use proptest::prelude::*;

use super::wire::ROOM;
use crate::model::{Model, Owner, Rig, TxDevice, packet_bytes};

#[derive(Clone, Debug)]
enum Op {
    Fill(Vec<(usize, Option<u16>)>),
    Push,
    Step(usize),
    Reap(usize),
    Clear,
    Restart,
    Early,
    Reporting(bool),
}

fn op(lies: bool) -> impl Strategy<Value = Op> {
    let len = prop_oneof![4 => 17..=ROOM, 1 => 17..=6 * ROOM];
    let tag = prop_oneof![2 => Just(None), 1 => (0u16..3).prop_map(Some)];
    let lie = u32::from(lies);
    prop_oneof![
        40 => prop::collection::vec((len, tag), 1..60).prop_map(Op::Fill),
        60 => Just(Op::Push),
        60 => prop_oneof![Just(usize::MAX), 0usize..80].prop_map(Op::Step),
        20 => (0usize..2).prop_map(Op::Reap),
        5 => Just(Op::Clear),
        3 => Just(Op::Restart),
        8 * lie => Just(Op::Early),
        4 * lie => any::<bool>().prop_map(Op::Reporting),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    len: usize,
    max_packet: usize,
    max_chain: usize,
    capacity: usize,
    limits: [usize; 2],
    buffers: usize,
    ops: Vec<Op>,
}

fn case(lies: bool) -> impl Strategy<Value = Case> {
    let len = prop_oneof![4 => Just(6), 3 => 6u32..9, 1 => 6u32..=12].prop_map(|bits| 1 << bits);
    let ring = (len, 1..7 * ROOM, 0usize..40);
    let ops = prop::collection::vec(op(lies), 1..80);
    (ring, 0usize..200, [0usize..200, 0usize..200], 32usize..600, ops).prop_map(
        |((len, max_packet, max_chain), capacity, limits, buffers, ops)| Case {
            len,
            max_packet,
            max_chain,
            capacity,
            limits,
            buffers,
            ops,
        },
    )
}

/// What the ring has taken and the device has not sent: number, length, tag.
type Taken = VecDeque<(u32, usize, Option<u16>)>;

fn compare(device: &mut TxDevice, taken: &mut Taken) {
    for sent in device.sent.drain(..) {
        let (seq, len, tag) = taken.pop_front().expect("something was sent that was not taken");
        assert_eq!(sent.vlan, tag);
        assert_eq!(sent.bytes.len(), len);
        assert!(sent.early || sent.bytes == packet_bytes(seq, len), "packet {seq}");
    }
}

fn run<F: Model>(case: &Case) {
    for rig in Rig::each(case.buffers, ROOM) {
        let pools = case.limits.map(|limit| Pool::new(&rig.arena, limit));
        let Case { len, max_packet, max_chain, .. } = *case;
        let config = TxConfig { max_packet, max_chain, ..rig.tx_config(len) };
        let (mut tx, mut device) = rig.tx::<F>(config);
        let mut batch = pools[0].batch(case.capacity);
        let mut queued = Taken::new();
        let mut taken = Taken::new();
        let (mut seq, mut packets, mut bytes, mut invalid) = (0, 0, 0, 0);
        let (mut context, mut contexts) = (None, 0);
        // The context before the first packet, where there has to be one.
        let mut fresh = F::CHIP.is_ten_gigabit();
        let mut honest = true;
        for op in &case.ops {
            match op {
                Op::Fill(lens) => {
                    for &(len, tag) in lens {
                        let Some(mut packet) = batch.alloc(len) else { break };
                        packet.copy_from(&packet_bytes(seq, len));
                        packet.head().set_vlan(tag);
                        queued.push_back((seq, len, tag));
                        seq += 1;
                    }
                }
                Op::Push => {
                    let before = batch.len();
                    let mut left = tx.push(&mut batch);
                    assert_eq!(batch.len(), before - left);
                    while left > 0 {
                        let (seq, len, tag) = queued.pop_front().unwrap();
                        let frames = len.div_ceil(ROOM);
                        left = left.checked_sub(frames).expect("whole packets");
                        if len > case.max_packet || frames > case.max_chain.clamp(1, 32) {
                            invalid += 1;
                            continue;
                        }
                        packets += 1;
                        contexts += usize::from(std::mem::take(&mut fresh));
                        bytes += len as u64;
                        if tag.is_some() && tag != context {
                            context = tag;
                            contexts += 1;
                        }
                        taken.push_back((seq, len, tag));
                    }
                    // It stops only when it may not fit, and then a chain and a context would not.
                    if let Some(&(_, len, _)) = queued.front() {
                        assert!(tx.pending() + len.div_ceil(ROOM) + 2 > case.len);
                    }
                }
                Op::Step(max) => {
                    device.step(*max);
                }
                Op::Reap(i) => {
                    tx.reap(&pools[*i]);
                }
                Op::Clear => {
                    batch.clear();
                    queued.clear();
                }
                Op::Restart => {
                    compare(&mut device, &mut taken);
                    rig.restart_tx(&mut tx, &mut device);
                    taken.clear();
                    contexts = device.contexts.len();
                    fresh = F::CHIP.is_ten_gigabit();
                    context = None;
                    assert_eq!(tx.pending(), 0);
                }
                Op::Early => device.report_early(),
                Op::Reporting(reporting) => {
                    device.reporting = *reporting;
                    honest = false;
                }
            }
            device.fetch();
            compare(&mut device, &mut taken);
            rig.check_batches(&[&batch]);
            tx.reap(&pools[0]);
            let counters = tx.counters();
            assert_eq!(counters.packets.value(), packets);
            assert_eq!(counters.bytes.value(), bytes);
            assert_eq!(counters.invalid.value(), invalid);
            assert!(counters.completed.value() + counters.lost.value() <= packets);
            let census = rig.arena.census();
            let free = pools[0].free() + pools[1].free() + census.depot + batch.len();
            let held = census.total - free;
            assert!(held <= tx.pending());
            let with_device = rig.ledger.count(Owner::Transmit);
            assert!(if honest { held == with_device } else { held >= with_device });
        }
        device.reporting = true;
        device.step(usize::MAX);
        compare(&mut device, &mut taken);
        assert!(taken.is_empty(), "taken and never sent");
        assert_eq!(device.contexts.len(), contexts);
        tx.reap(&pools[1]);
        if !honest {
            rig.restart_tx(&mut tx, &mut device);
        }
        let counters = tx.counters();
        assert_eq!(tx.pending(), 0);
        assert_eq!(counters.completed.value() + counters.lost.value(), packets);
        drop(batch);
        rig.release_tx(tx, device);
        drop(pools);
        rig.check_all_home();
    }
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn an_honest_device_sends_all(case in case(false)) {
        run::<Adv82599>(&case);
    }

    #[test]
    fn reports_too_early_or_never_free_nothing_twice(case in case(true)) {
        run::<Adv82576>(&case);
    }
}
