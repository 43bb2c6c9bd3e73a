//! One piece at a time: `read`, `pread` and their like.
#![allow(unsafe_code)]

use libc::{c_int, c_void, off_t, size_t, ssize_t};

use super::{Way, one};
use crate::real::{alias, real};

real! {
    fn read(c_int, *mut c_void, size_t) -> ssize_t;
    fn write(c_int, *const c_void, size_t) -> ssize_t;
    fn pread(c_int, *mut c_void, size_t, off_t) -> ssize_t;
    fn pwrite(c_int, *const c_void, size_t, off_t) -> ssize_t;
    fn __read_chk(c_int, *mut c_void, size_t, size_t) -> ssize_t;
    fn __pread_chk(c_int, *mut c_void, size_t, off_t, size_t) -> ssize_t;
}

/// read(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, len: size_t) -> ssize_t {
    // SAFETY: as promised.
    unsafe { one(Way::Read, fd, buffer, len, None, || real::read()(fd, buffer, len)) }
}

/// write(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, len: size_t) -> ssize_t {
    // SAFETY: as promised.
    unsafe { one(Way::Write, fd, buffer.cast_mut(), len, None, || real::write()(fd, buffer, len)) }
}

/// pread(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        one(Way::Read, fd, buffer, len, Some(offset), || real::pread()(fd, buffer, len, offset))
    }
}

alias! {
    /// pread64(3).
    fn pread64(fd: c_int, buffer: *mut c_void, len: size_t, offset: off_t) -> ssize_t = pread;
}

/// pwrite(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    fd: c_int,
    buffer: *const c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        one(Way::Write, fd, buffer.cast_mut(), len, Some(offset), || {
            real::pwrite()(fd, buffer, len, offset)
        })
    }
}

alias! {
    /// pwrite64(3).
    fn pwrite64(fd: c_int, buffer: *const c_void, len: size_t, offset: off_t) -> ssize_t = pwrite;
}

/// read(2) as `_FORTIFY_SOURCE` makes it. The real one ends the program if the buffer is too short.
///
/// # Safety
/// As for read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __read_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        if len > room {
            return real::__read_chk()(fd, buffer, len, room);
        }
        read(fd, buffer, len)
    }
}

/// As [`__read_chk`].
///
/// # Safety
/// As for pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __pread_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        if len > room {
            return real::__pread_chk()(fd, buffer, len, offset, room);
        }
        pread(fd, buffer, len, offset)
    }
}

alias! {
    /// As [`__read_chk`].
    fn __pread64_chk(fd: c_int, buffer: *mut c_void, len: size_t, offset: off_t, room: size_t) -> ssize_t = __pread_chk;
}
