//! Descriptors of a ring in a driver's memory, which the driver reads and writes at any time.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::{Access, Fault, Memory};

/// Bytes of a descriptor: two little-endian 64-bit words.
pub(crate) const DESCRIPTOR: u64 = 16;

/// Some descriptors in a row, mapped for as long as this is there.
#[derive(Debug)]
pub(crate) struct Descriptors<'m> {
    first: NonNull<u8>,
    len: usize,
    memory: PhantomData<&'m Memory>,
}

impl Memory {
    /// The descriptors from `iova` on: at least one, at most `count`, fewer where the mapping ends.
    /// Faults also where `iova` is no multiple of 16, and where devices may not both read and write.
    #[inline]
    pub(crate) fn descriptors(&self, iova: u64, count: usize) -> Result<Descriptors<'_>, Fault> {
        let mapping = self.find(iova, Access::Both);
        let mapping = mapping.filter(|_| iova.is_multiple_of(DESCRIPTOR) && count > 0);
        let mapping = mapping.ok_or_else(|| self.fault())?;
        // Mappings end on pages, so none ends within a descriptor.
        let mapped = (mapping.len - (iova - mapping.iova)) / DESCRIPTOR;
        let len = count.min(mapped as usize);
        Ok(Descriptors { first: mapping.at(iova), len, memory: PhantomData })
    }
}

impl Descriptors<'_> {
    /// How many there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reads one that the driver has handed over, which was seen by reading its tail register.
    #[inline]
    pub(crate) fn load(&self, at: usize) -> [u64; 2] {
        [self.word(at, 0), self.word(at, 1)].map(|word| u64::from_le(word.load(Ordering::Relaxed)))
    }

    /// Reads the first word of one.
    #[inline]
    pub(crate) fn load_first(&self, at: usize) -> u64 {
        u64::from_le(self.word(at, 0).load(Ordering::Relaxed))
    }

    /// Writes one back. Who sees its second word sees its first one, too, and everything that was
    /// written before.
    #[inline]
    pub(crate) fn store(&self, at: usize, [first, second]: [u64; 2]) {
        fence(Ordering::Release);
        #[cfg(all(target_arch = "x86_64", not(tsan)))]
        {
            use std::arch::x86_64::{_mm_set_epi64x, _mm_store_si128};
            // SAFETY: `at` checked that the descriptor is there, and it is aligned: mappings start on
            // pages in both address spaces, and `descriptors` checked the I/O address. An aligned
            // store of 16 bytes is not torn by any processor with AVX, nor in halves of 8 bytes by
            // any other, and stores stay in order, so a driver never meets a new second word with an
            // old first one.
            unsafe {
                _mm_store_si128(
                    self.at(at).as_ptr().cast(),
                    _mm_set_epi64x(second as i64, first as i64),
                );
            }
        }
        #[cfg(not(all(target_arch = "x86_64", not(tsan))))]
        {
            self.word(at, 0).store(first.to_le(), Ordering::Relaxed);
            self.word(at, 1).store(second.to_le(), Ordering::Release);
        }
    }

    /// Where a descriptor is: all of its 16 bytes may be reached from there.
    #[inline]
    fn at(&self, at: usize) -> NonNull<u8> {
        assert!(at < self.len);
        // SAFETY: the descriptor is one of `len`, which are mapped, see `Memory::descriptors`.
        unsafe { self.first.add(at * DESCRIPTOR as usize) }
    }

    /// One word of a descriptor. Atomics are the one kind of reference that may point at memory which
    /// somebody else writes.
    #[inline]
    fn word(&self, at: usize, word: usize) -> &AtomicU64 {
        assert!(word < 2);
        // SAFETY: half of a descriptor that is mapped and aligned to its size, see
        // `Memory::descriptors`; the mapping cannot go while the borrow of `Memory` lasts.
        unsafe { AtomicU64::from_ptr(self.at(at).add(word * 8).as_ptr().cast()) }
    }
}
