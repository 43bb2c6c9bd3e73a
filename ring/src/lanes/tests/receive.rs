//! Receiving and arming.

use proptest::prelude::*;

use super::*;
use crate::{Adv82576, Adv82599, AdvI350, AdvX540};

/// A receive ring, and what is asked of it.
#[derive(Clone, Debug)]
struct Case {
    words: Vec<[u64; 2]>,
    shadow: Vec<u32>,
    next: u32,
    most: usize,
    /// Frames that the batch has, and those that it can take besides.
    frames: [usize; 2],
    headroom: u16,
    data_room: u16,
    strip: bool,
}

/// What is to be made of a descriptor's words before they are written.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A good packet of one buffer, whatever else is said of it.
    Good,
    /// One of a length that is hardly good, or hardly not.
    Edge(u16),
    /// All the same but for this bit of the second word.
    Bit(u32),
    /// Anything.
    Any,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        90 => Just(Kind::Good),
        2 => prop_oneof![Just(0), Just(1), Just(2), Just(u16::MAX)].prop_map(Kind::Edge),
        4 => (0u32..64).prop_map(Kind::Bit),
        1 => Just(Kind::Any),
    ]
}

impl Kind {
    fn words<F: Format>(self, [first, second]: [u64; 2], data_room: u16) -> [u64; 2] {
        let bits = F::RX_BITS;
        let good = |len: u16| {
            let keep = !u64::from(bits.error | bits.swapped_tag) & !(0xffff << 32);
            second & keep | u64::from(bits.done | bits.end) | u64::from(len) << 32
        };
        let len = 1 + (second >> 32) as u16 % data_room;
        let second = match self {
            Kind::Good => good(len),
            // 1 and 2 are data_room and data_room + 1 of some, and lengths of others.
            Kind::Edge(len) if first & 1 == 0 => good(len),
            Kind::Edge(more) => good((data_room - 1).wrapping_add(more)),
            Kind::Bit(bit) => good(len) ^ 1 << bit,
            Kind::Any => second,
        };
        [first, second]
    }
}

fn case() -> impl Strategy<Value = (Case, Vec<Kind>)> {
    let len = (6u32..9).prop_map(|bits| 1usize << bits);
    let data_room = prop_oneof![(1u16..=16).prop_map(|kib| kib * 1024), 1u16..=16384];
    len.prop_flat_map(move |len| {
        let ring = (
            prop::collection::vec(any::<[u64; 2]>(), len),
            prop::collection::vec(any::<u32>(), len),
            prop::collection::vec(kind(), len),
        );
        let rest = (any::<u32>(), 0..=len, [0usize..40, 0usize..300], 0u16..=1024, any::<bool>());
        (ring, rest, data_room.clone()).prop_map(
            |((words, shadow, kinds), (next, most, frames, headroom, strip), data_room)| {
                let case = Case { words, shadow, next, most, frames, headroom, data_room, strip };
                (case, kinds)
            },
        )
    })
}

/// What has to come out: one by one, as [`Format::rx_parse`] reads them.
fn expected<F: Format>(case: &Case, arrivals: &Arrivals<'_>) -> (Moved, Vec<Frame>) {
    let (mut moved, mut frames) = (Moved::default(), Vec::new());
    for i in 0..arrivals.most.min(case.frames[1]) {
        let slot = (case.next as usize + i) % case.words.len();
        let [first, second] = case.words[slot];
        let done = F::rx_parse(first, second & arrivals.terms.believed);
        let fits = done.len > 0 && done.len <= case.data_room;
        let swapped = second & u64::from(F::RX_BITS.swapped_tag) != 0;
        if !F::rx_done(second) || !done.end || done.error || !fits || swapped {
            break;
        }
        frames.push(Frame::received(case.shadow[slot], case.headroom, &done));
        moved.frames += 1;
        moved.bytes += u64::from(done.len);
    }
    (moved, frames)
}

fn run<F: Format>(case: &Case, kinds: &[Kind]) {
    let words = case.words.iter().zip(kinds);
    let words = words.map(|(&words, kind)| kind.words::<F>(words, case.data_room)).collect();
    let case = Case { words, ..case.clone() };
    let slots = slots(&case.words);
    let layout = Layout { headroom: case.headroom.into(), data_room: case.data_room.into() };
    let arrivals = Arrivals {
        descriptors: slots.descriptors(),
        shadow: &case.shadow,
        next: case.next,
        most: case.most,
        terms: &RxTerms::new(layout, if case.strip { u64::MAX } else { !F::RX_VLAN }),
    };
    let (moved, expected) = expected::<F>(&case, &arrivals);
    let [before, room] = case.frames;
    for simd in Simd::available() {
        let mut frames = Frames::new(before + room);
        let old = |i| Frame { index: i, ..Frame::received(0, 1, &F::rx_parse(u64::MAX, u64::MAX)) };
        frames.extend((0..before as u32).map(old));
        assert_eq!(by!(simd, receive::<F>(arrivals, &mut frames)), moved, "{simd}");
        assert!(frames[..before].iter().copied().eq((0..before as u32).map(old)), "{simd}");
        assert_eq!(frames[before..], expected, "{simd}");
        assert_eq!(contents(&slots), case.words, "{simd} writes");
    }
}

/// [`receive_four`] gives all of four, or none.
#[cfg(target_arch = "x86_64")]
fn run_four<F: Format>(case: &Case, kinds: &[Kind]) {
    // The ring does not end among them.
    let next = case.next / 4 * 4;
    let words = case.words.iter().zip(kinds);
    let words = words.map(|(&words, kind)| kind.words::<F>(words, case.data_room)).collect();
    let case = Case { words, next, frames: [0, 4], ..case.clone() };
    let slots = slots(&case.words);
    let layout = Layout { headroom: case.headroom.into(), data_room: case.data_room.into() };
    let terms = RxTerms::new(layout, if case.strip { u64::MAX } else { !F::RX_VLAN });
    let (descriptors, shadow) = (slots.descriptors(), &case.shadow[..]);
    let arrivals = Arrivals { descriptors, shadow, next, most: 4, terms: &terms };
    let (moved, expected) = expected::<F>(&case, &arrivals);
    if !Simd::Avx512.is_available() {
        return;
    }
    let start = descriptors.slot(next);
    let four = descriptors.all(next, 4).and_then(|slots| slots.first_chunk()).expect("four");
    let buffers = shadow[start..].first_chunk().expect("four");
    let mut frames = Frames::new(4);
    // SAFETY: the CPU has the instructions, and there is room.
    let bytes = unsafe { receive_four::<F>(four, buffers, &terms, frames.end()) };
    assert_eq!(bytes, (moved.frames == 4).then_some(moved.bytes));
    if bytes.is_some() {
        // SAFETY: they were written, and there is room.
        unsafe { frames.added(4) }
        assert_eq!(frames[..], expected);
    }
}

proptest! {
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn four_frames_are_what_descriptors_say_or_none((case, kinds) in case()) {
        run_four::<Adv82576>(&case, &kinds);
        run_four::<AdvI350>(&case, &kinds);
        run_four::<Adv82599>(&case, &kinds);
        run_four::<AdvX540>(&case, &kinds);
    }

    #[test]
    fn frames_are_what_descriptors_say((case, kinds) in case()) {
        run::<Adv82576>(&case, &kinds);
        run::<AdvI350>(&case, &kinds);
        run::<Adv82599>(&case, &kinds);
        run::<AdvX540>(&case, &kinds);
    }

    #[test]
    fn a_block_is_armed_and_nothing_else(
        block in prop::array::uniform32(any::<u32>()),
        base in (0u64..1 << 50).prop_map(|line| line * 64),
        headroom in 0u16..=1024,
        position in any::<u32>(),
        words in prop::collection::vec(any::<[u64; 2]>(), 128),
    ) {
        let position = position / BLOCK as u32 * BLOCK as u32;
        let mut expected = words.clone();
        for (i, &buffer) in block.iter().enumerate() {
            let address = base + u64::from(buffer) * 64 + u64::from(headroom);
            expected[(position as usize + i) % 128] = [address, 0];
        }
        for simd in Simd::available() {
            let slots = slots(&words);
            let iovas = Iovas::at(base);
            let descriptors = slots.descriptors().run(position, BLOCK).first_chunk();
            let descriptors = descriptors.expect("a block does not wrap");
            by!(simd, arm::<Adv82599>(descriptors, &block, iovas, headroom));
            prop_assert_eq!(&contents(&slots), &expected, "{}", simd);
        }
    }
}
