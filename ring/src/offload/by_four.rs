//! Frames four at a time, by AVX-512: a frame is a lane of a register.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::mem::transmute;

use crate::frame::Frame;

/// Frames in a register.
pub(super) const FOUR: usize = 4;

/// The same four words in each lane.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn words(words: [u32; 4]) -> __m512i {
    // SAFETY: as many bytes, of any value.
    _mm512_broadcast_i32x4(unsafe { transmute::<[u32; 4], __m128i>(words) })
}

/// The same bytes in each lane.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn bytes(bytes: [u8; 16]) -> __m512i {
    // SAFETY: as many bytes, of any value.
    _mm512_broadcast_i32x4(unsafe { transmute::<[u8; 16], __m128i>(bytes) })
}

/// Frames as a register has them.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load(frames: &[Frame; FOUR]) -> __m512i {
    // SAFETY: frames have no padding, and a register has any value.
    unsafe { transmute::<[Frame; FOUR], __m512i>(*frames) }
}

/// Of the four words of each frame only these bits stay, and these come: tag and flags are the third word,
/// what goes with them is the fourth.
#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn change(frames: &mut [Frame; FOUR], kept: [u32; 4], set: [u32; 4]) {
    let changed = _mm512_ternarylogic_epi32(load(frames), words(kept), words(set), 0xea);
    // SAFETY: a frame's fields are numbers, of any value.
    *frames = unsafe { transmute::<__m512i, [Frame; FOUR]>(changed) };
}

/// The same for as many as there are whole fours; returns the others.
#[target_feature(enable = "avx512f")]
pub(super) fn change_all(frames: &mut [Frame], kept: [u32; 4], set: [u32; 4]) -> &mut [Frame] {
    let (fours, rest) = frames.as_chunks_mut();
    fours.iter_mut().for_each(|four| change(four, kept, set));
    rest
}
