//! Calls on memory maps, past whatever stands in for the C library's functions.
#![allow(unsafe_code)]

use std::ops::Range;
use std::ptr;

use libc::{c_int, c_void};

use crate::Errno;
use crate::signals::call;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

const ANYWHERE: c_int = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;

/// mmap(2).
///
/// # Safety
/// As for mmap(2): what MAP_FIXED replaces is used by nobody any more.
pub(super) unsafe fn mmap(
    address: usize,
    len: usize,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: i64,
) -> Result<usize, Errno> {
    // SAFETY: as promised by the caller.
    let mapped = unsafe {
        let arguments =
            [address as i64, len as i64, protection.into(), flags.into(), fd.into(), offset];
        call(libc::SYS_mmap, arguments)
    };
    mapped.map(|address| address as usize)
}

/// Empty memory, as far from the program's as the kernel likes.
pub(super) fn anonymous(len: usize, protection: c_int) -> Result<usize, Errno> {
    // SAFETY: it replaces nothing.
    unsafe { mmap(0, len, protection, ANYWHERE, -1, 0) }
}

/// Empty memory of one page at an address, in the place of what is there, or with MAP_FIXED_NOREPLACE
/// only if nothing is.
///
/// # Safety
/// What it replaces is used by nobody any more.
pub(super) unsafe fn fill(page: usize, flags: c_int) -> Result<(), Errno> {
    let flags = ANYWHERE | flags;
    // SAFETY: as promised by the caller.
    unsafe { mmap(page, PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) }.map(|_| ())
}

/// munmap(2).
///
/// # Safety
/// Nobody uses the memory any more.
pub(super) unsafe fn munmap(range: &Range<usize>) -> Result<(), Errno> {
    // SAFETY: as promised by the caller.
    unsafe { call(libc::SYS_munmap, [range.start as i64, range.len() as i64]) }.map(|_| ())
}

/// mprotect(2).
///
/// # Safety
/// Whoever uses the memory expects it.
pub(super) unsafe fn mprotect(range: &Range<usize>, protection: c_int) -> Result<(), Errno> {
    let arguments = [range.start as i64, range.len() as i64, protection.into()];
    // SAFETY: as promised by the caller.
    unsafe { call(libc::SYS_mprotect, arguments) }.map(|_| ())
}

/// mremap(2).
///
/// # Safety
/// As for munmap(2) of the old place, and of what it replaces.
pub(super) unsafe fn mremap(
    old: usize,
    old_len: usize,
    new_len: usize,
    flags: c_int,
    new: usize,
) -> Result<usize, Errno> {
    let arguments = [old as i64, old_len as i64, new_len as i64, flags.into(), new as i64];
    // SAFETY: as promised by the caller.
    unsafe { call(libc::SYS_mremap, arguments) }.map(|address| address as usize)
}

/// Moves pages, in the place of what is at `to`. What cannot be moved stays where it is, and `to` as it
/// is there.
///
/// # Safety
/// What it replaces is used by nobody any more; who uses what is moved knows of it.
pub(super) unsafe fn move_pages(from: &Range<usize>, to: usize) {
    // SAFETY: as promised by the caller.
    unsafe { moved(from, to, 0) }
}

/// As [`move_pages`], but the place is still taken: no other thread's mapping comes there before what the program
/// wants there. Linux before 5.13 cannot do that with files; then the place is free.
///
/// # Safety
/// As for [`move_pages`].
pub(super) unsafe fn take_pages(from: &Range<usize>, to: usize) {
    // SAFETY: as promised by the caller.
    unsafe { moved(from, to, libc::MREMAP_DONTUNMAP) }
}

unsafe fn moved(from: &Range<usize>, to: usize, leaving: c_int) {
    const FLAGS: c_int = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    let len = from.len();
    // SAFETY: as promised by the caller.
    let try_to = |flags| unsafe { mremap(from.start, len, len, flags, to) }.is_ok();
    if len == 0 || try_to(FLAGS | leaving) || leaving != 0 && try_to(FLAGS) || len <= PAGE {
        return;
    }
    // Older kernels move one mapping at a time, and none that is there in parts.
    let half = (len / 2).next_multiple_of(PAGE);
    let middle = from.start + half;
    // SAFETY: as promised by the caller.
    unsafe {
        moved(&(from.start..middle), to, leaving);
        moved(&(middle..from.end), to + half, leaving);
    }
}

/// An address as a pointer to memory that was mapped there.
pub(super) fn pointer(address: usize) -> *mut c_void {
    ptr::with_exposed_provenance_mut(address)
}
