//! Heap memory in the part of DMA memory, and a heap word in the part of a tail register.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use barline_ring::{DmaSlice, Doorbell};

/// A zeroed allocation of its own, so that AddressSanitizer guards both of its ends.
struct Heap {
    base: NonNull<u8>,
    layout: Layout,
}

// SAFETY: plain bytes; who touches which is up to the holders of the addresses.
unsafe impl Send for Heap {}
// SAFETY: as above.
unsafe impl Sync for Heap {}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout in `Region::new`.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
    }
}

/// Memory of rings that were never released: the crate keeps it for ever, and LeakSanitizer wants to
/// see by whom.
static FOR_EVER: Mutex<Vec<Arc<Heap>>> = Mutex::new(Vec::new());

/// The device's window to a piece of memory: it knows bus addresses only.
#[derive(Clone)]
pub struct Region {
    heap: Arc<Heap>,
    iova: u64,
}

impl Region {
    /// Allocates `len` bytes that the device sees at `iova`: the device's view and the driver's.
    pub fn new(len: usize, iova: u64) -> (Region, DmaSlice) {
        Region::misaligned(len, iova, 0)
    }

    /// As [`Region::new`], with the driver's view `skew` bytes off any alignment.
    pub fn misaligned(len: usize, iova: u64, skew: usize) -> (Region, DmaSlice) {
        let layout = Layout::from_size_align(len + skew, 4096).unwrap();
        // SAFETY: callers ask for more than 0 bytes.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap();
        let heap = Arc::new(Heap { base, layout });
        // SAFETY: `skew` is inside the allocation. The memory is zeroed, lives as long as `heap`,
        // and only the model, which is the device, touches it by another way.
        let slice = unsafe { DmaSlice::new(base.add(skew), len, iova, heap.clone()) };
        (Region { heap, iova }, slice)
    }

    /// Notes that the memory is never freed.
    pub fn keep_for_ever(&self) {
        let mut for_ever = FOR_EVER.lock().unwrap_or_else(PoisonError::into_inner);
        for_ever.push(self.heap.clone());
    }

    /// The process's address of a range, which lies inside the region or is a DMA fault.
    fn translate(&self, iova: u64, len: usize) -> *mut u8 {
        let offset = iova.wrapping_sub(self.iova);
        assert!(
            offset.checked_add(len as u64).is_some_and(|end| end <= self.heap.layout.size() as u64),
            "DMA fault: {len} bytes at {iova:#x}"
        );
        // SAFETY: inside the allocation by the check above.
        unsafe { self.heap.base.as_ptr().add(offset as usize) }
    }

    /// Reads bytes as a device does.
    pub fn read(&self, iova: u64, bytes: &mut [u8]) {
        let from = self.translate(iova, bytes.len());
        // SAFETY: `from` is valid for the length; the host does not change what it has shown.
        unsafe { from.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Writes bytes as a device does.
    pub fn write(&self, iova: u64, bytes: &[u8]) {
        let to = self.translate(iova, bytes.len());
        // SAFETY: `to` is valid for the length; the host holds no reference to an armed buffer.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
    }

    /// Reads descriptor `slot` of a ring that fills this region.
    pub fn load(&self, slot: u32) -> [u64; 2] {
        [0, 1].map(|word| u64::from_le(self.word(slot, word).load(Ordering::Acquire)))
    }

    /// Writes descriptor `slot`, its second word last.
    pub fn store(&self, slot: u32, words: [u64; 2]) {
        for (word, value) in words.into_iter().enumerate() {
            self.word(slot, word as u64).store(value.to_le(), Ordering::Release);
        }
    }

    fn word(&self, slot: u32, word: u64) -> &AtomicU64 {
        let at = self.translate(self.iova + u64::from(slot) * 16 + word * 8, 8);
        // SAFETY: valid, aligned and only reached by atomics on both sides.
        unsafe { AtomicU64::from_ptr(at.cast()) }
    }
}

/// A tail register.
#[derive(Clone, Default)]
pub struct Register(Arc<AtomicU32>);

impl Register {
    /// What the driver writes it through.
    pub fn doorbell(&self) -> Doorbell {
        let register = NonNull::new(self.0.as_ptr()).unwrap();
        // SAFETY: an aligned word that lives as long as the handle.
        unsafe { Doorbell::new(register, self.0.clone()) }
    }

    /// What was written last.
    pub fn value(&self) -> u32 {
        u32::from_le(self.0.load(Ordering::Acquire))
    }

    /// Sets it, as a reset of the queue does.
    pub fn reset(&self) {
        self.0.store(0, Ordering::Release);
    }
}
