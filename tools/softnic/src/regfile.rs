//! The registers of one VF as memory: 16 KiB of BAR 0.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// Bytes of BAR 0 (82599 datasheet 9.3.6.1.1: 16 KiB for each VF).
pub const BAR_LEN: usize = 16 * 1024;

/// First byte of the pages that are plain memory: those of the queues. What lies below has registers
/// whose reading and writing has effects, and is reached by [`crate::Adapter::read`] and
/// [`crate::Adapter::write`] only.
pub const PLAIN_START: usize = 0x1000;

/// A VF's registers. Whoever has one keeps the memory alive, so that a doorbell written after the VF
/// was closed goes nowhere.
#[derive(Debug)]
pub struct RegisterFile {
    map: MmapRaw,
    file: File,
}

impl RegisterFile {
    /// Registers that are all zero, in a file of their own, so that they can be mapped elsewhere, too.
    ///
    /// # Errors
    /// The kernel has no memory for them, or no descriptor.
    pub fn new() -> io::Result<RegisterFile> {
        // SAFETY: the name is a C string.
        let fd = unsafe { libc::memfd_create(c"softnic-registers".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(BAR_LEN as u64)?;
        let map = MmapOptions::new().len(BAR_LEN).map_raw(&file)?;
        Ok(RegisterFile { map, file })
    }

    /// The file behind the memory.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// The register at byte `offset`; all ones outside the BAR or between registers.
    pub fn load(&self, offset: usize) -> u32 {
        self.word(offset).map_or(u32::MAX, |word| u32::from_le(word.load(Ordering::Acquire)))
    }

    /// Writes the register at byte `offset`, if there is one.
    pub fn store(&self, offset: usize, value: u32) {
        if let Some(word) = self.word(offset) {
            word.store(value.to_le(), Ordering::Release);
        }
    }

    /// Writes the register at byte `offset` if it holds `old`. False if it does not, or is none.
    pub(crate) fn replace(&self, offset: usize, old: u32, new: u32) -> bool {
        self.word(offset).is_some_and(|word| {
            let exchanged = word.compare_exchange(
                old.to_le(),
                new.to_le(),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            exchanged.is_ok()
        })
    }

    /// Where the register at byte `offset` is, if it is on one of the pages that are plain memory.
    pub fn plain(&self, offset: usize) -> Option<NonNull<u32>> {
        (offset >= PLAIN_START).then_some(())?;
        self.word(offset).map(|word| NonNull::from(word).cast())
    }

    fn word(&self, offset: usize) -> Option<&AtomicU32> {
        if !offset.is_multiple_of(4) || offset > BAR_LEN - 4 {
            return None;
        }
        // SAFETY: inside the map, which lives as long as `self` and is page-aligned; everyone reaches
        // it by accesses of 32 bits that do not tear.
        Some(unsafe { AtomicU32::from_ptr(self.map.as_mut_ptr().add(offset).cast()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_register_reads_as_all_ones() {
        let file = RegisterFile::new().unwrap();
        file.store(0x1018, 7);
        assert_eq!(file.load(0x1018), 7);
        for offset in [0x1019, BAR_LEN, usize::MAX - 3] {
            file.store(offset, 1);
            assert_eq!(file.load(offset), u32::MAX, "{offset:#x}");
        }
        assert!(file.plain(0x2fc).is_none() && file.plain(0x1018).is_some());
    }
}
