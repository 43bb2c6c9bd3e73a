//! Extended attributes, which `ls -l` asks for.
#![allow(unsafe_code)]

use libc::{c_char, c_int, c_void, size_t, ssize_t};

use crate::ask::with_path;
use crate::real::real;

real! {
    fn getxattr(*const c_char, *const c_char, *mut c_void, size_t) -> ssize_t;
    fn lgetxattr(*const c_char, *const c_char, *mut c_void, size_t) -> ssize_t;
    fn listxattr(*const c_char, *mut c_char, size_t) -> ssize_t;
    fn llistxattr(*const c_char, *mut c_char, size_t) -> ssize_t;
}

const HERE: c_int = libc::AT_FDCWD;

/// getxattr(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getxattr(
    path: *const c_char,
    name: *const c_char,
    value: *mut c_void,
    len: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe { with_path(HERE, path, -1, |_, path| real::getxattr()(path, name, value, len)) }
}

/// lgetxattr(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lgetxattr(
    path: *const c_char,
    name: *const c_char,
    value: *mut c_void,
    len: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe { with_path(HERE, path, -1, |_, path| real::lgetxattr()(path, name, value, len)) }
}

/// listxattr(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn listxattr(path: *const c_char, list: *mut c_char, len: size_t) -> ssize_t {
    // SAFETY: as promised.
    unsafe { with_path(HERE, path, -1, |_, path| real::listxattr()(path, list, len)) }
}

/// llistxattr(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llistxattr(
    path: *const c_char,
    list: *mut c_char,
    len: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe { with_path(HERE, path, -1, |_, path| real::llistxattr()(path, list, len)) }
}
