//! Memory that a driver has mapped for its device: exactly as much as it says, so that a sanitizer sees
//! any access beside it.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use softnic::Memory;

const PAGE: usize = 4096;

/// Memory at an I/O address.
pub struct Ram {
    base: NonNull<u8>,
    layout: Layout,
    pub iova: u64,
    used: u64,
}

impl Ram {
    pub fn new(pages: usize, iova: u64) -> Ram {
        let layout = Layout::from_size_align(pages * PAGE, PAGE).unwrap();
        // SAFETY: the layout is not empty.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap();
        Ram { base, layout, iova, used: 0 }
    }

    pub fn len(&self) -> u64 {
        self.layout.size() as u64
    }

    pub fn map(&self, memory: &mut Memory) {
        // SAFETY: valid until it is dropped, which is after the adapter; it is looked at by copies only.
        unsafe { memory.map(self.base, self.len(), self.iova) }.unwrap();
    }

    /// The I/O address of some bytes that nobody else has, aligned to 128.
    pub fn take(&mut self, len: usize) -> u64 {
        let at = self.used;
        self.used += (len as u64).next_multiple_of(128);
        assert!(self.used <= self.len(), "the test needs more memory");
        self.iova + at
    }

    fn at(&self, iova: u64, len: usize) -> *mut u8 {
        let offset = iova.checked_sub(self.iova).unwrap();
        assert!(offset + len as u64 <= self.len());
        // SAFETY: inside, as was just checked.
        unsafe { self.base.as_ptr().add(offset as usize) }
    }

    pub fn read(&self, iova: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        // SAFETY: `at` has checked the range, and nobody else is at it.
        unsafe { self.at(iova, len).copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
        bytes
    }

    pub fn write(&self, iova: u64, bytes: &[u8]) {
        // SAFETY: as for `read`.
        unsafe { self.at(iova, bytes.len()).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    fn word(&self, iova: u64) -> &AtomicU64 {
        assert!(iova.is_multiple_of(8));
        // SAFETY: inside, aligned, and only ever reached by atomics while the device may be at it.
        unsafe { AtomicU64::from_ptr(self.at(iova, 8).cast()) }
    }

    /// A descriptor.
    pub fn words(&self, iova: u64) -> [u64; 2] {
        let second = self.word(iova + 8).load(Ordering::Acquire);
        [self.word(iova).load(Ordering::Relaxed), second]
    }

    pub fn set_words(&self, iova: u64, [first, second]: [u64; 2]) {
        self.word(iova).store(first, Ordering::Relaxed);
        self.word(iova + 8).store(second, Ordering::Relaxed);
    }
}

impl Drop for Ram {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.base.as_ptr(), self.layout) };
    }
}
