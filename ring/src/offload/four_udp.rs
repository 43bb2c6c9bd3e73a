//! What [`plain_ipv4`](super::plain_ipv4) does, for four packets at a time: UDP in IPv4 without options, by
//! AVX-512.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::mem::transmute;

use super::Lengths;
use super::by_four::{FOUR, bytes, change, load, words};

use super::plain_ipv4::{ETHERNET, IPV4, UDP, requested};
use crate::CACHE_LINE;
use crate::arena::Extent;
use crate::frame::{Flags, Frame};

/// Bytes up to the end of the UDP header.
const HEADERS: usize = ETHERNET + IPV4 + UDP;

/// Where a lane of the first headers begins in a packet: with the EtherType. It has all of IPv4 but the
/// addresses.
const FIRST: usize = 12;

/// Where a lane of the last headers begins: with the addresses. It has all of UDP.
const LAST: usize = HEADERS - 16;

/// Fours whose headers are all read before any is written. Buffers are often so far apart that addresses in
/// them have the same lower twelve bits, by which the CPU takes a read for one of what was just written.
const TOGETHER: usize = 8;

/// What was found of four packets.
#[derive(Clone, Copy)]
struct Found {
    /// Where they start, in the arena.
    starts: [usize; FOUR],
    /// The sums over the pseudo-headers, in the first word of each lane.
    sums: [[u16; 8]; FOUR],
}

/// Makes as many packets ready as there are plain UDP datagrams, by fours, from the first frame on, as
/// [`plain_ipv4::prepare`](super::plain_ipv4::prepare) does; returns how many.
///
/// # Safety
/// The frames are of the arena of this extent.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) unsafe fn prepare(frames: &mut [Frame], extent: Extent) -> usize {
    let mut done = 0;
    for fours in frames.as_chunks_mut().0.chunks_mut(TOGETHER) {
        let mut found = [Found { starts: [0; FOUR], sums: [[0; 8]; FOUR] }; TOGETHER];
        let mut count = 0;
        for (four, found) in fours.iter().zip(&mut found) {
            let Some(datagrams) = look(four, extent) else { break };
            *found = datagrams;
            count += 1;
        }
        for (four, found) in fours.iter_mut().zip(&found[..count]) {
            // SAFETY: the packets of these frames were looked at, and the frames are borrowed.
            unsafe { write(four, found, extent) }
        }
        done += FOUR * count;
        if count < fours.len() {
            break;
        }
    }
    done
}

/// Four packets, if they are all such datagrams.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn look(four: &[Frame; FOUR], extent: Extent) -> Option<Found> {
    let frames = load(four);
    if !inside(frames, extent) {
        return None;
    }
    let starts = starts(frames);
    let packets = starts.map(|start| extent.base.wrapping_add(start).cast_const());
    // SAFETY: each packet has so many bytes, in the arena, as was just looked at. They are owned and borrowed
    // with the frames.
    let (first, last) = unsafe { (lanes::<FIRST>(packets), lanes::<LAST>(packets)) };
    if !plain(frames, first, last) {
        return None;
    }
    // SAFETY: as many bytes, of any value.
    let sums = unsafe { transmute::<__m512i, [[u16; 8]; FOUR]>(pseudo_headers(last)) };
    Some(Found { starts, sums })
}

/// Where packets start, in the arena.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
fn starts(frames: __m512i) -> [usize; FOUR] {
    // A frame's first word is the buffer, by cache lines; the offset follows.
    let buffers = _mm512_maskz_mov_epi32(0x1111, frames);
    let buffers = _mm512_slli_epi64::<{ CACHE_LINE.trailing_zeros() }>(buffers);
    let offsets = _mm512_and_si512(_mm512_srli_epi64::<32>(frames), _mm512_set1_epi64(0xffff));
    let starts = _mm512_maskz_compress_epi64(0x55, _mm512_add_epi64(buffers, offsets));
    // SAFETY: as many bytes, of any value.
    unsafe { transmute::<__m256i, [usize; FOUR]>(_mm512_castsi512_si256(starts)) }
}

/// Makes four packets ready, and notes the request in their frames.
///
/// # Safety
/// That was found of these frames.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
unsafe fn write(four: &mut [Frame; FOUR], found: &Found, extent: Extent) {
    for (start, [sum, ..]) in found.starts.into_iter().zip(found.sums) {
        let packet = extent.base.wrapping_add(start);
        // SAFETY: the packet has these bytes, in the arena, as was looked at; they are owned and borrowed with
        // the frame, and each frame has a buffer of its own.
        unsafe {
            packet.add(ETHERNET + 10).cast::<[u8; 2]>().write([0, 0]);
            packet.add(HEADERS - 2).cast::<[u8; 2]>().write(sum.to_ne_bytes());
        }
    }
    let lengths = Lengths::of(ETHERNET, IPV4, UDP).0;
    let flags = u32::from(requested(Flags::UDP).0) << 16;
    let kept = !(u32::from(Flags::KNOWN.union(Flags::REQUESTS).0) << 16);
    change(four, [u32::MAX, u32::MAX, kept, 0], [0, 0, flags, lengths]);
}

/// Whether all frames are whole packets that may be datagrams, and lie in the arena.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn inside(frames: __m512i, extent: Extent) -> bool {
    // A frame's words are: buffer; offset and length; tag and flags; the rest.
    let upper = _mm512_srli_epi32(frames, 16);
    let more = u32::from(Flags::MORE.0) << 16;
    let lower = _mm512_and_si512(frames, words([u32::MAX, 0xffff, more, 0]));
    let found = _mm512_mask_add_epi32(lower, 0x2222, lower, upper);
    let most = words([extent.last, extent.stride, 0, 0]);
    let long = _mm512_mask_cmpge_epu32_mask(0x2222, upper, _mm512_set1_epi32(HEADERS as i32));
    long == 0x2222 && _mm512_cmple_epu32_mask(found, most) == 0xffff
}

/// Sixteen bytes of each packet, from byte `AT` on.
///
/// # Safety
/// Each packet has them.
#[target_feature(enable = "avx512f,avx512vl")]
#[inline]
unsafe fn lanes<const AT: usize>(packets: [*const u8; FOUR]) -> __m512i {
    // SAFETY: promised by the caller.
    let [a, b, c, d] = packets.map(|packet| unsafe { _mm_loadu_si128(packet.add(AT).cast()) });
    let (near, far) = (_mm256_set_m128i(b, a), _mm256_set_m128i(d, c));
    _mm512_inserti64x4(_mm512_castsi256_si512(near), far, 1)
}

/// Whether all packets are UDP in IPv4 without options, no fragments, and as long as they say.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn plain(frames: __m512i, first: __m512i, last: __m512i) -> bool {
    // A frame's length is bytes 6 and 7. In the headers it is in the other byte order.
    let total = bytes([_Z, _Z, _Z, _Z, 7, 6, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z]);
    let datagram = bytes([_Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, _Z, 7, 6, _Z, _Z]);
    let less = |bytes: usize| _mm512_sub_epi16(frames, _mm512_set1_epi16(bytes as i16));
    let total = _mm512_shuffle_epi8(less(ETHERNET), total);
    let datagram = _mm512_shuffle_epi8(less(ETHERNET + IPV4), datagram);
    // EtherType; version and header length; total length; more fragments or an offset; protocol.
    #[rustfmt::skip]
    let looked = bytes([0xff, 0xff, 0xff, 0, 0xff, 0xff, 0, 0, 0x3f, 0xff, 0, 0xff, 0, 0, 0, 0]);
    let wanted = bytes([0x08, 0x00, 0x45, 0, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0]);
    // What differs from the length, of what is looked at.
    let first = _mm512_ternarylogic_epi32(first, total, looked, 0x28);
    let looked = bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0]);
    let last = _mm512_ternarylogic_epi32(last, datagram, looked, 0x28);
    let differs = _mm512_or_si512(_mm512_xor_si512(first, wanted), last);
    _mm512_test_epi32_mask(differs, differs) == 0
}

/// No byte, for a shuffle.
const _Z: u8 = 0x80;

/// The sums over the pseudo-headers, in the first word of each lane: as
/// [`plain_ipv4`](super::plain_ipv4) has them.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn pseudo_headers(last: __m512i) -> __m512i {
    // Addresses and length, and the protocol in the place of the checksum.
    let counted = words([u32::MAX, u32::MAX, 0, 0xffff]);
    let protocol = words([0, 0, 0, u32::from(17_u16.to_be()) << 16]);
    let parts = _mm512_ternarylogic_epi32(last, counted, protocol, 0xea);
    let folded = |sum| {
        let low = _mm512_and_si512(sum, _mm512_set1_epi32(0xffff));
        _mm512_add_epi32(low, _mm512_srli_epi32(sum, 16))
    };
    let sum = folded(parts);
    let sum = _mm512_add_epi32(sum, _mm512_shuffle_epi32(sum, 0x4e));
    let sum = _mm512_add_epi32(sum, _mm512_shuffle_epi32(sum, 0xb1));
    folded(folded(sum))
}
