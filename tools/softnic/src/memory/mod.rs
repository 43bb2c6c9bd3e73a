//! The memory that the adapter's VFs reach: what their driver has mapped, at the addresses it chose.
//!
//! This is the adapter's IOMMU. An access outside the mappings reaches nothing and is counted.
#![allow(unsafe_code)]

mod descriptors;
mod flush;
mod rebase;
mod spaces;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) use descriptors::{DESCRIPTOR, Descriptors};
pub(crate) use flush::Flush;
pub use spaces::Space;
pub(crate) use spaces::Spaces;

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
    /// The memory does not start on a page (EINVAL).
    #[error("memory at {base:#x}: it must start at a multiple of 4096")]
    Base {
        /// Where it is in this process.
        base: usize,
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

/// What devices may do with a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Write.
    Write,
    /// Read and write.
    Both,
}

impl Access {
    #[inline]
    fn allows(self, wanted: Access) -> bool {
        self == Access::Both || self == wanted
    }
}

/// One mapping: `len` bytes at `base`, which devices see at `iova`.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    iova: u64,
    len: u64,
    base: NonNull<u8>,
    access: Access,
}

// SAFETY: plain bytes that `Memory::map` was promised to be valid from any thread.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Whether `len` bytes at `iova` are all in it.
    #[inline]
    fn holds(&self, iova: u64, len: u64) -> bool {
        len <= self.len && iova.wrapping_sub(self.iova) <= self.len - len
    }

    /// Where `iova`, which is in it or its end, is in this process.
    #[inline]
    fn at(&self, iova: u64) -> NonNull<u8> {
        // SAFETY: the offset is at most the mapping's length.
        unsafe { self.base.add((iova - self.iova) as usize) }
    }
}

/// An address that is not mapped, or no whole range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault;

/// The mappings of one address space.
#[derive(Debug, Default)]
pub struct Memory {
    /// Ascending, disjoint.
    mappings: Vec<Mapping>,
    /// Mappings that are in parts since their memory was moved: I/O address and bytes of the whole.
    split: Vec<(u64, u64)>,
    /// The mapping of the last access: most are near each other.
    last: Cell<Option<Mapping>>,
    faults: Cell<u64>,
}

impl Memory {
    /// Maps `len` bytes of this process's memory at `iova`, to be read and written.
    ///
    /// # Safety
    /// The bytes are valid for reads and writes from any thread until they are unmapped here; nobody
    /// relies on their values but as a driver does on memory that a device may write.
    ///
    /// # Errors
    /// The range is misaligned or out of bounds, or overlaps with another.
    pub unsafe fn map(&mut self, base: NonNull<u8>, len: u64, iova: u64) -> Result<(), MapError> {
        // SAFETY: promised by the caller.
        unsafe { self.map_for(Access::Both, base, len, iova) }
    }

    /// Maps `len` bytes of this process's memory at `iova`, for some accesses only. Another one is a
    /// fault.
    ///
    /// # Safety
    /// As for [`Memory::map`]; the bytes need be valid for these accesses only.
    ///
    /// # Errors
    /// As for [`Memory::map`].
    pub unsafe fn map_for(
        &mut self,
        access: Access,
        base: NonNull<u8>,
        len: u64,
        iova: u64,
    ) -> Result<(), MapError> {
        let end = iova.checked_add(len).filter(|end| *end <= 1 << ADDRESS_BITS);
        let (true, true, Some(end)) =
            (len > 0, iova.is_multiple_of(PAGE) && len.is_multiple_of(PAGE), end)
        else {
            return Err(MapError::Range { iova, len });
        };
        let address = base.addr().get();
        if !address.is_multiple_of(PAGE as usize) {
            return Err(MapError::Base { base: address });
        }
        let at = self.mappings.partition_point(|mapping| mapping.iova < iova);
        let before = at.checked_sub(1).and_then(|i| self.mappings.get(i));
        let overlaps = before.is_some_and(|m| m.iova + m.len > iova)
            || self.mappings.get(at).is_some_and(|m| m.iova < end);
        if overlaps {
            return Err(MapError::Overlap { iova, len });
        }
        self.mappings.insert(at, Mapping { iova, len, base, access });
        self.last = Cell::default();
        Ok(())
    }

    /// Takes a mapping back, whole. When it returns, nothing reaches the memory any more.
    ///
    /// # Errors
    /// No mapping is exactly that range.
    pub fn unmap(&mut self, iova: u64, len: u64) -> Result<(), MapError> {
        if self.split_around(iova).is_some() {
            return self.unmap_split(iova, len);
        }
        let at = self.mappings.partition_point(|mapping| mapping.iova < iova);
        if self.mappings.get(at).is_none_or(|m| m.iova != iova || m.len != len) {
            return Err(MapError::Absent { iova, len });
        }
        self.mappings.remove(at);
        self.last = Cell::default();
        Ok(())
    }

    /// Accesses that found no mapping.
    pub fn faults(&self) -> u64 {
        self.faults.get()
    }

    /// Copies bytes in, from `iova` on. Nothing is copied if any of them is not mapped.
    #[inline]
    pub(crate) fn read(&self, iova: u64, into: &mut [u8]) -> Result<(), Fault> {
        let Some(mapping) = self.holding(iova, into.len(), Access::Read) else {
            return self.read_pieces(iova, into);
        };
        // SAFETY: as many bytes are mapped there, valid as promised to `map`, and none of them is in
        // `into`, which is the adapter's own. A driver that writes there meanwhile breaks its own
        // packet.
        unsafe { mapping.at(iova).as_ptr().copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
        Ok(())
    }

    /// Copies bytes out, to `iova` and on. Nothing is copied if any of them is not mapped.
    #[inline]
    pub(crate) fn write(&self, iova: u64, from: &[u8]) -> Result<(), Fault> {
        let Some(mapping) = self.holding(iova, from.len(), Access::Write) else {
            return self.write_pieces(iova, from);
        };
        // SAFETY: as for `read`.
        unsafe { mapping.at(iova).as_ptr().copy_from_nonoverlapping(from.as_ptr(), from.len()) };
        Ok(())
    }

    /// Writes a 32-bit word, in one access. Faults also where `iova` is no multiple of 4.
    pub(crate) fn write_word(&self, iova: u64, word: u32) -> Result<(), Fault> {
        let mapping = self.holding(iova, 4, Access::Write).filter(|_| iova.is_multiple_of(4));
        let at = mapping.ok_or_else(|| self.fault())?.at(iova);
        // SAFETY: four bytes are mapped there, and aligned as the address is, since mappings start on
        // pages in both address spaces. No access by 32 bits or less tears.
        let at = unsafe { AtomicU32::from_ptr(at.as_ptr().cast()) };
        at.store(word.to_le(), Ordering::Release);
        Ok(())
    }

    /// Has the bytes at `iova` brought near, if that is easy.
    #[inline]
    pub(crate) fn prefetch(&self, iova: u64) {
        #[cfg(target_arch = "x86_64")]
        if let Some(mapping) = self.last.get().filter(|m| m.holds(iova, 1)) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a hint, which reads nothing that a program could see.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(mapping.at(iova).as_ptr().cast()) };
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = iova;
    }

    /// The mapping that has all of some bytes, for an access.
    #[inline]
    fn holding(&self, iova: u64, len: usize, access: Access) -> Option<Mapping> {
        let holds =
            |mapping: &Mapping| mapping.holds(iova, len as u64) && mapping.access.allows(access);
        self.last.get().filter(holds).or_else(|| self.search(iova).filter(holds))
    }

    /// The mapping that has the byte at `iova`, for an access.
    #[inline]
    fn find(&self, iova: u64, access: Access) -> Option<Mapping> {
        let found = match self.last.get() {
            Some(mapping) if mapping.holds(iova, 1) => Some(mapping),
            _ => self.search(iova),
        };
        found.filter(|mapping| mapping.access.allows(access))
    }

    fn search(&self, iova: u64) -> Option<Mapping> {
        let at = self.mappings.partition_point(|m| m.iova <= iova).checked_sub(1)?;
        let found = self.mappings.get(at).filter(|m| m.holds(iova, 1))?;
        self.last.set(Some(*found));
        Some(*found)
    }

    fn fault(&self) -> Fault {
        self.faults.set(self.faults.get() + 1);
        Fault
    }

    /// The parts of a range that lie in different mappings, if all of it is mapped: neighbours need
    /// not be neighbours in this process.
    fn pieces(
        &self,
        iova: u64,
        len: usize,
        access: Access,
    ) -> Result<Vec<(NonNull<u8>, usize)>, Fault> {
        let (mut pieces, mut at, mut left) = (Vec::new(), iova, len as u64);
        while left > 0 {
            let mapping = self.find(at, access).ok_or_else(|| self.fault())?;
            let piece = left.min(mapping.len - (at - mapping.iova));
            pieces.push((mapping.at(at), piece as usize));
            left -= piece;
            at += piece;
        }
        Ok(pieces)
    }

    fn read_pieces(&self, iova: u64, into: &mut [u8]) -> Result<(), Fault> {
        let mut into = into;
        for (from, len) in self.pieces(iova, into.len(), Access::Read)? {
            let (piece, rest) = into.split_at_mut(len);
            // SAFETY: as for `read`, piece by piece.
            unsafe { from.as_ptr().copy_to_nonoverlapping(piece.as_mut_ptr(), len) };
            into = rest;
        }
        Ok(())
    }

    fn write_pieces(&self, iova: u64, from: &[u8]) -> Result<(), Fault> {
        let mut from = from;
        for (into, len) in self.pieces(iova, from.len(), Access::Write)? {
            let (piece, rest) = from.split_at(len);
            // SAFETY: as for `read`, piece by piece.
            unsafe { into.as_ptr().copy_from_nonoverlapping(piece.as_ptr(), len) };
            from = rest;
        }
        Ok(())
    }
}
