//! The order of accesses, as devices see them.
//!
//! The fences of [`std::sync::atomic`] are about threads. On x86-64 they are enough for devices, too: a
//! CPU's stores are seen in order by everybody, its loads are done in order, and registers are
//! uncached. On aarch64 they order accesses for the inner shareable domain (`dmb ish`), in which the CPUs
//! are; a device may be outside of it, and sees a doorbell before the descriptors. So the barriers here
//! are those of the outer shareable domain, which holds the inner one: each is what the fence of its name is to
//! threads, and the same to devices that are coherent with the caches, as VFIO's are.
//!
//! Sources: Arm Architecture Reference Manual (DDI 0487), B2.3 and DMB; Linux `arch/arm64/include/asm`,
//! `barrier.h` (`dma_rmb`, `dma_wmb`) and `io.h` (`readl`, `writel`); DPDK `eal/arm`, `rte_atomic_64.h`.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64", miri)))]
compile_error!(
    "barline-ring does not know this processor's barriers for devices: add them to ring/src/barrier.rs"
);

/// What this thread has read and written in memory before is done before what it writes after, also
/// for a device: to be called before a register is written that tells a device of memory.
///
/// Linux orders only stores there. Here loads count, too: a frame's bytes were perhaps read just now, and
/// the doorbell gives its buffer to the device.
#[inline]
pub fn release() {
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: a barrier, which changes no register and no memory. The compiler takes it for a reader and
    // writer of all memory, and so moves nothing across it.
    unsafe {
        std::arch::asm!("dmb osh", options(nostack, preserves_flags));
    }
    #[cfg(not(all(target_arch = "aarch64", not(miri))))]
    std::sync::atomic::fence(Ordering::Release);
}

/// What this thread has read before was read before what it reads and writes after, also when a device
/// has written it: to be called when a word was read by which a device reports.
#[inline]
pub fn acquire() {
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: as in `release`.
    unsafe {
        std::arch::asm!("dmb oshld", options(nostack, preserves_flags));
    }
    #[cfg(not(all(target_arch = "aarch64", not(miri))))]
    std::sync::atomic::fence(Ordering::Acquire);
}

/// Reads a word by which a device reports. Everything that the device wrote before that word is visible
/// afterwards.
///
/// On aarch64 a load-acquire (`ldar`) would not do: it orders for the shareability domain of the memory,
/// and a process's memory is inner shareable.
#[inline]
pub(crate) fn load(word: &AtomicU64) -> u64 {
    if cfg!(all(target_arch = "aarch64", not(miri))) {
        let value = word.load(Ordering::Relaxed);
        acquire();
        return value;
    }
    word.load(Ordering::Acquire)
}
