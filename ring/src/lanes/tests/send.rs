//! Sending.

use proptest::prelude::*;

use super::*;
use crate::frame::Flags;
use crate::tx::MIN_PACKET;
use crate::{Adv82576, Adv82599};

/// A transmit ring, frames, and which of them may be sent.
#[derive(Clone, Debug)]
struct Case {
    words: Vec<[u64; 2]>,
    shadow: Vec<u32>,
    next: u32,
    frames: Vec<Frame>,
    base: u64,
    max_packet: u16,
    mask: u64,
    wanted: u64,
    common: u64,
}

/// A frame that is as wanted, but perhaps for a bit, or for its length.
fn frame(mask: u64, wanted: u64, max_packet: u16) -> impl Strategy<Value = Frame> {
    let len = prop_oneof![
        60 => MIN_PACKET..=max_packet.max(MIN_PACKET),
        1 => MIN_PACKET - 1..MIN_PACKET + 2,
        1 => max_packet.saturating_sub(1)..=max_packet.saturating_add(2),
        1 => any::<u16>(),
    ];
    let bit = prop_oneof![20 => Just(0), 1 => (0u32..64).prop_map(|bit| 1u64 << bit)];
    (any::<u32>(), any::<u16>(), len, any::<u64>(), bit).prop_map(
        move |(index, offset, len, rest, bit)| {
            let about = (rest & !mask | wanted) ^ bit;
            let frame = Frame {
                index,
                offset,
                len,
                vlan: about as u16,
                flags: Flags((about >> 16) as u16),
                meta: (about >> 32) as u32,
            };
            assert_eq!(frame.about(), about);
            frame
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let len = (6u32..9).prop_map(|bits| 1usize << bits);
    let max_packet = prop_oneof![0u16..64, Just(1514), any::<u16>(), Just(u16::MAX)];
    let mask = prop_oneof![
        Just(u64::from(Flags::NOT_SIMPLE.0) << 16),
        Just(u64::from(u16::MAX) | u64::from(Flags::NOT_SIMPLE.0) << 16),
        Just(u64::MAX),
        any::<u64>(),
    ];
    (len, max_packet, mask, any::<u64>()).prop_flat_map(|(len, max_packet, mask, wanted)| {
        let wanted = wanted & mask;
        (
            prop::collection::vec(any::<[u64; 2]>(), len),
            prop::collection::vec(any::<u32>(), len),
            prop::collection::vec(frame(mask, wanted, max_packet), 0..len),
            (any::<u32>(), (0u64..1 << 50).prop_map(|line| line * 64)),
            // What is in the place of lengths is theirs.
            any::<u64>().prop_map(|word| word & !0xffff & u64::MAX >> 18),
        )
            .prop_map(move |(words, shadow, frames, (next, base), common)| Case {
                words,
                shadow,
                next,
                frames,
                base,
                max_packet,
                mask,
                wanted,
                common,
            })
    })
}

fn run<F: Format>(case: &Case) {
    let (mut words, mut shadow) = (case.words.clone(), case.shadow.clone());
    let mut moved = Moved::default();
    for frame in &case.frames {
        let fits = frame.len >= MIN_PACKET && frame.len <= case.max_packet;
        if frame.about() & case.mask != case.wanted || !fits {
            break;
        }
        let slot = (case.next as usize + moved.frames) % words.len();
        let len = u64::from(frame.len);
        let address = case.base + u64::from(frame.index) * 64 + u64::from(frame.offset);
        words[slot] = [address, case.common | len | len << F::TX_PAYLOAD_SHIFT];
        shadow[slot] = frame.index;
        moved.frames += 1;
        moved.bytes += len;
    }
    let alike = [case.mask, case.wanted, case.common];
    let terms = TxTerms::new(Iovas::at(case.base), case.max_packet.into(), alike);
    for (simd, all) in Simd::available().flat_map(|simd| [(simd, false), (simd, true)]) {
        let slots = slots(&case.words);
        let mut written = case.shadow.clone();
        let departures = Departures {
            descriptors: slots.descriptors(),
            shadow: &mut written,
            next: case.next,
            terms: &terms,
        };
        let counted = if all {
            let bytes = by!(simd, send_all::<F>(departures, &case.frames));
            let whole = moved.frames == case.frames.len();
            assert!(bytes.is_none_or(|bytes| whole && bytes == moved.bytes), "{simd} {bytes:?}");
            bytes.map_or(0, |_| moved.frames)
        } else {
            assert_eq!(by!(simd, send::<F>(departures, &case.frames)), moved, "{simd}");
            moved.frames
        };
        // Those behind the last that counts, as far as there are frames, may be anything: the device
        // is not told of them.
        let (mut words, mut shadow) = (words.clone(), shadow.clone());
        let found = contents(&slots);
        for behind in counted..case.frames.len() {
            let slot = (case.next as usize + behind) % words.len();
            (words[slot], shadow[slot]) = (found[slot], written[slot]);
        }
        assert_eq!(found, words, "{simd}");
        assert_eq!(written, shadow, "{simd}");
    }
}

proptest! {
    #[test]
    fn descriptors_are_what_frames_say(case in case()) {
        run::<Adv82576>(&case);
        run::<Adv82599>(&case);
    }
}
