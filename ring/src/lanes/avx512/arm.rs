//! Buffers to descriptors.

use std::arch::x86_64::*;

use crate::arena::Iovas;
use crate::slots::{FOUR, Slot, WIDE, store_four};
use crate::{BLOCK, Format};

/// See [`Lanes::arm`](crate::lanes::Lanes::arm).
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
pub(super) fn arm<F: Format>(
    slots: &[Slot; BLOCK],
    block: &[u32; BLOCK],
    iovas: Iovas,
    headroom: u16,
) {
    let [first, second] = const { F::RX_ARM };
    let first = (first | iovas.of(0, headroom)) as i64;
    let common =
        _mm512_mask_mov_epi64(_mm512_set1_epi64(second as i64), 0x55, _mm512_set1_epi64(first));
    let (fours, _) = slots.as_chunks::<FOUR>();
    for (slots, buffers) in
        fours.as_chunks::<{ WIDE / FOUR }>().0.iter().zip(block.as_chunks::<WIDE>().0)
    {
        // SAFETY: sixteen buffers are there.
        let buffers = unsafe { _mm512_loadu_si512(buffers.as_ptr().cast()) };
        for (i, slots) in slots.iter().enumerate() {
            let lane = |n| (FOUR * i) as i32 + n;
            #[rustfmt::skip]
            let pick = _mm512_setr_epi32(
                lane(0), 0, 0, 0, lane(1), 0, 0, 0, lane(2), 0, 0, 0, lane(3), 0, 0, 0,
            );
            let placed = _mm512_maskz_permutexvar_epi32(0x1111, pick, buffers);
            store_four(slots, _mm512_add_epi64(_mm512_slli_epi64(placed, 6), common));
        }
    }
}
