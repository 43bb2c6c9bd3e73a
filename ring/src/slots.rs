//! The descriptors of a ring, as memory that a device reads and writes at any time.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{BLOCK, DmaSlice};

/// Bytes of a descriptor: two little-endian 64-bit words.
pub const DESCRIPTOR_LEN: usize = 16;

/// Fewest descriptors in a ring.
pub const RING_LEN_MIN: usize = 2 * BLOCK;

/// Most descriptors in a ring, as Intel's RDLEN and TDLEN allow for.
pub const RING_LEN_MAX: usize = 4096;

/// Why a ring could not be made, or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingError {
    /// The number of descriptors is not a power of two from 64 to 4096.
    Len(usize),
    /// The descriptor memory is too short for them, or not aligned to 128 bytes.
    Memory(usize),
    /// The arena has not enough free buffers to fill the ring.
    NoBuffers {
        /// Buffers that the ring needs.
        needed: usize,
        /// Buffers that were free.
        free: usize,
    },
    /// No descriptor has that number.
    Offset {
        /// The number.
        offset: usize,
        /// Descriptors in the ring.
        len: usize,
    },
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RingError::Len(n) => {
                write!(f, "a ring of {n} descriptors: it must be a power of two from 64 to 4096")
            }
            RingError::Memory(n) => write!(
                f,
                "{n} bytes of descriptor memory: 16 a descriptor are needed, from a multiple of 128 on"
            ),
            RingError::NoBuffers { needed, free } => write!(
                f,
                "the ring needs {needed} buffers and the arena has {free} free: make the arena larger or the rings shorter"
            ),
            RingError::Offset { offset, len } => {
                write!(f, "descriptor {offset} of a ring of {len}: it must be 0 to {}", len - 1)
            }
        }
    }
}

impl std::error::Error for RingError {}

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

    /// Reads the second word of a descriptor, where devices report that they are done. Everything
    /// that the device wrote before that word is visible afterwards.
    #[inline]
    pub(crate) fn status(&self, position: u32) -> u64 {
        u64::from_le(self.word(position, 1).load(Ordering::Acquire))
    }

    /// Reads the first word of a descriptor.
    #[inline]
    pub(crate) fn first(&self, position: u32) -> u64 {
        u64::from_le(self.word(position, 0).load(Ordering::Relaxed))
    }

    /// Writes a descriptor. The device may look at it when the doorbell is rung.
    #[inline]
    pub(crate) fn store(&self, position: u32, [first, second]: [u64; 2]) {
        self.word(position, 0).store(first.to_le(), Ordering::Relaxed);
        self.word(position, 1).store(second.to_le(), Ordering::Relaxed);
    }

    /// One word of a descriptor. Atomics are the one kind of reference that may point at memory which
    /// somebody else writes.
    #[inline]
    fn word(&self, position: u32, word: usize) -> &AtomicU64 {
        let offset = self.slot(position) * DESCRIPTOR_LEN + word * 8;
        // SAFETY: `slot < len`, and `new` checked that the memory holds `len` descriptors and is
        // aligned; it is valid while `self.memory` lives; all accesses by this process are atomic.
        unsafe { AtomicU64::from_ptr(self.memory.base().as_ptr().add(offset).cast()) }
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
