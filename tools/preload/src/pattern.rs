//! `glob`, which looks at directories by calls within the C library: it is given others to look by.
#![allow(unsafe_code)]

use libc::{DIR, c_char, c_int, size_t};

use crate::ask::concerns;
use crate::directories::opendir;
use crate::real::real;
use crate::status::{lstat, stat};

/// A `glob_t` of glibc's. A `glob64_t` is the same on 64-bit processors.
#[repr(C)]
pub struct Glob {
    paths: size_t,
    path: *mut *mut c_char,
    offsets: size_t,
    flags: c_int,
    closedir: Option<unsafe extern "C" fn(*mut DIR) -> c_int>,
    readdir: Option<unsafe extern "C" fn(*mut DIR) -> *mut libc::dirent64>,
    opendir: Option<unsafe extern "C" fn(*const c_char) -> *mut DIR>,
    lstat: Option<unsafe extern "C" fn(*const c_char, *mut libc::stat) -> c_int>,
    stat: Option<unsafe extern "C" fn(*const c_char, *mut libc::stat) -> c_int>,
}

/// Told of a path that cannot be read, and why.
type OnError = Option<unsafe extern "C" fn(*const c_char, c_int) -> c_int>;

real! {
    fn glob(*const c_char, c_int, OnError, *mut Glob) -> c_int;
    fn glob64(*const c_char, c_int, OnError, *mut Glob) -> c_int;
}

/// Has a call look at directories by functions of this library. The flags for that.
///
/// # Safety
/// `pattern` is null or a C string, and `found` null or valid.
unsafe fn prepare(pattern: *const c_char, flags: c_int, found: *mut Glob) -> c_int {
    // SAFETY: promised by the caller.
    let Some(found) = (unsafe { found.as_mut() }) else { return flags };
    // SAFETY: as above.
    if flags & libc::GLOB_ALTDIRFUNC != 0 || !unsafe { concerns(pattern) } {
        return flags;
    }
    found.closedir = Some(libc::closedir);
    found.readdir = Some(libc::readdir64);
    found.opendir = Some(opendir);
    found.lstat = Some(lstat);
    found.stat = Some(stat);
    flags | libc::GLOB_ALTDIRFUNC
}

/// glob(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn glob(
    pattern: *const c_char,
    flags: c_int,
    on_error: OnError,
    found: *mut Glob,
) -> c_int {
    // SAFETY: as promised.
    unsafe { real::glob()(pattern, prepare(pattern, flags, found), on_error, found) }
}

/// glob64(3).
///
/// # Safety
/// As for glob(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn glob64(
    pattern: *const c_char,
    flags: c_int,
    on_error: OnError,
    found: *mut Glob,
) -> c_int {
    // SAFETY: as promised.
    unsafe { real::glob64()(pattern, prepare(pattern, flags, found), on_error, found) }
}
