//! Transmit descriptors that make no sense.

use softnic::Malformed;

use super::rig::{Rig, frame};
use super::tx_ring::*;

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

/// A packet of 100 bytes in one piece is right with these bits, and its length.
const RIGHT: u64 = DATA | DEXT | IFCS | EOP | RS;

/// A case: what is wrong, contexts given before, and descriptors with the lengths of their buffers.
struct Case {
    kind: Malformed,
    contexts: Vec<[u64; 2]>,
    words: Vec<u64>,
}

fn case(kind: Malformed, contexts: &[[u64; 2]], words: &[u64]) -> Case {
    Case { kind, contexts: contexts.to_vec(), words: words.to_vec() }
}

fn cases() -> Vec<Case> {
    let tcp = V4 | L4_TCP;
    let good = context([14, 20, 20], 0, 40, tcp);
    let plain = RIGHT | 100 | paylen(100);
    let sums = plain | IXSM | TXSM;
    let tso = RIGHT | 100 | paylen(46) | TSE | IXSM | TXSM;
    vec![
        case(Malformed::Legacy, &[], &[plain & !DEXT]),
        case(Malformed::Type, &[], &[plain & !DATA | 1 << 20]),
        case(Malformed::Type, &[], &[plain & !EOP, CONTEXT | DEXT | EOP | RS]),
        case(Malformed::Empty, &[], &[RIGHT | paylen(0)]),
        case(Malformed::Empty, &[], &[RIGHT & !EOP | 100 | paylen(100), RIGHT | paylen(100)]),
        case(
            Malformed::NoEnd,
            &[],
            &[[RIGHT & !EOP | 10 | paylen(410); 40].as_slice(), &[RIGHT | 10]].concat(),
        ),
        case(Malformed::NoFcs, &[], &[plain & !IFCS]),
        case(Malformed::PayloadLength, &[], &[RIGHT | 100 | paylen(99)]),
        case(Malformed::PayloadLength, &[], &[RIGHT & !EOP | 50 | paylen(100), RIGHT | 51]),
        case(Malformed::PayloadLength, &[good], &[RIGHT | 100 | paylen(100) | TSE | IXSM | TXSM]),
        case(Malformed::Short, &[], &[RIGHT | 16 | paylen(16)]),
        case(Malformed::Long, &[], &[RIGHT | 9725 | paylen(9725)]),
        case(Malformed::Long, &[context([14, 20, 20], 0, 9999, tcp)], &[TSO_LONG]),
        case(Malformed::ContextIndex, &[], &[plain | idx(2)]),
        case(
            Malformed::ContextIndex,
            &[context([14, 20, 20], 0, 40, tcp | idx(5) | EOP)],
            &[plain | VLE],
        ),
        case(Malformed::NoContext, &[], &[plain | VLE]),
        case(Malformed::NoContext, &[good], &[sums | idx(1)]),
        case(Malformed::SegmentationWithoutContext, &[], &[tso]),
        case(Malformed::Headers, &[context([13, 20, 20], 0, 40, tcp)], &[plain | IXSM]),
        case(Malformed::Headers, &[context([14, 19, 20], 0, 40, tcp)], &[plain | IXSM]),
        case(Malformed::Headers, &[context([14, 87, 20], 0, 40, tcp)], &[plain | IXSM]),
        case(Malformed::Headers, &[context([14, 69, 20], 0, 40, tcp)], &[plain | TXSM]),
        case(Malformed::Headers, &[context([14, 20, 19], 0, 40, tcp)], &[tso]),
        case(Malformed::Headers, &[context([14, 20, 66], 0, 40, tcp)], &[tso]),
        case(Malformed::Headers, &[context([14, 20, 20], 0, 40, L4_TCP)], &[tso]),
        case(Malformed::SegmentSize, &[context([14, 20, 20], 0, 0, tcp)], &[tso]),
        case(Malformed::Offload, &[context([14, 20, 20], 0, 40, V4 | 3 << 11)], &[plain | TXSM]),
        case(Malformed::Offload, &[context([14, 20, 20], 0, 40, V4 | L4_SCTP)], &[tso]),
        case(Malformed::Offload, &[context([14, 20, 20], 0, 40, tcp | 1 << 15)], &[plain | TXSM]),
        case(Malformed::Offload, &[good], &[plain | 1 << 42]),
    ]
}

const TSO_LONG: u64 = RIGHT | 20_000 | (20_000 - 54) << 46 | TSE | IXSM | TXSM;

/// Puts a case into a ring; each piece has a buffer of 20000 bytes. The number of the last descriptor.
fn put(rig: &Rig, ring: &mut TxRing, case: &Case, bits: u64) -> usize {
    for words in &case.contexts {
        ring.put(rig, *words);
    }
    let address = ring.address(0);
    case.words.iter().map(|word| ring.put(rig, [address, word | bits])).last().unwrap()
}

fn started(options: &str) -> (Rig, TxRing, [u8; 6]) {
    let mut rig = Rig::new(options);
    let mac = rig.open(0);
    let ring = TxRing::with_room(&mut rig, 0, 0, 128, 0, 20_000);
    rig.ram.write(ring.address(0), &frame(PEER, mac, 20_000, 0));
    (rig, ring, mac)
}

#[test]
fn without_detection_the_packet_is_dropped_and_the_queue_goes_on() {
    for (n, case) in cases().iter().enumerate() {
        let model = ["82599", "x550"][n % 2];
        let (mut rig, mut ring, mac) = started(&format!("vfs=2,model={model}"));
        let last = put(&rig, &mut ring, case, 0);
        let good = ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], 0, 0, 60);
        ring.ring_doorbell(&mut rig);
        rig.settle();
        let counters = rig.counters(0);
        assert!(counters.tx_malformed.of(case.kind) > 0, "case {n}: {}", case.kind);
        assert_eq!(rig.taken().len(), 1, "case {n}: {}", case.kind);
        assert!(ring.is_done(&rig, good), "case {n}: {}", case.kind);
        let wants_report = case.words.last().unwrap() & RS != 0;
        assert_eq!(ring.is_done(&rig, last), wants_report, "case {n}: {}", case.kind);
        assert_eq!(counters.mdd_events, 0);
        assert_eq!(ring.head(&mut rig) as usize, ring.tail);
    }
}

#[test]
fn what_makes_sense_is_not_counted() {
    let (mut rig, mut ring, _) = started("vfs=2");
    let tcp = V4 | L4_TCP;
    for words in [context([14, 20, 20], 7, 40, tcp), context([14, 20, 20], 0, 9000, tcp | idx(1))] {
        ring.put(&rig, words);
    }
    let address = ring.address(0);
    let plain = RIGHT | 100 | paylen(100);
    let words = [
        plain,
        plain | VLE | IXSM | TXSM,
        plain | CC | idx(1),
        RIGHT | 17 | paylen(17),
        RIGHT | 9724 | paylen(9724),
        RIGHT | 100 | paylen(46) | TSE | IXSM | TXSM,
        TSO_LONG | idx(1),
    ];
    for word in words {
        ring.put(&rig, [address, word]);
    }
    ring.ring_doorbell(&mut rig);
    rig.settle();
    assert_eq!(rig.counters(0).tx_malformed.total(), 0);
    // Two and three segments of the last two; the tagged one is of a VLAN that is not the VF's.
    assert_eq!((rig.taken().len(), rig.counters(0).tx_spoofed), (9, 1));
}

#[test]
fn with_detection_the_queue_stops_until_a_reset() {
    for (n, case) in cases().iter().enumerate() {
        let (mut rig, mut ring, mac) = started("vfs=2,model=x550,mdd=on");
        let mut other = TxRing::start(&mut rig, 0, 1, 64, 0);
        // Both contexts are there, so that only what the case is about is wrong.
        for index in [0, 1] {
            let words = context([14, 20, 20], 0, 40, V4 | L4_TCP | idx(index));
            ring.put(&rig, words);
            other.put(&rig, words);
        }
        let no_context =
            [Malformed::NoContext, Malformed::SegmentationWithoutContext].contains(&case.kind);
        let last = put(&rig, &mut ring, case, CC);
        let next = ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], 0, CC, 60);
        other.put_packet(&rig, &[&frame(PEER, mac, 60, 2)], 0, CC, 60);
        ring.ring_doorbell(&mut rig);
        other.ring_doorbell(&mut rig);
        rig.settle();
        if no_context {
            continue; // With contexts these are right.
        }
        let counters = rig.counters(0);
        assert_eq!(counters.mdd_events, 1, "case {n}: {}", case.kind);
        assert_eq!(counters.tx_malformed.total(), 1, "case {n}: {}", case.kind);
        assert!(!ring.is_done(&rig, last) && !ring.is_done(&rig, next), "case {n}");
        assert_eq!(rig.taken().len(), 1, "the other queue's; case {n}");

        // Turning the queue off and on does not help, a reset of the function does.
        ring.restart(&mut rig, 0);
        ring.put(&rig, context([14, 0, 0], 0, 0, 0));
        ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], 0, CC, 60);
        ring.ring_doorbell(&mut rig);
        assert_eq!(rig.settle(), 0);
        rig.greet(0);
        ring.restart(&mut rig, 0);
        ring.put(&rig, context([14, 0, 0], 0, 0, 0));
        ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], 0, CC, 60);
        ring.ring_doorbell(&mut rig);
        assert_eq!(rig.settle(), 1, "case {n}");
    }
}

#[test]
fn with_detection_every_packet_needs_a_context_and_cc() {
    let given = [context([14, 0, 0], 0, 0, 0)];
    for (contexts, bits) in [(&given[..0], CC), (&given[..], 0), (&given[..], CC | idx(1))] {
        let (mut rig, mut ring, mac) = started("vfs=2,model=x550,mdd=on");
        contexts.iter().for_each(|words| _ = ring.put(&rig, *words));
        ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], 0, bits, 60);
        ring.ring_doorbell(&mut rig);
        assert_eq!(rig.settle(), 0);
        assert_eq!(rig.counters(0).tx_malformed.of(Malformed::ContextUnchecked), 1);
    }
    let (mut rig, mut ring, mac) = started("vfs=2,model=x550,mdd=on");
    ring.put(&rig, given[0]);
    for n in 0..3 {
        ring.put_packet(&rig, &[&frame(PEER, mac, 60, n)], 0, CC, 60);
    }
    ring.ring_doorbell(&mut rig);
    assert_eq!(rig.settle(), 3);
}

#[test]
fn a_malformed_packet_is_dropped_up_to_its_end() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    let address = ring.address(0);
    let plain = RIGHT | 100 | paylen(100);
    // The pieces behind the empty one would be packets by themselves.
    for word in [RIGHT & !EOP, plain & !EOP, plain & !EOP, plain] {
        ring.put(&rig, [address, word]);
    }
    ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], 0, 0, 60);
    ring.ring_doorbell(&mut rig);
    rig.settle();
    assert_eq!(rig.taken(), [frame(PEER, mac, 60, 1)]);
    assert_eq!(rig.counters(0).tx_malformed.total(), 1);
}

#[test]
fn a_queue_that_was_set_up_anew_has_no_contexts() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    for round in 0..2 {
        ring.put(&rig, context([14, 0, 0], 0, 0, 0));
        ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], VLE, 0, 60);
        ring.ring_doorbell(&mut rig);
        rig.settle();
        ring.restart(&mut rig, 0);
        ring.put_packet(&rig, &[&frame(PEER, mac, 60, 1)], VLE, 0, 60);
        ring.ring_doorbell(&mut rig);
        rig.settle();
        let counters = rig.counters(0);
        assert_eq!(counters.tx_malformed.of(Malformed::NoContext), round + 1);
        assert_eq!(counters.tx_packets, round + 1);
        ring.restart(&mut rig, 0);
    }
}

#[test]
fn a_tail_outside_the_ring_is_counted_once() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    for (n, tail) in [128, u32::MAX].into_iter().enumerate() {
        ring.set_tail(&mut rig, tail);
        rig.step();
        rig.step();
        assert_eq!(rig.counters(0).tx_malformed.of(Malformed::OutsideRing), n as u64 + 1);
    }
    ring.send(&mut rig, &frame(PEER, mac, 60, 1));
    assert_eq!(rig.settle(), 1);
}
