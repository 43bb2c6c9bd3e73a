//! Two descriptors in a register.
//!
//! As in [`wide`](super::wide), nothing that the compiler knows of reads or writes the memory.
#![allow(unsafe_code)]
#![cfg_attr(tsan, allow(unreachable_code, unused))]

use std::arch::asm;
use std::arch::x86_64::__m256i;
use std::sync::atomic::{Ordering, fence};

use super::Descriptors;

/// Descriptors that [`Descriptors::load_pairs`] reads.
pub(crate) const PAIRS: usize = 8;

impl Descriptors<'_> {
    /// Reads eight descriptors, two in each register. Of one whose second word says that it is done,
    /// everything that the device wrote before that word is there, and visible afterwards.
    ///
    /// Each descriptor is read at once, by an aligned load of 16 bytes: on CPUs with AVX these are single
    /// accesses. (Intel's manual, volume 3, "Guaranteed Atomic Operations", has it of VMOVDQA, and so not
    /// of the instructions that would load and combine; AMD's, volume 2, "Access Atomicity", of all aligned
    /// loads from cacheable memory.)
    ///
    /// # Safety
    /// The ring does not end before the eighth.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(crate) unsafe fn load_pairs(self, position: u32) -> [__m256i; 4] {
        debug_assert!(self.slot(position) + PAIRS <= self.mask as usize + 1);
        #[cfg(tsan)]
        // SAFETY: as many bytes, of any value.
        return unsafe { std::mem::transmute::<[_; PAIRS], _>(self.read(position)) };
        let at = self.at(position);
        // SAFETY: the descriptors are in the ring (promised by the caller).
        let pairs = unsafe { [pair(at), pair(at.add(2)), pair(at.add(4)), pair(at.add(6))] };
        fence(Ordering::Acquire);
        pairs
    }

    /// Writes two descriptors. The device may look at them when the doorbell is rung.
    ///
    /// # Safety
    /// The ring does not end before the second.
    #[target_feature(enable = "avx2")]
    #[inline]
    pub(crate) unsafe fn store_pair(self, position: u32, words: __m256i) {
        debug_assert!(self.slot(position) + 2 <= self.mask as usize + 1);
        #[cfg(tsan)]
        // SAFETY: as many bytes, of any value.
        return self.write(position, &unsafe { std::mem::transmute::<_, [_; 2]>(words) });
        // SAFETY: the descriptors are in the ring (promised by the caller), whose memory is valid while
        // the `Slots` that is borrowed here lives.
        unsafe {
            asm!(
                "vmovdqu [{at}], {words}",
                at = in(reg) self.at(position),
                words = in(ymm_reg) words,
                options(nostack, preserves_flags),
            );
        }
    }
}

/// Reads the descriptors at `at`, each at once.
///
/// # Safety
/// There are two, in the memory of a `Slots` that lives.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn pair(at: *const [u64; 2]) -> __m256i {
    let pair;
    // SAFETY: promised by the caller; rings are aligned to more than 16 bytes.
    unsafe {
        asm!(
            "vmovdqa {pair:x}, [{at}]",
            "vmovdqa {second:x}, [{at} + 16]",
            "vinserti128 {pair}, {pair}, {second:x}, 1",
            at = in(reg) at,
            pair = out(ymm_reg) pair,
            second = out(ymm_reg) _,
            options(readonly, nostack, preserves_flags),
        );
    }
    pair
}
