//! The receive ring against the oracle.

use barline_ring::{Adv82576, Adv82599, AdvI350, Pool};
use proptest::prelude::*;

use super::oracle::{Oracle, compare};
use super::wire::{ROOM, Spec, send, spec};
use crate::model::{Model, Owner, Rig};

#[derive(Clone, Debug)]
enum Op {
    Wire(Vec<Spec>),
    Step(usize),
    Poll(usize),
    Clear(usize),
    Restart,
}

fn op(honesty: u32) -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => prop::collection::vec(spec(honesty), 1..40).prop_map(Op::Wire),
        4 => prop_oneof![Just(usize::MAX), 0usize..64].prop_map(Op::Step),
        6 => (0usize..2).prop_map(Op::Poll),
        3 => (0usize..2).prop_map(Op::Clear),
        1 => Just(Op::Restart),
    ]
}

#[derive(Clone, Debug)]
struct Case {
    len: usize,
    max_chain: usize,
    capacities: [usize; 2],
    limit: usize,
    spare: usize,
    ops: Vec<Op>,
}

fn case(honesty: u32) -> impl Strategy<Value = Case> {
    let len = prop_oneof![6 => Just(6), 3 => 6u32..9, 1 => 6u32..=12].prop_map(|bits| 1 << bits);
    let capacity = prop_oneof![0usize..8, 1usize..200];
    let max_chain = prop_oneof![1usize..8, Just(usize::MAX)];
    let ops = prop::collection::vec(op(honesty), 1..60);
    (len, max_chain, [capacity.clone(), capacity], 0usize..300, 32usize..200, ops).prop_map(
        |(len, max_chain, capacities, limit, spare, ops)| Case {
            len,
            max_chain,
            capacities,
            limit,
            spare,
            ops,
        },
    )
}

fn run<F: Model>(case: &Case) {
    for rig in Rig::each(case.len - 32 + case.spare, ROOM) {
        let pool = Pool::new(&rig.arena, case.limit);
        let (mut rx, mut device) = rig.rx::<F>(case.len, case.max_chain);
        let max_chain = case.max_chain.min(case.len - 33);
        let mut batches = case.capacities.map(|capacity| pool.batch(capacity));
        let (mut oracle, mut seq) = (Oracle::default(), 0);
        for op in &case.ops {
            match op {
                Op::Wire(specs) => {
                    for spec in specs {
                        send(&mut device, F::CHIP, seq, spec);
                        seq += 1;
                    }
                }
                Op::Step(max) => {
                    device.step(*max);
                }
                Op::Clear(i) => batches[*i].clear(),
                Op::Poll(i) => {
                    oracle.learn(&mut device);
                    let batch = &mut batches[*i];
                    let before = batch.len();
                    let expected = oracle.poll(batch.capacity(), batch.room(), max_chain);
                    let got = rx.poll(batch);
                    assert_eq!(batch.len() - before, got);
                    compare(F::CHIP, batch, before, &expected);
                    oracle.check(rx.counters());
                }
                Op::Restart => {
                    oracle.restart();
                    // It gives back no less than it takes.
                    if rig.restart_rx(&mut rx, &mut device).is_err() {
                        rx.poll(&mut pool.batch(1));
                    }
                }
            }
            device.fetch();
            oracle.learn(&mut device);
            let [a, b] = &batches;
            rig.check_batches(&[a, b]);
            let ring = rig.ledger.count(Owner::Receive) + oracle.held();
            let census = rig.arena.census();
            assert_eq!(census.total, census.depot + pool.free() + a.len() + b.len() + ring);
        }
        // With an application that keeps up, everything comes, whatever came before.
        drop(batches);
        let mut batch = pool.batch(case.len);
        for _ in 0..2 * (device.waiting() + case.len) {
            device.step(usize::MAX);
            oracle.learn(&mut device);
            let expected = oracle.poll(batch.capacity(), batch.room(), max_chain);
            rx.poll(&mut batch);
            compare(F::CHIP, &batch, 0, &expected);
            batch.clear();
        }
        oracle.check(rx.counters());
        assert!(device.waiting() == 0 || oracle.stuck(), "the ring stands still");
        drop(batch);
        rig.release_rx(rx, device);
        drop(pool);
        rig.check_all_home();
    }
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn an_honest_device_loses_nothing(case in case(u32::MAX - 1)) {
        run::<Adv82576>(&case);
    }

    #[test]
    fn a_lying_device_harms_its_own_packets_only(case in case(20)) {
        run::<Adv82576>(&case);
    }

    #[test]
    fn nothing_is_true(case in case(1)) {
        run::<Adv82599>(&case);
    }

    #[test]
    fn nothing_an_i350_says_is_true(case in case(3)) {
        run::<AdvI350>(&case);
    }
}
