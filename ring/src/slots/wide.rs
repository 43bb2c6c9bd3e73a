//! Several descriptors by one instruction.
//!
//! What Rust's atomics cannot say is written as instructions: nothing that the compiler knows of reads or
//! writes the memory, so that it assumes nothing of it.
#![allow(unsafe_code)]
#![cfg_attr(tsan, allow(unreachable_code, unused))]

use std::arch::asm;
use std::arch::x86_64::__m512i;
use std::sync::atomic::{Ordering, fence};

use super::Slot;

/// Descriptors in a register.
pub(crate) const FOUR: usize = 4;

/// Descriptors that [`load_sixteen`] reads.
pub(crate) const WIDE: usize = 4 * FOUR;

/// Reads sixteen descriptors, four in each register. Of one whose second word says that it is done,
/// everything that the device wrote before that word is there, and visible afterwards.
///
/// The first words are read again after the second ones: an aligned word of 64 bits is read as a
/// whole, and reads are not reordered with each other, but a register is not promised to be read at
/// once.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_sixteen(slots: &[Slot; WIDE]) -> [__m512i; 4] {
    #[cfg(tsan)]
    // SAFETY: as many bytes, of any value.
    return unsafe { std::mem::transmute::<[_; WIDE], _>(slots.each_ref().map(Slot::load)) };
    let (a, b, c, d);
    // SAFETY: the descriptors are borrowed; a device that writes them meanwhile is what they are for.
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
            at = in(reg) slots,
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

/// As [`load_sixteen`], for four.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn load_four(slots: &[Slot; FOUR]) -> __m512i {
    #[cfg(tsan)]
    // SAFETY: as many bytes, of any value.
    return unsafe { std::mem::transmute::<[_; FOUR], _>(slots.each_ref().map(Slot::load)) };
    let four;
    // SAFETY: as in `load_sixteen`.
    unsafe {
        asm!(
            "vmovdqu64 {four}, [{at}]",
            "vmovdqu64 {four}{{{first}}}, [{at}]",
            at = in(reg) slots,
            first = in(kreg) 0x55_u8,
            four = out(zmm_reg) four,
            options(readonly, nostack, preserves_flags),
        );
    }
    fence(Ordering::Acquire);
    four
}

/// Writes four descriptors. The device may look at them when the doorbell is rung.
#[target_feature(enable = "avx512f")]
#[inline]
pub(crate) fn store_four(slots: &[Slot; FOUR], words: __m512i) {
    #[cfg(tsan)]
    {
        // SAFETY: as many bytes, of any value.
        let words = unsafe { std::mem::transmute::<_, [_; FOUR]>(words) };
        return slots.iter().zip(words).for_each(|(slot, words)| slot.store(words));
    }
    // SAFETY: the descriptors are borrowed, and may be written by whoever has them.
    unsafe {
        asm!(
            "vmovdqu64 [{at}], {words}",
            at = in(reg) slots,
            words = in(zmm_reg) words,
            options(nostack, preserves_flags),
        );
    }
}
