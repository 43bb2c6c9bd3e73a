//! Rings that move descriptors in different ways, side by side: whatever a device writes and an
//! application sends, they do the same, and it is what the oracle says.

use barline_ring::{
    Adv82576, Adv82599, AdvI350, AdvX540, Flags, FrameBatch, Pool, RxRing, TxConfig, TxRing,
};
use proptest::prelude::*;

use super::oracle::{Oracle, compare};
use super::wire::ROOM;
use crate::model::{Fragment, Model, Rig, RxDevice, TxDevice};

/// Frames that a batch takes at most.
const MOST: usize = 300;

#[derive(Clone, Debug)]
enum Op {
    /// Descriptors with these words, as many as are armed.
    Report(Vec<[u64; 2]>),
    /// Receives, if there is room for so many frames.
    Poll(usize),
    /// Packets of these lengths, some with a tag.
    Alloc(Vec<(usize, Option<u16>)>),
    Strip(bool),
    MaxPacket(usize),
    Push,
    Transmit(usize),
    Clear,
}

/// Any words; most of them say that a good packet of one buffer is there, so that there are long runs
/// of such, and each bit of the others is wrong at times.
fn words() -> impl Strategy<Value = [u64; 2]> {
    let len = prop_oneof![
        30 => 1..=ROOM as u64,
        1 => Just(0),
        1 => ROOM as u64..ROOM as u64 + 2,
        1 => 0u64..1 << 16,
    ];
    let wrong = prop_oneof![12 => Just(0), 1 => (0u32..32).prop_map(|bit| 1u64 << bit)];
    let likely = (any::<[u64; 2]>(), len, wrong).prop_map(|([first, second], len, wrong)| {
        // No errors, no loop-back: bits 18 and 24 to 29. DD and EOP.
        let good = second & 0xffff_0000_c0fb_ffff | 0x3 | len << 32;
        [first, good ^ wrong]
    });
    prop_oneof![50 => likely, 1 => any::<[u64; 2]>()]
}

fn op() -> impl Strategy<Value = Op> {
    let packet = (prop_oneof![5 => 10..=ROOM, 1 => 10..3 * ROOM], any::<u8>());
    let packet = packet.prop_map(|(len, tag)| (len, (tag < 40).then_some(u16::from(tag) % 2)));
    let most = prop_oneof![1usize..20, 1..=MOST];
    prop_oneof![
        6 => prop::collection::vec(words(), 1..80).prop_map(Op::Report),
        6 => most.prop_map(Op::Poll),
        3 => prop::collection::vec(packet, 1..70).prop_map(Op::Alloc),
        1 => any::<bool>().prop_map(Op::Strip),
        1 => (0usize..2 * ROOM).prop_map(Op::MaxPacket),
        6 => Just(Op::Push),
        6 => prop_oneof![Just(usize::MAX), 0usize..80].prop_map(Op::Transmit),
        1 => Just(Op::Clear),
    ]
}

/// Rings of one way, and all that they can change.
struct Side<'r, F> {
    rig: &'r Rig,
    pool: &'r Pool,
    rx: RxRing<F>,
    tx: TxRing<F>,
    rx_device: RxDevice,
    tx_device: TxDevice,
    batch: FrameBatch<'r>,
    oracle: Oracle,
}

/// A frame: buffer, bytes, flags, tag, hash.
type Seen = (u32, Vec<u8>, Flags, Option<u16>, Option<u32>);

/// What can be seen of a side.
#[derive(Debug, PartialEq)]
struct Look {
    frames: Vec<Seen>,
    /// What stands in the receive ring.
    armed: Vec<[u64; 2]>,
    /// What the device was shown of the transmit ring since the last look.
    shown: Vec<[u64; 2]>,
    tails: [u32; 2],
    pending: usize,
    free: usize,
    counters: [u64; 10],
}

impl<'r, F: Model> Side<'r, F> {
    fn new(rig: &'r Rig, pool: &'r Pool, lens: [usize; 2]) -> Side<'r, F> {
        let (rx, rx_device) = rig.rx(lens[0], 8);
        let config = TxConfig { max_packet: ROOM, max_chain: 2, ..rig.tx_config(lens[1]) };
        let (tx, tx_device) = rig.tx(config);
        assert_eq!((rx.simd(), tx.simd()), (rig.simd, rig.simd));
        let batch = pool.batch(MOST);
        Side { rig, pool, rx, tx, rx_device, tx_device, batch, oracle: Oracle::default() }
    }

    fn step(&mut self, op: &Op) {
        match op {
            Op::Report(all) => {
                let fragment = |&words| Fragment { bytes: vec![1; 60], words };
                self.rx_device.send(all.iter().map(fragment));
                self.rx_device.step(usize::MAX);
            }
            Op::Poll(room) => self.poll(*room),
            Op::Alloc(packets) => {
                for &(len, tag) in packets {
                    let Some(mut packet) = self.batch.alloc(len) else { break };
                    packet.copy_from(&vec![2; len]);
                    packet.head().set_vlan(tag);
                }
            }
            Op::Strip(strip) => self.rx.set_vlan_strip(*strip),
            Op::MaxPacket(len) => self.tx.set_max_packet(*len),
            Op::Push => {
                self.tx.push(&mut self.batch);
            }
            Op::Transmit(most) => {
                self.tx_device.step(*most);
                self.tx.reap(self.pool);
            }
            Op::Clear => self.batch.clear(),
        }
    }

    /// Receives into a batch with room for so many, and adds that to the others as far as it fits.
    fn poll(&mut self, room: usize) {
        self.oracle.learn(&mut self.rx_device);
        let mut batch = self.pool.batch(room);
        let mut expected = self.oracle.poll(room, room, 8);
        if !self.rx.vlan_strip() {
            let reports = expected.iter_mut().flatten();
            reports.for_each(|written| written.report.vlan = None);
        }
        self.rx.poll(&mut batch);
        compare(F::CHIP, &batch, 0, &expected);
        self.oracle.check(self.rx.counters());
        batch.move_to(&mut self.batch, usize::MAX);
    }

    fn look(&mut self) -> Look {
        self.rx_device.fetch();
        self.tx_device.fetch();
        let frames = self.batch.frames().map(|frame| {
            let known = (frame.vlan(), frame.rss_hash());
            (frame.buffer(), frame.data().to_vec(), frame.flags(), known.0, known.1)
        });
        let (rx, tx) = (self.rx.counters(), self.tx.counters());
        let received = [&rx.packets, &rx.bytes, &rx.errors, &rx.bad_length, &rx.too_long];
        let sent = [&tx.packets, &tx.bytes, &tx.completed, &tx.invalid, &tx.lost];
        let counters: Vec<_> = received.into_iter().chain(sent).map(|c| c.value()).collect();
        Look {
            frames: frames.collect(),
            armed: self.rx_device.memory(),
            shown: self.tx_device.words.drain(..).collect(),
            tails: [self.rx_device.tail(), self.tx_device.tail()],
            pending: self.tx.pending(),
            free: self.pool.free(),
            counters: counters.try_into().unwrap(),
        }
    }

    fn end(self) {
        drop(self.batch);
        self.rig.release_tx(self.tx, self.tx_device);
        self.rig.release_rx(self.rx, self.rx_device);
    }
}

fn run<F: Model>(ops: &[Op], lens: [usize; 2], limit: usize) {
    let rigs: Vec<_> = Rig::each(lens[0] + lens[1] + MOST, ROOM).collect();
    let pools: Vec<_> = rigs.iter().map(|rig| Pool::new(&rig.arena, limit)).collect();
    let sides = rigs.iter().zip(&pools);
    let mut sides: Vec<_> = sides.map(|(rig, pool)| Side::<F>::new(rig, pool, lens)).collect();
    for op in ops {
        sides.iter_mut().for_each(|side| side.step(op));
        let (plain, others) = sides.split_first_mut().unwrap();
        let expected = plain.look();
        for side in others {
            assert_eq!(side.look(), expected, "{} after {op:?}", side.rig.simd);
        }
    }
    // Every buffer comes home: each is in one place only.
    sides.into_iter().for_each(Side::end);
    drop(pools);
    rigs.iter().for_each(Rig::check_all_home);
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn all_ways_do_the_same(
        ops in prop::collection::vec(op(), 1..60),
        bits in [6u32..9, 6u32..9],
        limit in 64usize..400,
    ) {
        let lens = bits.map(|bits| 1 << bits);
        run::<Adv82576>(&ops, lens, limit);
        run::<AdvI350>(&ops, lens, limit);
        run::<Adv82599>(&ops, lens, limit);
        run::<AdvX540>(&ops, lens, limit);
    }
}
