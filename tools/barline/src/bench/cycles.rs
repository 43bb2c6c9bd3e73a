//! The time stamp counter (TSC), by which bursts are timed.
//!
//! It ticks at a fixed rate close to the processor's nominal frequency, whatever the core runs at:
//! on a core in turbo a TSC cycle is a little more than one of the core's own.
#![allow(unsafe_code)]

/// The counter now; 0 where there is none.
#[inline(always)]
pub fn now() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction reads a counter and touches no memory; every x86-64 processor has it.
    return unsafe { core::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    0
}
