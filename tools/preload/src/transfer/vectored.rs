//! Several pieces at a time: `readv`, `preadv` and their like.
#![allow(unsafe_code)]

use libc::{c_int, iovec, off_t, ssize_t};

use super::{Way, many};
use crate::real::{alias, real};

real! {
    fn readv(c_int, *const iovec, c_int) -> ssize_t;
    fn writev(c_int, *const iovec, c_int) -> ssize_t;
    fn preadv(c_int, *const iovec, c_int, off_t) -> ssize_t;
    fn pwritev(c_int, *const iovec, c_int, off_t) -> ssize_t;
    fn preadv2(c_int, *const iovec, c_int, off_t, c_int) -> ssize_t;
    fn pwritev2(c_int, *const iovec, c_int, off_t, c_int) -> ssize_t;
}

/// readv(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readv(fd: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as promised.
    unsafe { many(Way::Read, fd, pieces, count, None, || real::readv()(fd, pieces, count)) }
}

/// writev(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as promised.
    unsafe { many(Way::Write, fd, pieces, count, None, || real::writev()(fd, pieces, count)) }
}

/// preadv(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn preadv(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        many(Way::Read, fd, pieces, count, Some(offset), || {
            real::preadv()(fd, pieces, count, offset)
        })
    }
}

alias! {
    /// preadv64(3).
    fn preadv64(fd: c_int, pieces: *const iovec, count: c_int, offset: off_t) -> ssize_t = preadv;
}

/// pwritev(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        many(Way::Write, fd, pieces, count, Some(offset), || {
            real::pwritev()(fd, pieces, count, offset)
        })
    }
}

alias! {
    /// pwritev64(3).
    fn pwritev64(fd: c_int, pieces: *const iovec, count: c_int, offset: off_t) -> ssize_t = pwritev;
}

/// preadv2(2), which without an offset (-1) is `readv`.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn preadv2(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> ssize_t {
    let at = (offset != -1).then_some(offset);
    // SAFETY: as promised.
    unsafe {
        many(Way::Read, fd, pieces, count, at, || real::preadv2()(fd, pieces, count, offset, flags))
    }
}

alias! {
    /// preadv64v2(3).
    fn preadv64v2(fd: c_int, pieces: *const iovec, count: c_int, offset: off_t, flags: c_int) -> ssize_t = preadv2;
}

/// pwritev2(2), which without an offset (-1) is `writev`.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev2(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> ssize_t {
    let at = (offset != -1).then_some(offset);
    // SAFETY: as promised.
    unsafe {
        many(Way::Write, fd, pieces, count, at, || {
            real::pwritev2()(fd, pieces, count, offset, flags)
        })
    }
}

alias! {
    /// pwritev64v2(3).
    fn pwritev64v2(fd: c_int, pieces: *const iovec, count: c_int, offset: off_t, flags: c_int) -> ssize_t = pwritev2;
}
