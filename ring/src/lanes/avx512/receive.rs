//! Completed descriptors to frames.

use std::arch::x86_64::*;

use super::flags::flags;
use crate::frame::Frame;
use crate::frames::Frames;
use crate::lanes::{Arrivals, Lanes, Moved, Plain, RxTerms};
use crate::slots::{FOUR, Slot, WIDE, load_four, load_sixteen};
use crate::{BLOCK, Format};

/// See [`Lanes::receive`].
///
/// # Safety
/// As for [`Lanes::receive`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
pub(super) unsafe fn receive<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    let Arrivals { descriptors, shadow, next, most, terms } = arrivals;
    let most = most.min(frames.room());
    let start = descriptors.slot(next);
    let looked = most.next_multiple_of(WIDE);
    let (Some(slots), Some(buffers)) =
        (descriptors.all(next, looked), shadow.get(start..start + looked))
    else {
        let arrivals = Arrivals { descriptors, shadow, next, most, terms };
        // SAFETY: promised by the caller.
        return unsafe { receive_parts::<F>(arrivals, frames) };
    };
    let (slots, buffers) = (slots.as_chunks().0, buffers.as_chunks().0);
    // SAFETY: promised by the caller; there is room for `most`, and slack.
    let moved = unsafe { receive_wide::<F>(slots, buffers, most, terms, frames.end()) };
    // SAFETY: they were written, and are not more than there is room for.
    unsafe { frames.added(moved.frames) }
    moved
}

/// The same where the ring ends among them, or among those that are looked at with them.
///
/// # Safety
/// As for [`Lanes::receive`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
unsafe fn receive_parts<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    let Arrivals { descriptors, shadow, most, terms, .. } = arrivals;
    let mut all = Moved::default();
    // Once up to the ring's end, and once from its start on.
    while all.frames < most {
        let next = arrivals.next.wrapping_add(all.frames as u32);
        let left = most - all.frames;
        let slots = descriptors.run(next, left.next_multiple_of(WIDE));
        let here = slots.len().min(left);
        let (slots, buffers) =
            (slots.as_chunks().0, shadow[descriptors.slot(next)..].as_chunks().0);
        let wide = here.min(WIDE * slots.len());
        // SAFETY: promised by the caller; there is room for `most`, and slack.
        let mut moved = unsafe { receive_wide::<F>(slots, buffers, wide, terms, frames.end()) };
        // SAFETY: they were written, and are not more than there is room for.
        unsafe { frames.added(moved.frames) }
        if moved.frames == wide {
            // At the ring's end there are too few descriptors for the registers.
            let next = next.wrapping_add(wide as u32);
            let rest = Arrivals { descriptors, shadow, next, most: here - wide, terms };
            moved += receive_one_by_one::<F>(rest, frames);
        }
        all += moved;
        if moved.frames < here {
            break;
        }
    }
    all
}

/// The same where there are too few descriptors for the registers.
#[cold]
#[inline(never)]
fn receive_one_by_one<F: Format>(arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    // SAFETY: every CPU has what it takes; the descriptors are armed.
    unsafe { Plain::receive::<F>(arrivals, frames) }
}

/// [`RxTerms`] as the registers have them.
#[derive(Clone, Copy)]
struct Terms {
    /// In each word.
    believed: __m512i,
    data_room: __m512i,
    /// In each frame.
    place: __m512i,
}

impl Terms {
    #[target_feature(enable = "avx512f")]
    #[inline]
    fn new(terms: &RxTerms) -> Terms {
        // SAFETY: as many bytes, of any value.
        let place = unsafe { std::mem::transmute::<[u64; 2], __m128i>(terms.place) };
        Terms {
            believed: _mm512_set1_epi32(terms.believed as i32),
            data_room: _mm512_set1_epi32(terms.data_room as i32),
            place: _mm512_broadcast_i32x4(place),
        }
    }
}

/// Writes frames for `most` of these descriptors, all but the last sixteen of which are wanted; says how
/// many are good. A function of its own, in which nothing is called, and with arguments that are in
/// registers: so that all that is constant stays there.
///
/// # Safety
/// There is room for `most` frames and the slack.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
unsafe fn receive_wide<F: Format>(
    slots: &[[Slot; WIDE]],
    buffers: &[[u32; WIDE]],
    most: usize,
    terms: &RxTerms,
    to: *mut Frame,
) -> Moved {
    let terms = Terms::new(terms);
    let (mut done, mut sums) = (0, _mm512_setzero_si512());
    for (slots, buffers) in slots.iter().zip(buffers) {
        // SAFETY: there is room for as many frames.
        let (good, lengths) = unsafe { receive_sixteen::<F>(slots, buffers, terms, to.add(done)) };
        let wanted = most - done;
        if good == u16::MAX && wanted >= WIDE {
            sums = _mm512_add_epi32(sums, lengths);
            done += WIDE;
            continue;
        }
        let frames = foreseen(good, wanted.min(WIDE));
        let counted = u16::MAX.unbounded_shr((WIDE - frames) as u32);
        sums = _mm512_mask_add_epi32(sums, counted, sums, lengths);
        done += frames;
        break;
    }
    Moved { frames: done, bytes: _mm512_reduce_add_epi32(sums) as u64 }
}

/// Writes the frames of sixteen descriptors, and says which of them are good, and their lengths.
///
/// # Safety
/// There is room for as many frames.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn receive_sixteen<F: Format>(
    slots: &[Slot; WIDE],
    buffers: &[u32; WIDE],
    terms: Terms,
    to: *mut Frame,
) -> (u16, __m512i) {
    // Those of the next burst, which the device may have filled.
    let ahead = slots.as_ptr().wrapping_add(BLOCK);
    for line in 0..WIDE / FOUR {
        _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(FOUR * line).cast());
    }
    let raw = load_sixteen(slots);
    // SAFETY: sixteen buffers are there.
    let buffers = unsafe { _mm512_loadu_si512(buffers.as_ptr().cast()) };
    // Words 2 and 0 of eight descriptors, then of the others.
    let pick = _mm512_setr_epi32(2, 6, 10, 14, 18, 22, 26, 30, 0, 4, 8, 12, 16, 20, 24, 28);
    let near = _mm512_permutex2var_epi32(raw[0], pick, raw[1]);
    let far = _mm512_permutex2var_epi32(raw[2], pick, raw[3]);
    let status = _mm512_shuffle_i64x2(near, far, 0x44);
    let types = _mm512_shuffle_i64x2(near, far, 0xee);
    // And words 3, of which lengths are the lower halves.
    let pick = _mm512_setr_epi32(3, 7, 11, 15, 19, 23, 27, 31, 3, 7, 11, 15, 19, 23, 27, 31);
    let near = _mm512_permutex2var_epi32(raw[0], pick, raw[1]);
    let far = _mm512_permutex2var_epi32(raw[2], pick, raw[3]);
    let lengths =
        _mm512_and_si512(_mm512_shuffle_i64x2(near, far, 0x44), _mm512_set1_epi32(0xffff));
    let flags = flags::<F>(types, status, terms.believed);
    for (i, four) in raw.iter().enumerate() {
        // Buffer 4i + lane to the first word of each lane, flags to the third.
        let lane = |n| (FOUR * i) as i32 + n;
        #[rustfmt::skip]
        let pick = _mm512_setr_epi32(
            lane(0), 0, 16 + lane(0), 0, lane(1), 0, 16 + lane(1), 0,
            lane(2), 0, 16 + lane(2), 0, lane(3), 0, 16 + lane(3), 0,
        );
        let placed = _mm512_maskz_permutex2var_epi32(0x5555, buffers, pick, flags);
        // SAFETY: promised by the caller.
        unsafe { write_four(to.add(FOUR * i), *four, placed, terms) }
    }
    (good::<F>(status, lengths, terms), lengths)
}

/// Writes the frames of four descriptors that are armed with these buffers, and returns their bytes: if all
/// are good, as [`Lanes::receive`] has it. If not, what was written is nothing.
///
/// # Safety
/// There is room for four frames, or the slack.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
pub(crate) unsafe fn receive_four<F: Format>(
    slots: &[Slot; FOUR],
    buffers: &[u32; FOUR],
    terms: &RxTerms,
    to: *mut Frame,
) -> Option<u64> {
    let terms = Terms::new(terms);
    let raw = load_four(slots);
    // SAFETY: four buffers are there.
    let buffers = unsafe { _mm_loadu_si128(buffers.as_ptr().cast()) };
    // Each of a descriptor's words in all four words of its lane.
    let types = _mm512_shuffle_epi32(raw, 0x00);
    let status = _mm512_shuffle_epi32(raw, 0xaa);
    let lengths = _mm512_and_si512(_mm512_shuffle_epi32(raw, 0xff), _mm512_set1_epi32(0xffff));
    let flags = _mm512_maskz_mov_epi32(0x4444, flags::<F>(types, status, terms.believed));
    let buffers = _mm512_castsi128_si512(buffers);
    let pick = _mm512_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    let placed = _mm512_mask_permutexvar_epi32(flags, 0x1111, pick, buffers);
    // SAFETY: promised by the caller.
    unsafe { write_four(to, raw, placed, terms) }
    if good::<F>(status, lengths, terms) != u16::MAX {
        return None;
    }
    let (near, far) = (_mm512_castsi512_si256(lengths), _mm512_extracti64x4_epi64::<1>(lengths));
    let half = _mm256_add_epi32(near, far);
    let sum = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
    Some(_mm_cvtsi128_si32(sum) as u64)
}

/// Writes four frames: of their descriptors, with buffers and flags in place.
///
/// # Safety
/// There is room for four.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn write_four(to: *mut Frame, four: __m512i, placed: __m512i, terms: Terms) {
    // Of a descriptor: length and tag are bytes 12 to 15, the hash bytes 4 to 7. Of a frame: bytes 6
    // to 9, and 12 to 15.
    let order = _mm512_broadcast_i32x4(_mm_setr_epi8(
        -1, -1, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, 4, 5, 6, 7,
    ));
    let told = _mm512_shuffle_epi8(four, order);
    // Any of the three.
    let frame = _mm512_ternarylogic_epi64(placed, told, terms.place, 0xfe);
    // SAFETY: promised by the caller.
    unsafe { _mm512_storeu_si512(to.cast(), frame) }
}

/// How many of those wanted are good. That all are is foreseen, and not waited for: the next burst starts
/// from where this one ends.
#[inline]
fn foreseen(good: u16, wanted: usize) -> usize {
    let all_good = u16::MAX.unbounded_shr((WIDE - wanted) as u32);
    if good & all_good == all_good { wanted } else { first(good) }
}

/// How many are good from the first on, where not all are that are wanted.
#[cold]
#[inline(never)]
fn first(good: u16) -> usize {
    good.trailing_ones() as usize
}

/// Which descriptors are done and good packets of one buffer.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn good<F: Format>(status: __m512i, lengths: __m512i, terms: Terms) -> u16 {
    let bits = const { F::RX_BITS };
    let set = |bits: u32| _mm512_set1_epi32(bits as i32);
    let care = _mm512_and_si512(status, set(bits.done | bits.end | bits.error | bits.swapped_tag));
    let good = _mm512_cmpeq_epi32_mask(care, set(bits.done | bits.end));
    // Of 0, one less is more than any room.
    _mm512_mask_cmplt_epu32_mask(good, _mm512_sub_epi32(lengths, set(1)), terms.data_room)
}
