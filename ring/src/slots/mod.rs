//! The descriptors of a ring, as memory that a device reads and writes at any time.
#![allow(unsafe_code)]

#[cfg(target_arch = "x86_64")]
mod pairs;
#[cfg(target_arch = "x86_64")]
mod wide;

#[cfg(target_arch = "x86_64")]
pub(crate) use pairs::{PAIRS, load_pairs, store_pair};
#[cfg(target_arch = "x86_64")]
pub(crate) use wide::{FOUR, WIDE, load_four, load_sixteen, store_four};

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{BLOCK, DmaSlice, RingError, barrier};

/// Bytes of a descriptor: two little-endian 64-bit words.
pub const DESCRIPTOR_LEN: usize = 16;

/// Fewest descriptors in a ring.
pub const RING_LEN_MIN: usize = 2 * BLOCK;

/// Most descriptors in a ring, as Intel's RDLEN and TDLEN allow for.
pub const RING_LEN_MAX: usize = 4096;

/// The descriptors of one ring.
pub(crate) struct Slots {
    memory: DmaSlice,
    mask: u32,
}

impl Slots {
    /// `len` descriptors at the start of `memory`, all zero.
    pub(crate) fn new(memory: DmaSlice, len: usize) -> Result<Slots, RingError> {
        if !len.is_power_of_two() || !(RING_LEN_MIN..=RING_LEN_MAX).contains(&len) {
            return Err(RingError::Len(len));
        }
        let aligned =
            memory.base().as_ptr().addr().is_multiple_of(128) && memory.iova().is_multiple_of(128);
        if memory.len() < len * DESCRIPTOR_LEN || !aligned {
            return Err(RingError::Memory(memory.len()));
        }
        let slots = Slots { memory, mask: len as u32 - 1 };
        slots.clear();
        Ok(slots)
    }

    /// Number of descriptors: a power of two.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        self.mask + 1
    }

    /// Where free-running positions start: one lap before they overflow, so that every ring that
    /// runs at all runs through the overflow. It is descriptor 0.
    #[inline]
    pub(crate) fn start(&self) -> u32 {
        self.len().wrapping_neg()
    }

    /// The descriptor number of a free-running position.
    #[inline]
    pub(crate) fn slot(&self, position: u32) -> usize {
        (position & self.mask) as usize
    }

    /// The I/O virtual address of the first descriptor.
    pub(crate) fn iova(&self) -> u64 {
        self.memory.iova()
    }

    /// Another view of the same descriptors, for one who only looks.
    pub(crate) fn watch(&self) -> SlotsWatch {
        let memory = &self.memory;
        // SAFETY: the memory is valid while the keep-alive lives; the view only reads, atomically.
        let memory =
            unsafe { DmaSlice::new(memory.base(), memory.len(), memory.iova(), memory.keep()) };
        SlotsWatch(Slots { memory, mask: self.mask })
    }

    /// Keeps the memory from ever being used for anything else, since a device may still write to
    /// it.
    pub(crate) fn leak(&self) {
        std::mem::forget(self.memory.keep());
    }

    /// Zeroes all descriptors.
    pub(crate) fn clear(&self) {
        for position in 0..self.len() {
            self.store(position, [0, 0]);
        }
    }

    /// The descriptors for a loop over them: where they are is read once, and not again after each
    /// look at one.
    #[inline]
    pub(crate) fn descriptors(&self) -> Descriptors<'_> {
        Descriptors { base: self.memory.base().cast(), mask: self.mask, slots: PhantomData }
    }

    /// As [`Slot::status`].
    #[inline]
    pub(crate) fn status(&self, position: u32) -> u64 {
        self.descriptors().status(position)
    }

    /// Writes the second word of a descriptor again.
    #[inline]
    pub(crate) fn store_second(&self, position: u32, word: u64) {
        self.descriptors().one(position).0[1].store(word.to_le(), Ordering::Relaxed);
    }

    /// As [`Slot::store`].
    #[inline]
    pub(crate) fn store(&self, position: u32, words: [u64; 2]) {
        self.descriptors().store(position, words);
    }
}

/// The descriptors of one ring, by value.
#[derive(Clone, Copy)]
pub(crate) struct Descriptors<'s> {
    base: NonNull<[u64; 2]>,
    mask: u32,
    slots: PhantomData<&'s Slots>,
}

impl<'s> Descriptors<'s> {
    /// As [`Slots::slot`].
    #[inline]
    pub(crate) fn slot(self, position: u32) -> usize {
        (position & self.mask) as usize
    }

    /// As [`Slot::status`].
    #[inline]
    pub(crate) fn status(self, position: u32) -> u64 {
        self.one(position).status()
    }

    /// As [`Slot::first`].
    #[inline]
    pub(crate) fn first(self, position: u32) -> u64 {
        self.one(position).first()
    }

    /// As [`Slot::store`].
    #[inline]
    pub(crate) fn store(self, position: u32, words: [u64; 2]) {
        self.one(position).store(words);
    }

    /// The descriptor at a position.
    #[inline]
    fn one(self, position: u32) -> &'s Slot {
        // SAFETY: `slot < len`, and `Slots::new` checked that the memory holds `len` descriptors and is
        // aligned; it is valid while the `Slots` that is borrowed here lives; all accesses by this
        // process are atomic.
        unsafe { &*self.at(position).cast() }
    }

    /// The descriptors from a position on: `most` of them, or fewer where the ring ends before.
    #[inline]
    pub(crate) fn run(self, position: u32, most: usize) -> &'s [Slot] {
        let end = self.mask as usize + 1 - self.slot(position);
        // SAFETY: as above, for those up to the ring's end.
        unsafe { std::slice::from_raw_parts(self.at(position).cast(), most.min(end)) }
    }

    /// So many descriptors from a position on, if the ring does not end before.
    #[inline]
    pub(crate) fn all(self, position: u32, count: usize) -> Option<&'s [Slot]> {
        let start = self.slot(position);
        // SAFETY: as above, for all of them.
        let slots: &[Slot] = unsafe {
            std::slice::from_raw_parts(self.base.as_ptr().cast(), self.mask as usize + 1)
        };
        slots.get(start..start + count)
    }

    /// Where a descriptor is.
    #[inline]
    fn at(self, position: u32) -> *mut [u64; 2] {
        // SAFETY: `slot < len`, and the memory holds `len` descriptors, as above.
        unsafe { self.base.as_ptr().add(self.slot(position)) }
    }
}

/// One descriptor. Atomics are the one kind of reference that may point at memory which somebody else
/// writes.
#[repr(C, align(16))]
pub(crate) struct Slot([AtomicU64; 2]);

impl Slot {
    /// Reads the second word, where devices report that they are done. Everything that the device wrote
    /// before that word is visible afterwards.
    #[inline]
    pub(crate) fn status(&self) -> u64 {
        u64::from_le(barrier::load(&self.0[1]))
    }

    /// Reads the first word.
    #[inline]
    pub(crate) fn first(&self) -> u64 {
        u64::from_le(self.0[0].load(Ordering::Relaxed))
    }

    /// Reads both words, the second one first.
    #[cfg(tsan)]
    pub(crate) fn load(&self) -> [u64; 2] {
        let second = self.status();
        [self.first(), second]
    }

    /// Writes the descriptor. The device may look at it when the doorbell is rung.
    #[inline]
    pub(crate) fn store(&self, [first, second]: [u64; 2]) {
        self.0[0].store(first.to_le(), Ordering::Relaxed);
        self.0[1].store(second.to_le(), Ordering::Relaxed);
    }
}

/// A view of a ring's descriptors that can only look at them, from any thread.
#[derive(Debug)]
pub(crate) struct SlotsWatch(Slots);

impl SlotsWatch {
    /// As [`Slots::slot`].
    pub(crate) fn slot(&self, position: u32) -> usize {
        self.0.slot(position)
    }

    /// As [`Slots::status`].
    pub(crate) fn status(&self, position: u32) -> u64 {
        self.0.status(position)
    }
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("len", &self.len()).field("memory", &self.memory).finish()
    }
}
