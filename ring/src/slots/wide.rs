//! Several descriptors by one instruction.
//!
//! What Rust's atomics cannot say is written as instructions: nothing that the compiler knows of reads or
//! writes the memory, so that it assumes nothing of it.
#![allow(unsafe_code)]
#![cfg_attr(tsan, allow(unreachable_code, unused))]

use std::arch::asm;
use std::arch::x86_64::__m512i;
use std::sync::atomic::{Ordering, fence};

use super::Descriptors;

/// Descriptors that [`Descriptors::load_sixteen`] reads.
pub(crate) const WIDE: usize = 16;

impl Descriptors<'_> {
    /// Reads sixteen descriptors, four in each register. Of one whose second word says that it is done,
    /// everything that the device wrote before that word is there, and visible afterwards.
    ///
    /// The first words are read again after the second ones: an aligned word of 64 bits is read as a
    /// whole, and reads are not reordered with each other, but a register is not promised to be read at
    /// once.
    ///
    /// # Safety
    /// The ring does not end before the sixteenth.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) unsafe fn load_sixteen(self, position: u32) -> [__m512i; 4] {
        debug_assert!(self.slot(position) + WIDE <= self.mask as usize + 1);
        #[cfg(tsan)]
        // SAFETY: as many bytes, of any value.
        return unsafe { std::mem::transmute::<[_; WIDE], _>(self.read(position)) };
        let (a, b, c, d);
        // SAFETY: the descriptors are in the ring (promised by the caller), whose memory is valid while
        // the `Slots` that is borrowed here lives.
        unsafe {
            asm!(
                "vmovdqu64 {a}, [{at}]",
                "vmovdqu64 {b}, [{at} + 64]",
                "vmovdqu64 {c}, [{at} + 128]",
                "vmovdqu64 {d}, [{at} + 192]",
                "vmovdqu64 {a}{{{first}}}, [{at}]",
                "vmovdqu64 {b}{{{first}}}, [{at} + 64]",
                "vmovdqu64 {c}{{{first}}}, [{at} + 128]",
                "vmovdqu64 {d}{{{first}}}, [{at} + 192]",
                at = in(reg) self.at(position),
                first = in(kreg) 0x55_u8,
                a = out(zmm_reg) a,
                b = out(zmm_reg) b,
                c = out(zmm_reg) c,
                d = out(zmm_reg) d,
                options(readonly, nostack, preserves_flags),
            );
        }
        fence(Ordering::Acquire);
        [a, b, c, d]
    }

    /// As [`Descriptors::load_sixteen`], for four.
    ///
    /// # Safety
    /// The ring does not end before the fourth.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) unsafe fn load_four(self, position: u32) -> __m512i {
        debug_assert!(self.slot(position) + 4 <= self.mask as usize + 1);
        #[cfg(tsan)]
        // SAFETY: as many bytes, of any value.
        return unsafe { std::mem::transmute::<[_; 4], _>(self.read(position)) };
        let four;
        // SAFETY: as in `load_sixteen`.
        unsafe {
            asm!(
                "vmovdqu64 {four}, [{at}]",
                "vmovdqu64 {four}{{{first}}}, [{at}]",
                at = in(reg) self.at(position),
                first = in(kreg) 0x55_u8,
                four = out(zmm_reg) four,
                options(readonly, nostack, preserves_flags),
            );
        }
        fence(Ordering::Acquire);
        four
    }

    /// Writes four descriptors, `after` behind a position. The device may look at them when the doorbell
    /// is rung.
    ///
    /// # Safety
    /// The ring does not end between the position and the fourth.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(crate) unsafe fn store_wide(self, position: u32, after: usize, words: __m512i) {
        debug_assert!(self.slot(position) + after + 4 <= self.mask as usize + 1);
        #[cfg(tsan)]
        {
            // SAFETY: as many bytes, of any value.
            let words = unsafe { std::mem::transmute::<_, [_; 4]>(words) };
            return self.write(position.wrapping_add(after as u32), &words);
        }
        // SAFETY: as in `load_sixteen`.
        unsafe {
            asm!(
                "vmovdqu64 [{at}], {words}",
                at = in(reg) self.at(position).add(after),
                words = in(zmm_reg) words,
                options(nostack, preserves_flags),
            );
        }
    }
}
