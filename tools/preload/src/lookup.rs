//! Whether a file is there: `access` and its like.
#![allow(unsafe_code)]

use libc::{c_char, c_int};

use crate::ask::with_path;
use crate::real::real;

real! {
    fn access(*const c_char, c_int) -> c_int;
    fn eaccess(*const c_char, c_int) -> c_int;
    fn euidaccess(*const c_char, c_int) -> c_int;
    fn faccessat(c_int, *const c_char, c_int, c_int) -> c_int;
}

/// access(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn access(path: *const c_char, mode: c_int) -> c_int {
    // SAFETY: as promised.
    unsafe { with_path(libc::AT_FDCWD, path, -1, |_, path| real::access()(path, mode)) }
}

/// eaccess(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eaccess(path: *const c_char, mode: c_int) -> c_int {
    // SAFETY: as promised.
    unsafe { with_path(libc::AT_FDCWD, path, -1, |_, path| real::eaccess()(path, mode)) }
}

/// euidaccess(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn euidaccess(path: *const c_char, mode: c_int) -> c_int {
    // SAFETY: as promised.
    unsafe { with_path(libc::AT_FDCWD, path, -1, |_, path| real::euidaccess()(path, mode)) }
}

/// faccessat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faccessat(
    dir: c_int,
    path: *const c_char,
    mode: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: as promised.
    unsafe { with_path(dir, path, -1, |dir, path| real::faccessat()(dir, path, mode, flags)) }
}
