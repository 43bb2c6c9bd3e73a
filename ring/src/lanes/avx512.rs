//! Sixteen descriptors at a time, four in each register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::{Arrivals, Departures, Lanes, Moved, Plain};
use crate::arena::Iovas;
use crate::format::RxTables;
use crate::frame::{Flags, Frame};
use crate::frames::Frames;
use crate::slots::{Descriptors, WIDE};
use crate::tx::MIN_PACKET;
use crate::{BLOCK, Format};

/// Sixteen descriptors at a time, by AVX-512 F, BW and VL.
pub(crate) struct Avx512;

super::lanes_of_functions!(Avx512);

/// See [`Lanes::receive`].
///
/// # Safety
/// As for [`Lanes::receive`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn receive<F: Format>(mut arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    arrivals.most = arrivals.most.min(frames.room());
    let start = arrivals.descriptors.slot(arrivals.next);
    if arrivals.most <= 4 && start + 4 <= arrivals.shadow.len() {
        // SAFETY: promised by the caller; four descriptors are there, and the slack of the frames.
        let moved = unsafe { receive_four::<F>(&arrivals, frames.end()) };
        // SAFETY: they were written, and are not more than there is room for.
        unsafe { frames.added(moved.frames) }
        return moved;
    }
    // SAFETY: promised by the caller; the ring does not end before the last that is looked at.
    unsafe {
        if start + arrivals.most.next_multiple_of(WIDE) <= arrivals.shadow.len() {
            receive_wide::<F>(arrivals, frames)
        } else {
            receive_parts::<F>(arrivals, frames)
        }
    }
}

/// The same where the ring ends among them.
///
/// # Safety
/// As for [`Lanes::receive`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
unsafe fn receive_parts<F: Format>(mut arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    let mut all = Moved::default();
    let mut most = arrivals.most;
    // Once up to the ring's end, and once from its start on.
    while most > 0 {
        let to_end = arrivals.shadow.len() - arrivals.descriptors.slot(arrivals.next);
        arrivals.most = most.min(to_end);
        // SAFETY: promised by the caller.
        let mut moved = unsafe { receive_wide::<F>(arrivals, frames) };
        arrivals.next = arrivals.next.wrapping_add(moved.frames as u32);
        if moved.frames < arrivals.most && to_end - moved.frames < WIDE {
            // At the ring's end there are too few descriptors for the registers.
            let rest = Arrivals { most: arrivals.most - moved.frames, ..arrivals };
            let few = receive_one_by_one::<F>(rest, frames);
            arrivals.next = arrivals.next.wrapping_add(few.frames as u32);
            moved += few;
        }
        all += moved;
        most -= moved.frames;
        if moved.frames < arrivals.most {
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

/// The same as long as sixteen descriptors are there; as many frames have room. A function of its own,
/// in which nothing is called: so that all that is constant stays in registers.
///
/// # Safety
/// As for [`Lanes::receive`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
unsafe fn receive_wide<F: Format>(mut arrivals: Arrivals<'_>, frames: &mut Frames) -> Moved {
    let (mut all, mut sums) = (0, _mm512_setzero_si512());
    let (buffers, _) = arrivals.shadow[arrivals.descriptors.slot(arrivals.next)..].as_chunks();
    let to = frames.end();
    for buffers in buffers {
        // SAFETY: sixteen descriptors are there, as many as buffers, and room for as many frames.
        let (count, lengths) = unsafe { receive_sixteen::<F>(&arrivals, buffers, to.add(all)) };
        sums = _mm512_add_epi32(sums, lengths);
        all += count;
        arrivals.next = arrivals.next.wrapping_add(count as u32);
        arrivals.most -= count;
        if count < WIDE || arrivals.most == 0 {
            break;
        }
    }
    // SAFETY: they were written, and `most` is not more than there is room for.
    unsafe { frames.added(all) }
    Moved { frames: all, bytes: _mm512_reduce_add_epi32(sums) as u64 }
}

/// Writes the frames of sixteen descriptors, and says how many of them count, and their lengths.
///
/// # Safety
/// As for [`Lanes::receive`]; sixteen descriptors are there, and room for as many frames.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn receive_sixteen<F: Format>(
    arrivals: &Arrivals<'_>,
    buffers: &[u32; WIDE],
    to: *mut Frame,
) -> (usize, __m512i) {
    // SAFETY: promised by the caller.
    let raw = unsafe { arrivals.descriptors.load_sixteen(arrivals.next) };
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
    let good = good::<F>(status, lengths, arrivals.data_room);
    let flags = flags::<F>(types, status, arrivals.believed);
    for (i, four) in raw.iter().enumerate() {
        // Buffer 4i + lane to the first word of each lane, flags to the third.
        let lane = |n| 4 * i as i32 + n;
        #[rustfmt::skip]
        let pick = _mm512_setr_epi32(
            lane(0), 0, 16 + lane(0), 0, lane(1), 0, 16 + lane(1), 0,
            lane(2), 0, 16 + lane(2), 0, lane(3), 0, 16 + lane(3), 0,
        );
        let placed = _mm512_maskz_permutex2var_epi32(0x5555, buffers, pick, flags);
        // SAFETY: promised by the caller.
        unsafe { write_four(to.add(4 * i), *four, placed, arrivals.headroom) }
    }
    let frames = foreseen(good, arrivals.most.min(WIDE));
    let counted = u16::MAX.unbounded_shr((WIDE - frames) as u32);
    (frames, _mm512_maskz_mov_epi32(counted, lengths))
}

/// The same for four descriptors, of which four or fewer are wanted.
///
/// # Safety
/// As for [`Lanes::receive`]; four descriptors are there, and room for as many frames.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn receive_four<F: Format>(arrivals: &Arrivals<'_>, to: *mut Frame) -> Moved {
    // SAFETY: promised by the caller.
    let raw = unsafe { arrivals.descriptors.load_four(arrivals.next) };
    let start = arrivals.descriptors.slot(arrivals.next);
    let buffers = &arrivals.shadow[start..start + 4];
    // SAFETY: four buffers are there.
    let buffers = unsafe { _mm_loadu_si128(buffers.as_ptr().cast()) };
    // Each of a descriptor's words in all four words of its lane.
    let types = _mm512_shuffle_epi32(raw, 0x00);
    let status = _mm512_shuffle_epi32(raw, 0xaa);
    let lengths = _mm512_and_si512(_mm512_shuffle_epi32(raw, 0xff), _mm512_set1_epi32(0xffff));
    let good = good::<F>(status, lengths, arrivals.data_room);
    let flags = _mm512_maskz_mov_epi32(0x4444, flags::<F>(types, status, arrivals.believed));
    let buffers = _mm512_castsi128_si512(buffers);
    let pick = _mm512_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    let placed = _mm512_mask_permutexvar_epi32(flags, 0x1111, pick, buffers);
    // SAFETY: promised by the caller.
    unsafe { write_four(to, raw, placed, arrivals.headroom) }
    // One bit in four counts.
    let frames = foreseen(good | 0xeeee, 4 * arrivals.most) / 4;
    let counted = 0x1111_u16.unbounded_shr(16 - 4 * frames as u32);
    Moved { frames, bytes: _mm512_mask_reduce_add_epi32(counted, lengths) as u64 }
}

/// Writes four frames: of their descriptors, with buffers and flags in place.
///
/// # Safety
/// There is room for four.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn write_four(to: *mut Frame, four: __m512i, placed: __m512i, headroom: u16) {
    // Of a descriptor: length and tag are bytes 12 to 15, the hash bytes 4 to 7. Of a frame: bytes 6
    // to 9, and 12 to 15.
    let order = _mm512_broadcast_i32x4(_mm_setr_epi8(
        -1, -1, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, 4, 5, 6, 7,
    ));
    let offset = _mm512_maskz_set1_epi64(0x55, i64::from(headroom) << 32);
    // Any of the three.
    let frame = _mm512_ternarylogic_epi64(placed, _mm512_shuffle_epi8(four, order), offset, 0xfe);
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
fn good<F: Format>(status: __m512i, lengths: __m512i, data_room: u16) -> u16 {
    let bits = const { F::RX_BITS };
    let set = |bits: u32| _mm512_set1_epi32(bits as i32);
    let care = _mm512_and_si512(status, set(bits.done | bits.end | bits.error | bits.swapped_tag));
    let good = _mm512_cmpeq_epi32_mask(care, set(bits.done | bits.end));
    // Of 0, one less is more than any room.
    _mm512_mask_cmplt_epu32_mask(good, _mm512_sub_epi32(lengths, set(1)), set(data_room.into()))
}

/// What descriptors say, as [`Flags`] in the upper halves of words.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn flags<F: Format>(types: __m512i, status: __m512i, believed: u64) -> __m512i {
    let tables = const { &RxTables::new(&F::RX_BITS) };
    let set = |bits: u32| _mm512_set1_epi32(bits as i32);
    let look = |table: &[u8; 16], at: __m512i| {
        // SAFETY: a table is sixteen bytes.
        let table = unsafe { _mm_loadu_si128(table.as_ptr().cast()) };
        _mm512_shuffle_epi8(_mm512_broadcast_i32x4(table), at)
    };
    // Only of a tag it is ever not believed that there is one.
    let told = _mm512_srli_epi32::<{ RxTables::TOLD }>(status);
    let told =
        look(&tables.told, _mm512_and_si512(told, set(believed as u32 >> RxTables::TOLD & 0xf)));
    let found = look(&tables.found, _mm512_srli_epi32::<{ RxTables::FOUND }>(status));
    let ip = _mm512_and_si512(_mm512_srli_epi32::<{ RxTables::IP }>(types), set(0xf));
    let ip = look(&tables.ip, ip);
    // Of a byte whose highest bit is set the shuffle makes 0.
    let above = _mm512_and_si512(_mm512_srli_epi32::<{ RxTables::ABOVE }>(types), set(0x8f));
    let known = _mm512_or_si512(look(&tables.holds, above), set(Flags::VLAN.0.into()));
    // What is told and found, or of IP, as far as it is known.
    let low = _mm512_ternarylogic_epi32(told, found, ip, 0xea);
    let low = _mm512_and_si512(low, known);
    let rss = look(&tables.rss, _mm512_and_si512(types, set(0xf)));
    let high = _mm512_or_si512(rss, look(&tables.l4, above));
    _mm512_or_si512(_mm512_slli_epi32(low, 16), _mm512_slli_epi32::<{ 16 + RxTables::HIGH }>(high))
}

/// See [`Lanes::arm`].
///
/// # Safety
/// As for [`Lanes::arm`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn arm<F: Format>(
    descriptors: Descriptors<'_>,
    position: u32,
    block: &[u32; BLOCK],
    iovas: Iovas,
    headroom: u16,
) {
    let [_, second] = const { F::RX_ARM };
    let first = iovas.of(0, headroom) as i64;
    let common =
        _mm512_mask_mov_epi64(_mm512_set1_epi64(second as i64), 0x55, _mm512_set1_epi64(first));
    let (halves, _) = block.as_chunks::<WIDE>();
    for (half, buffers) in halves.iter().enumerate() {
        // SAFETY: sixteen buffers are there.
        let buffers = unsafe { _mm512_loadu_si512(buffers.as_ptr().cast()) };
        for i in 0..4 {
            let lane = |n| 4 * i + n;
            #[rustfmt::skip]
            let pick = _mm512_setr_epi32(
                lane(0), 0, 0, 0, lane(1), 0, 0, 0, lane(2), 0, 0, 0, lane(3), 0, 0, 0,
            );
            let placed = _mm512_maskz_permutexvar_epi32(0x1111, pick, buffers);
            let words = _mm512_add_epi64(_mm512_slli_epi64(placed, 6), common);
            // SAFETY: a block does not wrap, so four descriptors are there.
            unsafe { descriptors.store_wide(position, WIDE * half + 4 * i as usize, words) }
        }
    }
}

/// See [`Lanes::send`].
///
/// # Safety
/// As for [`Lanes::send`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn send<F: Format>(departures: &mut Departures<'_>, frames: &[Frame]) -> Moved {
    // Each by itself, or they are written to memory first, and read again before they are there.
    let Departures { descriptors, next, iovas, max_packet, mask, wanted, common, .. } = *departures;
    let shadow = &mut *departures.shadow;
    let mut same =
        Departures { descriptors, shadow, next, iovas, max_packet, mask, wanted, common };
    let (fours, few) = frames.as_chunks();
    let to_end = same.shadow.len() - descriptors.slot(next);
    let moved = if few.is_empty() && frames.len() <= to_end {
        // SAFETY: promised by the caller; the ring does not end before.
        match unsafe { send_fours::<F>(&mut same, fours) } {
            Some(bytes) => Moved { frames: frames.len(), bytes },
            None => send_one_by_one::<F>(same, frames),
        }
    } else {
        // SAFETY: promised by the caller.
        unsafe { send_parts::<F>(same, frames) }
    };
    departures.next = next.wrapping_add(moved.frames as u32);
    moved
}

/// The same for any number of frames, anywhere.
///
/// # Safety
/// As for [`Lanes::send`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline(never)]
unsafe fn send_parts<F: Format>(mut departures: Departures<'_>, frames: &[Frame]) -> Moved {
    let mut all = Moved::default();
    // Once up to the ring's end, and once from its start on.
    while all.frames < frames.len() {
        let to_end = departures.shadow.len() - departures.descriptors.slot(departures.next);
        let left = &frames[all.frames..];
        let part = &left[..left.len().min(to_end)];
        let (fours, few) = part.as_chunks();
        // SAFETY: the ring does not end before the last of them, and they are free.
        let (sent, rest) = match unsafe { send_fours::<F>(&mut departures, fours) } {
            Some(bytes) => (Moved { frames: 4 * fours.len(), bytes }, few),
            None => (Moved::default(), part),
        };
        departures.next = departures.next.wrapping_add(sent.frames as u32);
        all += sent;
        let shadow = &mut *departures.shadow;
        let moved = send_one_by_one::<F>(Departures { shadow, ..departures }, rest);
        departures.next = departures.next.wrapping_add(moved.frames as u32);
        all += moved;
        if moved.frames < rest.len() {
            break;
        }
    }
    all
}

/// The same where there are too few frames for a register, or not all can be sent.
#[inline(never)]
fn send_one_by_one<F: Format>(mut departures: Departures<'_>, frames: &[Frame]) -> Moved {
    // SAFETY: every CPU has what it takes; the descriptors are free.
    unsafe { Plain::send::<F>(&mut departures, frames) }
}

/// Writes descriptors for these frames; returns the bytes. `None` if not all can be sent: then what was
/// written is nothing yet, since the device was not told of it.
///
/// # Safety
/// As for [`Lanes::send`], and the ring does not end before the last of them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn send_fours<F: Format>(
    departures: &mut Departures<'_>,
    fours: &[[Frame; 4]],
) -> Option<u64> {
    let words = |even: u64, odd: u64| {
        _mm512_mask_mov_epi64(_mm512_set1_epi64(odd as i64), 0x55, _mm512_set1_epi64(even as i64))
    };
    let bytes = |bytes| _mm512_broadcast_i32x4(bytes);
    // Buffer and length to the two words of a lane; offset and length.
    let near = bytes(_mm_setr_epi8(0, 1, 2, 3, -1, -1, -1, -1, 6, 7, -1, -1, -1, -1, -1, -1));
    let far = bytes(_mm_setr_epi8(4, 5, -1, -1, -1, -1, -1, -1, 6, 7, -1, -1, -1, -1, -1, -1));
    // Buffers are numbered by lines of 64 bytes.
    let shift = words(6, F::TX_PAYLOAD_SHIFT.into());
    let common = words(departures.iovas.of(0, 0), departures.common);
    // Of each frame the first word has the length on top, the second is what it is about. A length is
    // good if it is not more than the most when the least is taken off.
    let mask = words(0xffff << 48, departures.mask);
    let wanted = words(u64::from(MIN_PACKET) << 48, departures.wanted);
    let room = departures.max_packet.checked_sub(MIN_PACKET)?;
    let most = words(u64::from(room) << 48, 0);
    let start = departures.descriptors.slot(departures.next);
    let buffers = &mut departures.shadow[start..start + 4 * fours.len()];
    let (buffers, _) = buffers.as_chunks_mut::<4>();
    let mut refused = 0;
    let mut sum = _mm512_setzero_si512();
    for (i, (four, buffers)) in fours.iter().zip(buffers).enumerate() {
        // SAFETY: four frames are there.
        let four = unsafe { _mm512_loadu_si512(four.as_ptr().cast()) };
        let over = _mm512_sub_epi64(_mm512_and_si512(four, mask), wanted);
        refused |= _mm512_cmpgt_epu64_mask(over, most);
        let lengths = _mm512_shuffle_epi8(four, far);
        let shifted = _mm512_sllv_epi64(_mm512_shuffle_epi8(four, near), shift);
        let descriptors = _mm512_add_epi64(_mm512_add_epi64(shifted, lengths), common);
        // SAFETY: promised by the caller.
        unsafe { departures.descriptors.store_wide(departures.next, 4 * i, descriptors) }
        let indices = _mm512_castsi512_si128(_mm512_maskz_compress_epi32(0x1111, four));
        // SAFETY: four places are there.
        unsafe { _mm_storeu_si128(buffers.as_mut_ptr().cast(), indices) }
        sum = _mm512_add_epi64(sum, lengths);
    }
    (refused == 0).then(|| _mm512_mask_reduce_add_epi64(0xaa, sum) as u64)
}
