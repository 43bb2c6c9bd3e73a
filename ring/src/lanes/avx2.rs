//! Eight descriptors at a time, two in each register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Arrivals, Departures, Lanes, Moved, Plain, RxTerms, TxTerms};
use crate::arena::Iovas;
use crate::format::RxTables;
use crate::frame::{Flags, Frame};
use crate::frames::Frames;
use crate::slots::{PAIRS, Slot, load_pairs, store_pair};
use crate::{BLOCK, Format};

/// Eight descriptors at a time, by AVX2.
pub(crate) struct Avx2;

super::lanes_of_functions!(Avx2);

/// The first so many of eight, in the order that [`transpose`] gives: the even ones, then the odd ones.
const FIRST: [u32; PAIRS + 1] = {
    let mut first = [0; PAIRS + 1];
    let mut i = 0;
    while i < PAIRS {
        first[i + 1] = first[i] | 1 << (i / 2 + i % 2 * 4);
        i += 1;
    }
    first
};

/// Words of eight descriptors, in the order that [`transpose`] gives.
#[derive(Clone, Copy)]
struct Words {
    types: __m256i,
    hashes: __m256i,
    status: __m256i,
    /// Lengths, and tags in the upper halves.
    lengths: __m256i,
}

/// Two by two: the even ones of eight in the lower half, the odd ones in the upper.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose(pairs: [__m256i; 4]) -> Words {
    let near = _mm256_unpacklo_epi32(pairs[0], pairs[1]);
    let far = _mm256_unpacklo_epi32(pairs[2], pairs[3]);
    let types = _mm256_unpacklo_epi64(near, far);
    let hashes = _mm256_unpackhi_epi64(near, far);
    let near = _mm256_unpackhi_epi32(pairs[0], pairs[1]);
    let far = _mm256_unpackhi_epi32(pairs[2], pairs[3]);
    let status = _mm256_unpacklo_epi64(near, far);
    let lengths = _mm256_unpackhi_epi64(near, far);
    Words { types, hashes, status, lengths }
}

/// The other way round.
#[target_feature(enable = "avx2")]
#[inline]
fn transpose_back(words: [__m256i; 4]) -> [__m256i; 4] {
    let near = _mm256_unpacklo_epi32(words[0], words[1]);
    let far = _mm256_unpacklo_epi32(words[2], words[3]);
    let [first, second] = [_mm256_unpacklo_epi64(near, far), _mm256_unpackhi_epi64(near, far)];
    let near = _mm256_unpackhi_epi32(words[0], words[1]);
    let far = _mm256_unpackhi_epi32(words[2], words[3]);
    [first, second, _mm256_unpacklo_epi64(near, far), _mm256_unpackhi_epi64(near, far)]
}

/// See [`Lanes::receive`].
///
/// # Safety
/// As for [`Lanes::receive`].
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn receive<F: Format>(mut arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    let mut all = Moved::default();
    let most = arrivals.most.min(frames.room());
    while all.frames < most {
        // Up to the ring's end, and then from its start on.
        let buffers = &arrivals.shadow[arrivals.descriptors.slot(arrivals.next)..];
        let slots = arrivals.descriptors.run(arrivals.next, buffers.len());
        arrivals.most = (most - all.frames).min(buffers.len());
        // SAFETY: promised by the caller; the batch has room for so many, and slack.
        let mut run = unsafe {
            let (eights, _) = slots.as_chunks();
            receive_eights::<F>(eights, buffers, arrivals.most, arrivals.terms, frames.end())
        };
        // SAFETY: they were written.
        unsafe { frames.added(run.frames) }
        let near_end = buffers.len() - run.frames < PAIRS;
        if run.frames < arrivals.most && near_end {
            let next = arrivals.next.wrapping_add(run.frames as u32);
            let rest = Arrivals { next, most: arrivals.most - run.frames, ..arrivals };
            // SAFETY: every CPU has what it takes.
            run += unsafe { Plain::receive::<F>(rest, frames) };
        }
        all += run;
        if run.frames < arrivals.most {
            break;
        }
        arrivals.next = arrivals.next.wrapping_add(run.frames as u32);
    }
    all
}

/// As [`receive`], for these descriptors with these buffers: as far as there are eight to look at.
///
/// # Safety
/// As for [`Lanes::receive`], and there is room for `most` frames, and for eight behind them.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn receive_eights<F: Format>(
    slots: &[[Slot; PAIRS]],
    buffers: &[u32],
    most: usize,
    terms: &RxTerms,
    to: *mut Frame,
) -> Moved {
    let headroom = _mm256_set1_epi32(terms.headroom().into());
    // Where in memory is what each word is of.
    let order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
    let mut sums = _mm256_setzero_si256();
    let mut done = 0;
    for (slots, buffers) in slots.iter().zip(buffers.as_chunks::<PAIRS>().0) {
        if done >= most {
            break;
        }
        // SAFETY: there are as many buffers.
        let buffers = unsafe { _mm256_loadu_si256(buffers.as_ptr().cast()) };
        let words = transpose(load_pairs(slots));
        let (good, lengths) = good::<F>(&words, terms.data_room);
        let flags = flags::<F>(&words, terms.believed);
        let frame = transpose_back([
            _mm256_permutevar8x32_epi32(buffers, order),
            _mm256_or_si256(_mm256_slli_epi32(words.lengths, 16), headroom),
            _mm256_or_si256(_mm256_srli_epi32(words.lengths, 16), flags),
            words.hashes,
        ]);
        for (i, two) in frame.into_iter().enumerate() {
            // SAFETY: promised by the caller.
            unsafe { _mm256_storeu_si256(to.add(done + 2 * i).cast(), two) }
        }
        // Counted only if some are missing: the CPU goes on as if none were, and does not wait for them.
        let wanted = PAIRS.min(most - done);
        let all = good & FIRST[wanted] == FIRST[wanted];
        let count = if all { wanted } else { leading(good) };
        let counted = _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), order);
        sums = _mm256_add_epi32(sums, _mm256_and_si256(lengths, counted));
        done += count;
        if !all {
            break;
        }
    }
    Moved { frames: done, bytes: sum(sums).into() }
}

/// Which of eight descriptors are done and good packets of one buffer, and their lengths.
#[target_feature(enable = "avx2")]
#[inline]
fn good<F: Format>(words: &Words, data_room: u32) -> (u32, __m256i) {
    let bits = const { F::RX_BITS };
    let set = |bits: u32| _mm256_set1_epi32(bits as i32);
    let care = set(bits.done | bits.end | bits.error | bits.swapped_tag);
    let plain = _mm256_cmpeq_epi32(_mm256_and_si256(words.status, care), set(bits.done | bits.end));
    let lengths = _mm256_and_si256(words.lengths, set(0xffff));
    // Compared as signed: the lowest number for 1, and the highest for 0.
    let bias = 1 << 31;
    let fits = _mm256_cmpgt_epi32(set(bias + data_room), _mm256_add_epi32(lengths, set(bias - 1)));
    let good = _mm256_castsi256_ps(_mm256_and_si256(plain, fits));
    (_mm256_movemask_ps(good) as u32, lengths)
}

/// How many of eight come before the first that is missing, in that order.
#[inline]
fn leading(which: u32) -> usize {
    let (even, odd) = ((which & 0xf).trailing_ones(), (which >> 4).trailing_ones());
    (2 * even).min(2 * odd + 1) as usize
}

/// What eight descriptors say, as [`Flags`] in the upper halves of words.
#[target_feature(enable = "avx2")]
#[inline]
fn flags<F: Format>(words: &Words, believed: u64) -> __m256i {
    let tables = const { &RxTables::new(&F::RX_BITS) };
    let set = |bits: u32| _mm256_set1_epi32(bits as i32);
    let look = |table: &[u8; 16], at: __m256i| {
        // SAFETY: a table is sixteen bytes.
        let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
        _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), at)
    };
    // Only of a tag it is ever not believed that there is one.
    let told = _mm256_srli_epi32::<{ RxTables::TOLD as i32 }>(words.status);
    let told =
        look(&tables.told, _mm256_and_si256(told, set(believed as u32 >> RxTables::TOLD & 0xf)));
    let found = look(&tables.found, _mm256_srli_epi32::<{ RxTables::FOUND as i32 }>(words.status));
    let ip = _mm256_and_si256(_mm256_srli_epi32::<{ RxTables::IP as i32 }>(words.types), set(0xf));
    let ip = look(&tables.ip, ip);
    // Of a byte whose highest bit is set the shuffle makes 0.
    let above =
        _mm256_and_si256(_mm256_srli_epi32::<{ RxTables::ABOVE as i32 }>(words.types), set(0x8f));
    let known = _mm256_or_si256(look(&tables.holds, above), set(Flags::VLAN.0.into()));
    let low = _mm256_or_si256(_mm256_and_si256(told, found), ip);
    let low = _mm256_and_si256(low, known);
    let rss = look(&tables.rss, _mm256_and_si256(words.types, set(0xf)));
    let high = _mm256_or_si256(rss, look(&tables.l4, above));
    _mm256_or_si256(
        _mm256_slli_epi32(low, 16),
        _mm256_slli_epi32::<{ 16 + RxTables::HIGH as i32 }>(high),
    )
}

/// The sum of eight words.
#[target_feature(enable = "avx2")]
#[inline]
fn sum(words: __m256i) -> u32 {
    let words = _mm_add_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    let words = _mm_add_epi32(words, _mm_unpackhi_epi64(words, words));
    (_mm_cvtsi128_si32(words) as u32).wrapping_add(_mm_extract_epi32(words, 1) as u32)
}

/// See [`Lanes::arm`].
///
/// # Safety
/// As for [`Lanes::arm`].
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn arm<F: Format>(slots: &[Slot; BLOCK], block: &[u32; BLOCK], iovas: Iovas, headroom: u16) {
    let [first, second] = const { F::RX_ARM };
    let first = _mm256_set1_epi64x((first | iovas.of(0, headroom)) as i64);
    let second = _mm256_set1_epi64x(second as i64);
    let (slots, _) = slots.as_chunks::<2>();
    for (slots, four) in slots.as_chunks::<2>().0.iter().zip(block.as_chunks::<4>().0) {
        // SAFETY: four buffers are there.
        let buffers = unsafe { _mm_loadu_si128(four.as_ptr().cast()) };
        let addresses = _mm256_slli_epi64(_mm256_cvtepu32_epi64(buffers), 6);
        let addresses = _mm256_add_epi64(addresses, first);
        let near = _mm256_permute4x64_epi64(addresses, 0b0101_0000);
        let far = _mm256_permute4x64_epi64(addresses, 0b1111_1010);
        store_pair(&slots[0], _mm256_blend_epi32(near, second, 0b1100_1100));
        store_pair(&slots[1], _mm256_blend_epi32(far, second, 0b1100_1100));
    }
}

/// See [`Lanes::send_all`].
///
/// # Safety
/// As for [`Lanes::send`].
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn send_all<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Option<u64> {
    let Departures { descriptors, shadow, next, terms } = departures;
    let start = descriptors.slot(next);
    let slots = descriptors.all(next, frames.len())?;
    let buffers = shadow.get_mut(start..start + frames.len())?;
    let moved = fours::<F>(slots, buffers, frames, terms);
    (moved.frames == frames.len()).then_some(moved.bytes)
}

/// See [`Lanes::send`].
///
/// # Safety
/// As for [`Lanes::send`].
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn send<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Moved {
    let Departures { descriptors, shadow, next, terms } = departures;
    let mut all = Moved::default();
    while all.frames < frames.len() {
        // Up to the ring's end, and then from its start on.
        let next = next.wrapping_add(all.frames as u32);
        let frames = &frames[all.frames..];
        let slots = descriptors.run(next, frames.len());
        let frames = &frames[..slots.len()];
        let start = descriptors.slot(next);
        let buffers = &mut shadow[start..start + frames.len()];
        let mut run = fours::<F>(slots, buffers, frames, terms);
        if run.frames < frames.len() {
            let next = next.wrapping_add(run.frames as u32);
            let rest = Departures { descriptors, shadow: &mut *shadow, next, terms };
            // SAFETY: promised by the caller; every CPU has what it takes.
            run += unsafe { Plain::send::<F>(rest, &frames[run.frames..]) };
        }
        all += run;
        if run.frames < frames.len() {
            break;
        }
    }
    all
}

/// As [`send`], to these descriptors, of which there are as many as frames: as far as there are four that
/// can be sent.
#[target_feature(enable = "avx2")]
#[inline]
fn fours<F: Format>(
    slots: &[Slot],
    buffers: &mut [u32],
    frames: &[Frame],
    terms: &TxTerms,
) -> Moved {
    // Words of 64 bits, of two frames or descriptors.
    let words = |[first, second]: [u64; 2]| {
        _mm256_setr_epi64x(first as i64, second as i64, first as i64, second as i64)
    };
    let wanted = words(terms.wanted);
    let mask = words(terms.mask);
    // In parts of 16 bits: the length, and all that has to be nothing.
    let most = words([terms.over[0], 0]);
    // Buffer and length to the two words of a descriptor; offset and length.
    let near = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        0, 1, 2, 3, -1, -1, -1, -1, 6, 7, -1, -1, -1, -1, -1, -1,
    ));
    let far = _mm256_broadcastsi128_si256(_mm_setr_epi8(
        4, 5, -1, -1, -1, -1, -1, -1, 6, 7, -1, -1, -1, -1, -1, -1,
    ));
    // Buffers are numbered by lines of 64 bytes.
    let shift = words([6, F::TX_PAYLOAD_SHIFT.into()]);
    let common = words(terms.common);
    let mut bytes = _mm256_setzero_si256();
    let mut done = 0;
    let (pairs, _) = slots.as_chunks::<2>();
    let (fours, _) = pairs.as_chunks::<2>();
    let (buffers, _) = buffers.as_chunks_mut::<4>();
    for ((four, slots), buffers) in frames.as_chunks::<4>().0.iter().zip(fours).zip(buffers) {
        // SAFETY: four frames are there.
        let pairs: [__m256i; 2] = unsafe {
            let at = four.as_ptr().cast();
            [_mm256_loadu_si256(at), _mm256_loadu_si256(at.add(1))]
        };
        // Parts of 16 bits: what is left of the length, and what of the rest differs.
        let refused = pairs.map(|pair| {
            let left = _mm256_sub_epi16(_mm256_and_si256(pair, mask), wanted);
            _mm256_subs_epu16(left, most)
        });
        let refused = _mm256_or_si256(refused[0], refused[1]);
        if _mm256_testz_si256(refused, refused) == 0 {
            break;
        }
        for (slots, pair) in slots.iter().zip(pairs) {
            let lengths = _mm256_shuffle_epi8(pair, far);
            let words = _mm256_sllv_epi64(_mm256_shuffle_epi8(pair, near), shift);
            let words = _mm256_add_epi64(_mm256_add_epi64(words, lengths), common);
            bytes = _mm256_add_epi64(bytes, lengths);
            store_pair(slots, words);
        }
        // Buffers 0 and 2, and in the upper half 1 and 3.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 0, 4, 1, 5);
        let four = _mm256_unpacklo_epi32(pairs[0], pairs[1]);
        let four = _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(four, order));
        // SAFETY: four places are there.
        unsafe { _mm_storeu_si128(buffers.as_mut_ptr().cast(), four) }
        done += 4;
    }
    let bytes = _mm256_extract_epi64(bytes, 1) + _mm256_extract_epi64(bytes, 3);
    Moved { frames: done, bytes: bytes as u64 }
}
