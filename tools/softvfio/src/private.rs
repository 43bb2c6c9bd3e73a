//! Descriptors that this library keeps for itself.
//!
//! Among them is all that it opens by path: who stands in for `open` [`keep`]s what was opened
//! [inside](crate::inside), and [`forget`]s what is closed there. The program does not know of them. It must not close them by closing whatever is open, as daemons do,
//! and a child made by fork must not keep them: it would hold locks of its parent's. So they are noted
//! in a table that can be read at any time, without a lock.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Errno, sys};

/// Descriptors that can be noted, in words of 64: more than any usual limit on open files.
const WORDS: usize = 1 << 10;

/// The lowest number that is tried for one: the program's own are numbered from 0, as if ours were not
/// there.
const FLOOR: RawFd = 500;

/// Descriptors have lower numbers, as far as is looked.
pub(crate) const NUMBERS: RawFd = 64 * WORDS as RawFd;

static NOTED: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];

/// Where a descriptor is noted.
fn place(fd: RawFd) -> Option<(&'static AtomicU64, u64)> {
    let fd = usize::try_from(fd).ok()?;
    Some((NOTED.get(fd / 64)?, 1 << (fd % 64)))
}

/// Whether a descriptor is one of them.
pub fn is_private(fd: RawFd) -> bool {
    place(fd).is_some_and(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
}

/// The first of them from a number on.
pub fn next(from: RawFd) -> Option<RawFd> {
    let from = usize::try_from(from).ok()?;
    (from / 64..WORDS).find_map(|word| {
        let mut bits = NOTED[word].load(Ordering::Relaxed);
        if word == from / 64 {
            bits &= u64::MAX << (from % 64);
        }
        // Below WORDS * 64.
        (bits != 0).then(|| (word * 64 + bits.trailing_zeros() as usize) as RawFd)
    })
}

/// Notes a descriptor, which [`forget`] must be told of before it is closed.
pub(crate) fn note(fd: RawFd) {
    if let Some((word, bit)) = place(fd) {
        word.fetch_or(bit, Ordering::Relaxed);
    }
}

/// Makes a descriptor that was just opened private, under a number that the program does not expect to be
/// free. Returns the number.
pub fn keep(fd: RawFd) -> RawFd {
    if fd < 0 || is_private(fd) {
        return fd;
    }
    // SAFETY: a copy of an open descriptor, with a number that was free.
    let high = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, FLOOR) };
    if high >= 0 {
        // SAFETY: nobody else knows of it yet.
        unsafe { libc::close(fd) };
    }
    let kept = if high >= 0 { high } else { fd };
    note(kept);
    kept
}

/// Takes a note back, before the descriptor is closed.
pub fn forget(fd: RawFd) {
    if let Some((word, bit)) = place(fd) {
        word.fetch_and(!bit, Ordering::Relaxed);
    }
}

/// Closes all of them, in a child made by fork that will never use what they belong to.
pub(crate) fn close_all() {
    for (at, word) in NOTED.iter().enumerate() {
        let mut bits = word.swap(0, Ordering::Relaxed);
        while bits != 0 {
            let fd = at * 64 + bits.trailing_zeros() as usize;
            bits &= bits - 1;
            // SAFETY: the descriptor is this library's, and its owner in this child is never used or
            // dropped.
            unsafe { libc::close(fd as RawFd) };
        }
    }
}

/// A descriptor of ours.
#[derive(Debug)]
pub(crate) struct PrivateFd(OwnedFd);

impl PrivateFd {
    /// Makes a descriptor private, under a number that the program does not expect to be free.
    pub(crate) fn new(fd: OwnedFd) -> PrivateFd {
        // SAFETY: it is the only owner, and what is kept is the same file's.
        PrivateFd(unsafe { OwnedFd::from_raw_fd(keep(fd.into_raw_fd())) })
    }

    /// A copy of a descriptor of the program's.
    ///
    /// # Errors
    /// EBADF, EMFILE.
    pub(crate) fn copy_of(fd: RawFd) -> Result<PrivateFd, Errno> {
        // SAFETY: a copy of a descriptor, if it is open, with a number that was free.
        let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) };
        if copy < 0 {
            return Err(sys::errno());
        }
        // SAFETY: it was just made and belongs to nobody else.
        Ok(PrivateFd::new(unsafe { OwnedFd::from_raw_fd(copy) }))
    }
}

impl AsFd for PrivateFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for PrivateFd {
    fn drop(&mut self) {
        forget(self.0.as_raw_fd());
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn they_are_known_while_they_are_open_and_have_high_numbers() {
        let file = File::open("/dev/null").unwrap();
        let fd = file.as_raw_fd();
        assert!(!is_private(fd));
        let private = PrivateFd::new(file.into());
        let raw = private.as_fd().as_raw_fd();
        assert!(raw >= FLOOR && is_private(raw));
        assert_eq!((next(raw), next(raw - 1).is_some()), (Some(raw), true));
        assert_ne!(next(raw + 1), Some(raw));
        drop(private);
        assert!(!is_private(raw));
    }

    #[test]
    fn no_number_is_out_of_bounds() {
        for fd in [-1, RawFd::MIN, RawFd::MAX, (WORDS * 64) as RawFd] {
            note(fd);
            assert!(!is_private(fd));
            assert!(next(fd).is_none_or(|found| found > fd));
            forget(fd);
        }
    }
}
