//! Lines of the driver's memory thrown out of all caches, to measure what it costs to find them cold.

use super::Memory;

/// Bytes of a cache line: those of every x86-64 there is. A smaller one would be flushed in part.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// The instruction that this processor has for it. Dropping it waits until what was flushed is in memory.
pub(crate) struct Flush {
    #[cfg(target_arch = "x86_64")]
    unordered: bool,
    #[cfg(not(target_arch = "x86_64"))]
    never: std::convert::Infallible,
}

impl Flush {
    /// `None`: it has none, or none that is known here.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn new() -> Option<Flush> {
        use std::sync::OnceLock;

        /// CPUID.7.0:EBX.CLFLUSHOPT.
        const CLFLUSHOPT: u32 = 1 << 23;

        // A virtual machine leaves its processor for each CPUID.
        static UNORDERED: OnceLock<bool> = OnceLock::new();
        let ask = || {
            use std::arch::x86_64::{__cpuid, __cpuid_count};
            __cpuid(0).eax >= 7 && __cpuid_count(7, 0).ebx & CLFLUSHOPT != 0
        };
        // CLFLUSH, at least, every x86-64 has.
        Some(Flush { unordered: *UNORDERED.get_or_init(ask) })
    }

    /// `None`: nobody has written it.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn new() -> Option<Flush> {
        None
    }
}

#[cfg(target_arch = "x86_64")]
impl Drop for Flush {
    fn drop(&mut self) {
        // SAFETY: a fence, which every x86-64 has.
        unsafe { std::arch::x86_64::_mm_mfence() };
    }
}

impl Memory {
    /// Flushes some bytes, as far as they are mapped. Returns how many lines.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn flush(&self, flush: &Flush, iova: u64, len: u64) -> usize {
        use std::arch::{asm, x86_64::_mm_clflush};

        let (mut lines, mut at, mut left) = (0, iova, len);
        while left > 0 {
            let Some(mapping) = self.search(at) else { break };
            let piece = left.min(mapping.len - (at - mapping.iova));
            let start = mapping.at(at).as_ptr();
            let before = start.addr() % LINE;
            // Mappings start on pages, so the line that a piece starts in is in the mapping, too.
            let first = start.wrapping_sub(before);
            let count = (before + piece as usize).div_ceil(LINE);
            for line in 0..count {
                let line = first.wrapping_add(line * LINE);
                // SAFETY: a byte of the mapping, for which holds what `Memory::map` was promised. It
                // changes no byte that anybody could see, and the processor has the instruction.
                unsafe {
                    if flush.unordered {
                        asm!("clflushopt [{}]", in(reg) line, options(nostack, preserves_flags));
                    } else {
                        _mm_clflush(line);
                    }
                }
            }
            lines += count;
            (at, left) = (at + piece, left - piece);
        }
        lines
    }

    /// There is no [`Flush`].
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn flush(&self, flush: &Flush, _iova: u64, _len: u64) -> usize {
        match flush.never {}
    }
}
