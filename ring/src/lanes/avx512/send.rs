//! Frames to descriptors.

use std::arch::x86_64::*;

use crate::frame::Frame;
use crate::lanes::{Departures, Lanes, Moved, Plain, TxTerms};
use crate::slots::{FOUR, Slot, WIDE, store_four};
use crate::{BLOCK, Format};

/// See [`Lanes::send_all`].
///
/// # Safety
/// As for [`Lanes::send`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
pub(super) unsafe fn send_all<F: Format>(
    departures: Departures<'_>,
    frames: &[Frame],
) -> Option<u64> {
    let Departures { descriptors, shadow, next, terms } = departures;
    if !frames.len().is_multiple_of(FOUR) {
        return None;
    }
    let start = descriptors.slot(next);
    let slots = descriptors.all(next, frames.len())?;
    let buffers = shadow.get_mut(start..start + frames.len())?;
    send_fours::<F>(slots, buffers, frames, terms)
}

/// See [`Lanes::send`].
///
/// # Safety
/// As for [`Lanes::send`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
pub(super) unsafe fn send<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Moved {
    let Departures { descriptors, shadow, next, terms } = departures;
    let mut all = Moved::default();
    // Once up to the ring's end, and once from its start on.
    while all.frames < frames.len() {
        let at = next.wrapping_add(all.frames as u32);
        let slots = descriptors.run(at, frames.len() - all.frames);
        let part = &frames[all.frames..][..slots.len()];
        let fours = slots.len() / FOUR * FOUR;
        let buffers = &mut shadow[descriptors.slot(at)..][..fours];
        let sent = send_fours::<F>(&slots[..fours], buffers, &part[..fours], terms);
        let mut moved = sent.map_or(Moved::default(), |bytes| Moved { frames: fours, bytes });
        let next = at.wrapping_add(moved.frames as u32);
        let rest = Departures { descriptors, shadow: &mut *shadow, next, terms };
        moved += send_one_by_one::<F>(rest, &part[moved.frames..]);
        all += moved;
        if moved.frames < part.len() {
            break;
        }
    }
    all
}

/// The same where there are too few frames for a register, or not all can be sent.
#[inline(never)]
fn send_one_by_one<F: Format>(departures: Departures<'_>, frames: &[Frame]) -> Moved {
    // SAFETY: every CPU has what it takes; the descriptors are free.
    unsafe { Plain::send::<F>(departures, frames) }
}

/// [`TxTerms`] as the registers have them.
#[derive(Clone, Copy)]
struct Terms {
    mask: __m512i,
    wanted: __m512i,
    over: __m512i,
    common: __m512i,
    /// By how much a descriptor's words are shifted.
    shift: __m512i,
}

impl Terms {
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn new<F: Format>(terms: &TxTerms) -> Terms {
        let words = |pair: [u64; 2]| {
            // SAFETY: as many bytes, of any value.
            _mm512_broadcast_i32x4(unsafe { std::mem::transmute::<[u64; 2], __m128i>(pair) })
        };
        Terms {
            mask: words(terms.mask),
            wanted: words(terms.wanted),
            over: words(terms.over),
            common: words(terms.common),
            // Buffers are numbered by lines of 64 bytes.
            shift: words([6, F::TX_PAYLOAD_SHIFT.into()]),
        }
    }
}

/// What has been found of frames so far.
#[derive(Clone, Copy)]
struct Found {
    /// What is highest of each word.
    over: __m512i,
    /// The sums of lengths in the odd words.
    lengths: __m512i,
}

/// Writes descriptors for these frames, as many as there are, whose number is a multiple of four; returns
/// the bytes. `None` if not all can be sent: then what was written is nothing yet, since the device was
/// not told of it.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn send_fours<F: Format>(
    slots: &[Slot],
    buffers: &mut [u32],
    frames: &[Frame],
    terms: &TxTerms,
) -> Option<u64> {
    let terms = Terms::new::<F>(terms);
    let mut found = Found { over: _mm512_setzero_si512(), lengths: _mm512_setzero_si512() };
    let few = frames.len() % WIDE;
    let (few_frames, frames) = frames.split_at(few);
    let (few_slots, slots) = slots.split_at(few);
    let (few_buffers, buffers) = buffers.split_at_mut(few);
    let (few_slots, few_frames) = (few_slots.as_chunks().0, few_frames.as_chunks().0);
    let few_buffers = few_buffers.as_chunks_mut::<FOUR>().0;
    for ((slots, buffers), frames) in few_slots.iter().zip(few_buffers).zip(few_frames) {
        let four = send_four(slots, frames, terms, &mut found);
        let indices = _mm512_castsi512_si128(_mm512_maskz_compress_epi32(0x1111, four));
        // SAFETY: there are four places.
        unsafe { _mm_storeu_si128(buffers.as_mut_ptr().cast(), indices) }
    }
    let (slots, frames) = (slots.as_chunks::<WIDE>().0, frames.as_chunks::<WIDE>().0);
    let buffers = buffers.as_chunks_mut::<WIDE>().0;
    for ((slots, buffers), frames) in slots.iter().zip(buffers).zip(frames) {
        let (slots, frames) = (slots.as_chunks().0, frames.as_chunks().0);
        let mut quarter = |i: usize| send_four(&slots[i], &frames[i], terms, &mut found);
        let (a, b, c, d) = (quarter(0), quarter(1), quarter(2), quarter(3));
        let pick = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28);
        let near = _mm512_permutex2var_epi32(a, pick, b);
        let far = _mm512_permutex2var_epi32(c, pick, d);
        let indices = _mm512_shuffle_i64x2(near, far, 0x44);
        // SAFETY: there are sixteen places.
        unsafe { _mm512_storeu_si512(buffers.as_mut_ptr().cast(), indices) }
    }
    let refused = _mm512_cmpgt_epu64_mask(found.over, terms.over);
    if refused != 0 {
        return None;
    }
    // The length is the second of each two.
    let all = found.lengths;
    let half = _mm256_add_epi64(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    let pair = _mm_add_epi64(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    Some(_mm_extract_epi64(pair, 1) as u64)
}

/// Writes descriptors for four frames, which it returns.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn send_four(
    slots: &[Slot; FOUR],
    frames: &[Frame; FOUR],
    terms: Terms,
    found: &mut Found,
) -> __m512i {
    let bytes = |bytes| _mm512_broadcast_i32x4(bytes);
    // Buffer and length to the two words of a descriptor; offset and length.
    let near = bytes(_mm_setr_epi8(0, 1, 2, 3, -1, -1, -1, -1, 6, 7, -1, -1, -1, -1, -1, -1));
    let far = bytes(_mm_setr_epi8(4, 5, -1, -1, -1, -1, -1, -1, 6, 7, -1, -1, -1, -1, -1, -1));
    // Those of the next burst, which the device had last.
    _mm_prefetch::<_MM_HINT_ET0>(slots.as_ptr().wrapping_add(BLOCK).cast());
    // SAFETY: four frames are there.
    let four = unsafe { _mm512_loadu_si512(frames.as_ptr().cast()) };
    let over = _mm512_sub_epi64(_mm512_and_si512(four, terms.mask), terms.wanted);
    found.over = _mm512_max_epu64(found.over, over);
    let lengths = _mm512_shuffle_epi8(four, far);
    found.lengths = _mm512_add_epi64(found.lengths, lengths);
    let shifted = _mm512_sllv_epi64(_mm512_shuffle_epi8(four, near), terms.shift);
    store_four(slots, _mm512_add_epi64(_mm512_add_epi64(shifted, lengths), terms.common));
    four
}
