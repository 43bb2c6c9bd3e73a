//! Streams: `fopen` and `freopen`.
#![allow(unsafe_code)]

use std::ffi::CStr;

use libc::{FILE, c_char, c_int};

use softvfio::paths::PathBuffer;

use crate::ask::concerns;
use crate::open::{Opened, opened};
use crate::real::{alias, real};

real! {
    fn fopen(*const c_char, *const c_char) -> *mut FILE;
    fn freopen(*const c_char, *const c_char, *mut FILE) -> *mut FILE;
    fn fdopen(c_int, *const c_char) -> *mut FILE;
}

/// The flags of a mode. One that is malformed is the real function's to refuse.
unsafe fn flags(mode: *const c_char) -> c_int {
    if mode.is_null() {
        return libc::O_RDONLY;
    }
    // SAFETY: promised by the caller.
    let mode = unsafe { CStr::from_ptr(mode) }.to_bytes();
    let plus = mode.contains(&b'+');
    let access = match mode.first() {
        Some(b'w') => libc::O_CREAT | libc::O_TRUNC | libc::O_WRONLY,
        Some(b'a') => libc::O_CREAT | libc::O_WRONLY,
        _ => libc::O_RDONLY,
    };
    let close = if mode.contains(&b'e') { libc::O_CLOEXEC } else { 0 };
    (if plus { access & !libc::O_ACCMODE | libc::O_RDWR } else { access }) | close
}

/// fopen(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fopen(path: *const c_char, mode: *const c_char) -> *mut FILE {
    // SAFETY: as promised.
    unsafe {
        if !concerns(path) {
            return real::fopen()(path, mode);
        }
        fopen_in_run(path, mode)
    }
}

#[inline(never)]
unsafe fn fopen_in_run(path: *const c_char, mode: *const c_char) -> *mut FILE {
    let mut buffer = PathBuffer::new();
    // SAFETY: promised by the caller of `fopen`.
    unsafe {
        match opened(libc::AT_FDCWD, path, flags(mode), &mut buffer) {
            Opened::Same => real::fopen()(path, mode),
            Opened::Path => real::fopen()(buffer.as_c_str().as_ptr(), mode),
            Opened::Done(-1) => std::ptr::null_mut(),
            Opened::Done(fd) => real::fdopen()(fd, mode),
        }
    }
}

alias! {
    /// fopen64(3).
    fn fopen64(path: *const c_char, mode: *const c_char) -> *mut FILE = fopen;
}

/// freopen(3). Devices cannot be opened by it: their descriptors are not those of their paths.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn freopen(
    path: *const c_char,
    mode: *const c_char,
    stream: *mut FILE,
) -> *mut FILE {
    // SAFETY: as promised.
    unsafe {
        if !concerns(path) {
            return real::freopen()(path, mode, stream);
        }
        let mut buffer = PathBuffer::new();
        match opened(libc::AT_FDCWD, path, flags(mode) | libc::O_DIRECTORY, &mut buffer) {
            Opened::Same => real::freopen()(path, mode, stream),
            Opened::Path => real::freopen()(buffer.as_c_str().as_ptr(), mode, stream),
            Opened::Done(_) => std::ptr::null_mut(),
        }
    }
}

alias! {
    /// freopen64(3).
    fn freopen64(path: *const c_char, mode: *const c_char, stream: *mut FILE) -> *mut FILE = freopen;
}
