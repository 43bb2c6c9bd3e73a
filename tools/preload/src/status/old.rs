//! `stat` and its like as programs of glibc before 2.33 call them.
#![allow(unsafe_code)]

use libc::{c_char, c_int};

use super::{of, turn_stat};
use crate::real::{alias, real};

real! {
    fn __xstat(c_int, *const c_char, *mut libc::stat) -> c_int;
    fn __lxstat(c_int, *const c_char, *mut libc::stat) -> c_int;
    fn __fxstatat(c_int, c_int, *const c_char, *mut libc::stat, c_int) -> c_int;
}

/// stat(2), as programs of glibc before 2.33 call it.
///
/// # Safety
/// As for stat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __xstat(
    version: c_int,
    path: *const c_char,
    status: *mut libc::stat,
) -> c_int {
    // SAFETY: as promised; what succeeded has filled it.
    unsafe {
        of(
            libc::AT_FDCWD,
            path,
            |_, path| real::__xstat()(version, path, status),
            |number, mode| {
                turn_stat(status, number, mode);
            },
        )
    }
}

alias! {
    /// As [`__xstat`].
    fn __xstat64(version: c_int, path: *const c_char, status: *mut libc::stat) -> c_int = __xstat;
}

/// lstat(2), as programs of glibc before 2.33 call it.
///
/// # Safety
/// As for lstat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __lxstat(
    version: c_int,
    path: *const c_char,
    status: *mut libc::stat,
) -> c_int {
    // SAFETY: as promised; what succeeded has filled it.
    unsafe {
        of(
            libc::AT_FDCWD,
            path,
            |_, path| real::__lxstat()(version, path, status),
            |number, mode| {
                turn_stat(status, number, mode);
            },
        )
    }
}

alias! {
    /// As [`__lxstat`].
    fn __lxstat64(version: c_int, path: *const c_char, status: *mut libc::stat) -> c_int = __lxstat;
}

/// fstatat(2), as programs of glibc before 2.33 call it.
///
/// # Safety
/// As for fstatat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __fxstatat(
    version: c_int,
    dir: c_int,
    path: *const c_char,
    status: *mut libc::stat,
    flags: c_int,
) -> c_int {
    // SAFETY: as promised; what succeeded has filled it.
    unsafe {
        of(
            dir,
            path,
            |dir, path| real::__fxstatat()(version, dir, path, status, flags),
            |number, mode| turn_stat(status, number, mode),
        )
    }
}

alias! {
    /// As [`__fxstatat`].
    fn __fxstatat64(version: c_int, dir: c_int, path: *const c_char, status: *mut libc::stat, flags: c_int) -> c_int = __fxstatat;
}
