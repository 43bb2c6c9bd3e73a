//! An address space that knows what is mapped in it, and through which the model reaches memory.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use barline::Result;
use barline::transport::DmaSpace;

use super::trouble::Trouble;

#[derive(Debug)]
pub struct Space {
    trouble: Arc<Trouble>,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    mapped: BTreeMap<u64, Piece>,
    faults: usize,
}

#[derive(Debug)]
struct Piece(NonNull<u8>, usize);

// SAFETY: memory that its owner promised to keep while it is mapped, reached from any thread.
unsafe impl Send for Piece {}

impl Space {
    pub fn new(trouble: Arc<Trouble>) -> Space {
        Space { trouble, book: Mutex::default() }
    }

    /// Mappings that there are now.
    pub fn mappings(&self) -> usize {
        self.book.lock().unwrap().mapped.len()
    }

    /// Accesses that no mapping held.
    pub fn faults(&self) -> usize {
        self.book.lock().unwrap().faults
    }

    /// Runs `with` on the memory at an address, if all of it is mapped; it stays so meanwhile.
    fn access(&self, iova: u64, len: usize, with: impl FnOnce(*mut u8)) -> bool {
        let mut book = self.book.lock().unwrap();
        let found =
            book.mapped.range(..=iova).next_back().and_then(|(start, Piece(base, size))| {
                let at = usize::try_from(iova - start).ok()?;
                // SAFETY: within the piece, as is checked before.
                (at.checked_add(len)? <= *size).then(|| unsafe { base.as_ptr().add(at) })
            });
        match found {
            Some(at) => with(at),
            None => book.faults += 1,
        }
        found.is_some()
    }

    pub fn read(&self, iova: u64, out: &mut [u8]) -> bool {
        // SAFETY: `out.len()` bytes are mapped there; the driver does not write them while the
        // device owns them.
        self.access(iova, out.len(), |at| unsafe {
            ptr::copy_nonoverlapping(at, out.as_mut_ptr(), out.len());
        })
    }

    pub fn write(&self, iova: u64, data: &[u8]) -> bool {
        // SAFETY: `data.len()` bytes are mapped there, armed for the device to write.
        self.access(iova, data.len(), |at| unsafe {
            ptr::copy_nonoverlapping(data.as_ptr(), at, data.len());
        })
    }

    /// A word of a descriptor, which both sides reach at any time.
    pub fn load(&self, iova: u64) -> u64 {
        let mut value = 0;
        // SAFETY: mapped, and aligned since rings are.
        self.access(iova, 8, |at| unsafe {
            value = AtomicU64::from_ptr(at.cast()).load(Ordering::Acquire);
        });
        u64::from_le(value)
    }

    pub fn store(&self, iova: u64, value: u64) {
        // SAFETY: as for `load`.
        self.access(iova, 8, |at| unsafe {
            AtomicU64::from_ptr(at.cast()).store(value.to_le(), Ordering::Release);
        });
    }
}

// SAFETY: the model reaches memory through the recorded mappings only.
unsafe impl DmaSpace for Space {
    fn iova_ranges(&self) -> Vec<RangeInclusive<u64>> {
        vec![0..=0xfedf_ffff, 0xfef0_0000..=(1 << 39) - 1]
    }

    fn page_sizes(&self) -> u64 {
        0x4020_1000
    }

    unsafe fn map(&self, memory: NonNull<u8>, len: usize, iova: u64) -> Result<()> {
        self.trouble.call("map")?;
        self.book.lock().unwrap().mapped.insert(iova, Piece(memory, len));
        Ok(())
    }

    fn unmap(&self, iova: u64, len: usize) -> Result<()> {
        let mut book = self.book.lock().unwrap();
        let Piece(_, mapped) = book.mapped.remove(&iova).expect("it is mapped");
        assert_eq!(mapped, len);
        Ok(())
    }
}
