//! The memory that the adapter's VFs reach: what their driver has mapped, at the addresses it chose.
//!
//! This is the adapter's IOMMU. An access outside the mappings reaches nothing and is counted.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ptr::NonNull;

/// Granule of mappings.
pub const PAGE: u64 = 4096;

/// Bits of an I/O virtual address that the IOMMU translates.
pub const ADDRESS_BITS: u32 = 48;

/// Why a mapping was refused, with the errno that the kernel gives for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// Address or length is not a multiple of the page, is 0, or outside the addresses translated
    /// (EINVAL).
    #[error(
        "{len} bytes at I/O address {iova:#x}: both must be multiples of 4096 below 2^48, the length not 0"
    )]
    Range {
        /// First I/O address.
        iova: u64,
        /// Bytes.
        len: u64,
    },
    /// Something is mapped there (EEXIST).
    #[error("{len} bytes at I/O address {iova:#x}: something is mapped there already")]
    Overlap {
        /// First I/O address.
        iova: u64,
        /// Bytes.
        len: u64,
    },
    /// No mapping is exactly this (EINVAL, ENOENT).
    #[error("{len} bytes at I/O address {iova:#x}: no such mapping")]
    Absent {
        /// First I/O address.
        iova: u64,
        /// Bytes.
        len: u64,
    },
}

/// One mapping: `len` bytes at `base`, which devices see at `iova`.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    iova: u64,
    len: u64,
    base: NonNull<u8>,
}

// SAFETY: plain bytes that `Memory::map` was promised to be valid from any thread.
unsafe impl Send for Mapping {}

/// An address that is not mapped, or no whole range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault;

/// The mappings of one address space.
#[derive(Debug, Default)]
pub struct Memory {
    /// Ascending, disjoint.
    mappings: Vec<Mapping>,
    /// Where the last access was: most are near each other.
    last: Cell<usize>,
    faults: Cell<u64>,
}

impl Memory {
    /// Maps `len` bytes of this process's memory at `iova`.
    ///
    /// # Safety
    /// The bytes are valid for reads and writes from any thread until they are unmapped here; nobody
    /// relies on their values but as a driver does on memory that a device may write.
    ///
    /// # Errors
    /// The range is misaligned or out of bounds, or overlaps with another.
    pub unsafe fn map(&mut self, base: NonNull<u8>, len: u64, iova: u64) -> Result<(), MapError> {
        let end = iova.checked_add(len).filter(|end| *end <= 1 << ADDRESS_BITS);
        let (true, true, Some(end)) =
            (len > 0, iova.is_multiple_of(PAGE) && len.is_multiple_of(PAGE), end)
        else {
            return Err(MapError::Range { iova, len });
        };
        let at = self.mappings.partition_point(|mapping| mapping.iova < iova);
        let before = at.checked_sub(1).and_then(|i| self.mappings.get(i));
        let overlaps = before.is_some_and(|m| m.iova + m.len > iova)
            || self.mappings.get(at).is_some_and(|m| m.iova < end);
        if overlaps {
            return Err(MapError::Overlap { iova, len });
        }
        self.mappings.insert(at, Mapping { iova, len, base });
        Ok(())
    }

    /// Takes a mapping back, whole. When it returns, nothing reaches the memory any more.
    ///
    /// # Errors
    /// No mapping is exactly that range.
    pub fn unmap(&mut self, iova: u64, len: u64) -> Result<(), MapError> {
        let found = self.mappings.iter().position(|m| m.iova == iova && m.len == len);
        let at = found.ok_or(MapError::Absent { iova, len })?;
        self.mappings.remove(at);
        Ok(())
    }

    /// Accesses that found no mapping.
    pub fn faults(&self) -> u64 {
        self.faults.get()
    }

    /// Copies bytes in, from `iova` on. Nothing is copied if any of them is not mapped.
    pub(crate) fn read(&self, iova: u64, into: &mut [u8]) -> Result<(), Fault> {
        let from = self.translate(iova, into.len() as u64)?;
        // SAFETY: as many bytes are mapped there, valid as promised to `map`, and none of them is in
        // `into`, which is the adapter's own. A driver that writes there meanwhile breaks its own
        // packet.
        unsafe { from.as_ptr().copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    /// Copies bytes out, to `iova` and on. Nothing is copied if any of them is not mapped.
    pub(crate) fn write(&self, iova: u64, from: &[u8]) -> Result<(), Fault> {
        let into = self.translate(iova, from.len() as u64)?;
        // SAFETY: as for `read`.
        unsafe { into.as_ptr().copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        Ok(())
    }

    /// The host's address of `len` bytes at `iova`, all in one mapping.
    pub(crate) fn translate(&self, iova: u64, len: u64) -> Result<NonNull<u8>, Fault> {
        let inside = |m: &Mapping| iova >= m.iova && len <= m.len && iova - m.iova <= m.len - len;
        let found = match self.mappings.get(self.last.get()).filter(|m| inside(m)) {
            Some(mapping) => Some(mapping),
            None => {
                let at = self.mappings.partition_point(|m| m.iova <= iova).wrapping_sub(1);
                self.last.set(at);
                self.mappings.get(at).filter(|m| inside(m))
            }
        };
        let Some(mapping) = found else {
            self.faults.set(self.faults.get() + 1);
            return Err(Fault);
        };
        // SAFETY: the offset is inside the mapping's bytes.
        Ok(unsafe { mapping.base.add((iova - mapping.iova) as usize) })
    }
}
