//! Buffers to descriptors.

use std::arch::x86_64::*;

use crate::arena::Iovas;
use crate::slots::{FOUR, Slot, store_four};
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
    let base = _mm512_set1_epi64((first | iovas.of(0, headroom)) as i64);
    let second = _mm512_set1_epi64(second as i64);
    let (fours, _) = slots.as_chunks::<FOUR>();
    for (slots, buffers) in fours.as_chunks::<2>().0.iter().zip(block.as_chunks::<8>().0) {
        // SAFETY: eight buffers are there.
        let buffers = unsafe { _mm256_loadu_si256(buffers.as_ptr().cast()) };
        // Buffers are numbered by lines of 64 bytes.
        let addresses = _mm512_slli_epi64::<6>(_mm512_cvtepu32_epi64(buffers));
        let addresses = _mm512_add_epi64(addresses, base);
        let near = _mm512_setr_epi64(0, 0, 1, 0, 2, 0, 3, 0);
        let far = _mm512_setr_epi64(4, 0, 5, 0, 6, 0, 7, 0);
        for (slots, pick) in slots.iter().zip([near, far]) {
            store_four(slots, _mm512_mask_permutexvar_epi64(second, 0x55, pick, addresses));
        }
    }
}
