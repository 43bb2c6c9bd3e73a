//! Sending where nobody reaps: pushes look for what is done once in a while, and nothing is lost, sent twice,
//! or left without a report for it.

use std::collections::VecDeque;

use barline_ring::{Adv82576, Adv82599, FrameBatch, Pool, TxConfig, TxRing};
use proptest::prelude::*;

use crate::model::{Model, Rig, TxDevice, packet_bytes};

/// Room in a buffer.
const ROOM: usize = 1024;

/// Longest packet at first.
const LONGEST: usize = 1500;

/// RS, in a descriptor's second word.
const REPORT: u64 = 1 << 27;

#[derive(Clone, Debug)]
enum Op {
    /// So many packets of a length, with a tag.
    Make(usize, usize, Option<u16>),
    /// The same tag for all that wait.
    Tag(Option<u16>),
    Push,
    /// The device does so many descriptors.
    Step(usize),
    /// The longest packet from now on.
    Longest(usize),
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let tag = prop_oneof![3 => Just(None), 2 => (0u16..2).prop_map(Some)];
    let len =
        prop_oneof![20 => 17..=ROOM, 1 => 1usize..20, 1 => ROOM..3 * ROOM, 2 => Just(60usize)];
    prop_oneof![
        30 => (len, 1usize..40, tag.clone()).prop_map(|(len, count, tag)| Op::Make(len, count, tag)),
        4 => tag.prop_map(Op::Tag),
        50 => Just(Op::Push),
        25 => prop_oneof![2 => Just(usize::MAX), 1 => 0usize..50].prop_map(Op::Step),
        2 => prop::sample::select(vec![0, 16, 17, 60, LONGEST, 70_000]).prop_map(Op::Longest),
        1 => Just(Op::Restart),
    ]
}

/// A packet by its number, length and tag.
type Packet = (u32, usize, Option<u16>);

/// What has to be so.
struct Books {
    max_chain: usize,
    longest: usize,
    made: u32,
    waiting: VecDeque<Packet>,
    sent: VecDeque<Packet>,
    packets: u64,
    bytes: u64,
    invalid: u64,
}

impl Books {
    fn make(&mut self, batch: &mut FrameBatch<'_>, len: usize, tag: Option<u16>) {
        if let Some(mut packet) = batch.alloc(len) {
            packet.copy_from(&packet_bytes(self.made, len));
            packet.head().set_vlan(tag);
            self.waiting.push_back((self.made, len, tag));
            self.made += 1;
        }
    }

    /// Pushes, and looks at what the device is shown.
    fn push<F: Model>(
        &mut self,
        tx: &mut TxRing<F>,
        batch: &mut FrameBatch<'_>,
        device: &mut TxDevice,
        len: usize,
    ) {
        let before = self.packets;
        let mut left = tx.push(batch);
        while left > 0 {
            let packet = self.waiting.pop_front().expect("no more than there are");
            let frames = packet.1.div_ceil(ROOM);
            left -= frames;
            if (17..=self.longest).contains(&packet.1) && frames <= self.max_chain {
                (self.packets, self.bytes) = (self.packets + 1, self.bytes + packet.1 as u64);
                self.sent.push_back(packet);
            } else {
                self.invalid += 1;
            }
        }
        if let Some((_, next, _)) = self.waiting.front() {
            assert!(tx.pending() + next.div_ceil(ROOM) + 2 > len, "it stopped with room");
        }
        assert!(tx.pending() < len);
        device.fetch();
        let shown = std::mem::take(&mut device.words);
        assert_eq!(shown.is_empty(), self.packets == before);
        if let Some(last) = shown.last() {
            assert!(last[1] & REPORT != 0, "the end of a burst reports");
            assert!(tx.watch().waiting_at().is_some());
        }
    }

    fn check(&mut self, device: &mut TxDevice) {
        for sent in device.sent.drain(..) {
            let (number, len, tag) = self.sent.pop_front().expect("no more than were sent");
            assert_eq!((sent.vlan, &sent.bytes), (tag, &packet_bytes(number, len)));
        }
    }
}

fn run<F: Model>(ops: &[Op], len: usize, buffers: usize, max_chain: usize) {
    for rig in Rig::each(buffers, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let config = TxConfig { max_packet: LONGEST, max_chain, ..rig.tx_config(len) };
        let (mut tx, mut device) = rig.tx::<F>(config);
        let mut batch = pool.batch(200);
        let mut books = Books {
            max_chain,
            longest: LONGEST,
            made: 0,
            waiting: VecDeque::new(),
            sent: VecDeque::new(),
            packets: 0,
            bytes: 0,
            invalid: 0,
        };
        for op in ops {
            match *op {
                Op::Make(len, count, tag) => {
                    (0..count).for_each(|_| books.make(&mut batch, len, tag));
                }
                Op::Tag(tag) => {
                    batch.set_vlan(tag);
                    books.waiting.iter_mut().for_each(|packet| packet.2 = tag);
                }
                Op::Push => books.push(&mut tx, &mut batch, &mut device, len),
                Op::Step(count) => {
                    device.step(count);
                    books.check(&mut device);
                }
                Op::Longest(longest) => {
                    tx.set_max_packet(longest);
                    books.longest = longest;
                }
                Op::Restart => {
                    rig.restart_tx(&mut tx, &mut device);
                    books.sent.clear();
                    device.sent.clear();
                    device.words.clear();
                }
            }
            if device.waiting() == 0 {
                assert_eq!(tx.watch().waiting_at(), None, "all was reported");
            }
            let counters = tx.counters();
            let counted =
                (counters.packets.value(), counters.bytes.value(), counters.invalid.value());
            assert_eq!(counted, (books.packets, books.bytes, books.invalid));
            rig.check_batches(&[&batch]);
        }
        device.step(usize::MAX);
        books.check(&mut device);
        assert!(books.sent.is_empty());
        batch.clear();
        assert_eq!(tx.push(&mut batch), 0);
        assert_eq!(tx.pending(), 0, "an empty push frees all that is done");
        let counters = tx.counters();
        assert_eq!(counters.completed.value() + counters.lost.value(), books.packets);
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

proptest! {
    #![proptest_config(crate::cases())]

    #[test]
    fn pushes_alone_lose_nothing(
        ops in prop::collection::vec(op(), 1..120),
        bits in 6u32..9,
        buffers in 40usize..500,
        max_chain in 1usize..5,
    ) {
        run::<Adv82576>(&ops, 1 << bits, buffers, max_chain);
        run::<Adv82599>(&ops, 1 << bits, buffers, max_chain);
    }
}
