//! Memory that processes share: a file, mapped by each of them.
//!
//! No reference to its bytes is formed, but to single atomic words: another process may write anything
//! at any time. What is read is a copy, and whoever reads judges that.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};

/// A mapped file. All offsets are in bytes; one out of bounds is a mistake of this program's, and panics.
#[derive(Debug)]
pub(super) struct Shm(MmapRaw);

impl Shm {
    /// Maps `len` bytes of a file that is at least as long.
    pub(super) fn map(file: &File, len: usize) -> io::Result<Shm> {
        Ok(Shm(MmapOptions::new().len(len).map_raw(file)?))
    }

    /// The word at `offset`, a multiple of 8.
    pub(super) fn word(&self, offset: usize) -> &AtomicU64 {
        assert!(offset.is_multiple_of(8), "{offset}");
        // SAFETY: inside the map, which is page-aligned and lives as long as `self`. Everyone reaches
        // words by atomic accesses.
        unsafe { AtomicU64::from_ptr(self.at(offset, 8).cast()) }
    }

    /// Copies bytes in. Nobody else writes there, or reads what they are before they are told.
    pub(super) fn write(&self, offset: usize, from: &[u8]) {
        let into = self.at(offset, from.len());
        // SAFETY: as many bytes are mapped there, and `from` is not among them, since no reference to
        // the map's bytes is ever formed. A process that breaks the rules gets broken bytes.
        unsafe { into.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    }

    /// Copies bytes out. What they are is anyone's guess if another process breaks the rules.
    pub(super) fn read(&self, offset: usize, into: &mut [u8]) {
        let from = self.at(offset, into.len());
        // SAFETY: as for `write`.
        unsafe { from.copy_to_nonoverlapping(into.as_mut_ptr(), into.len()) };
    }

    /// Copies words in, each at once: others may read meanwhile and find some old and some new.
    pub(super) fn write_words(&self, offset: usize, from: &[u8]) {
        for (i, bytes) in from.chunks(8).enumerate() {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.word(offset + 8 * i).store(u64::from_ne_bytes(word), Ordering::Relaxed);
        }
    }

    /// Copies words out, each at once.
    pub(super) fn read_words(&self, offset: usize, into: &mut [u8]) {
        for (i, bytes) in into.chunks_mut(8).enumerate() {
            let word = self.word(offset + 8 * i).load(Ordering::Relaxed).to_ne_bytes();
            bytes.copy_from_slice(&word[..bytes.len()]);
        }
    }

    fn at(&self, offset: usize, len: usize) -> *mut u8 {
        let end = offset.checked_add(len).filter(|end| *end <= self.0.len());
        assert!(end.is_some(), "{len} bytes at {offset} of {}", self.0.len());
        // SAFETY: within the map, as just checked.
        unsafe { self.0.as_mut_ptr().add(offset) }
    }
}

/// Takes memory or disk for a part of the file. A file system that cannot say is believed to have it.
pub(super) fn reserve(file: &File, offset: usize, len: usize) -> io::Result<()> {
    // SAFETY: the descriptor is open; the call touches no memory of this process.
    let result = unsafe { libc::fallocate(file.as_raw_fd(), 0, offset as i64, len as i64) };
    match io::Error::last_os_error() {
        _ if result == 0 => Ok(()),
        error if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(()),
        error => Err(error),
    }
}
