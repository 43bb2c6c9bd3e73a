//! Two descriptors in a register.
//!
//! As in [`wide`](super::wide), nothing that the compiler knows of reads or writes the memory.
#![allow(unsafe_code)]
#![cfg_attr(tsan, allow(unreachable_code, unused))]

use std::arch::asm;
use std::arch::x86_64::__m256i;
use std::sync::atomic::{Ordering, fence};

use super::Slot;

/// Descriptors that [`load_pairs`] reads.
pub(crate) const PAIRS: usize = 8;

/// Reads eight descriptors, two in each register. Of one whose second word says that it is done,
/// everything that the device wrote before that word is there, and visible afterwards.
///
/// Each descriptor is read at once, by an aligned load of 16 bytes: on CPUs with AVX these are single
/// accesses. (Intel's manual, volume 3, "Guaranteed Atomic Operations", has it of VMOVDQA, and so not
/// of the instructions that would load and combine; AMD's, volume 2, "Access Atomicity", of all aligned
/// loads from cacheable memory.)
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn load_pairs(slots: &[Slot; PAIRS]) -> [__m256i; 4] {
    #[cfg(tsan)]
    // SAFETY: as many bytes, of any value.
    return unsafe { std::mem::transmute::<[_; PAIRS], _>(slots.each_ref().map(Slot::load)) };
    let [a, b, c, d, e, f, g, h] = slots;
    let pairs = [pair(a, b), pair(c, d), pair(e, f), pair(g, h)];
    fence(Ordering::Acquire);
    pairs
}

/// Writes two descriptors. The device may look at them when the doorbell is rung.
#[target_feature(enable = "avx2")]
#[inline]
pub(crate) fn store_pair(slots: &[Slot; 2], words: __m256i) {
    #[cfg(tsan)]
    {
        // SAFETY: as many bytes, of any value.
        let words = unsafe { std::mem::transmute::<_, [_; 2]>(words) };
        return slots.iter().zip(words).for_each(|(slot, words)| slot.store(words));
    }
    // SAFETY: the descriptors are borrowed, and may be written by whoever has them.
    unsafe {
        asm!(
            "vmovdqu [{at}], {words}",
            at = in(reg) slots,
            words = in(ymm_reg) words,
            options(nostack, preserves_flags),
        );
    }
}

/// Reads two descriptors, each at once.
#[target_feature(enable = "avx2")]
#[inline]
fn pair(first: &Slot, second: &Slot) -> __m256i {
    let pair;
    // SAFETY: the descriptors are borrowed, and aligned to their 16 bytes.
    unsafe {
        asm!(
            "vmovdqa {pair:x}, [{first}]",
            "vmovdqa {rest:x}, [{second}]",
            "vinserti128 {pair}, {pair}, {rest:x}, 1",
            first = in(reg) first,
            second = in(reg) second,
            pair = out(ymm_reg) pair,
            rest = out(ymm_reg) _,
            options(readonly, nostack, preserves_flags),
        );
    }
    pair
}
