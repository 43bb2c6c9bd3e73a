//! Directories: reading them, and the one that a process works in.
#![allow(unsafe_code)]

use libc::{DIR, c_char, c_int, c_void, size_t};

use crate::ask::with_path;
use crate::links::shorten;
use crate::real::real;

/// Which entries are wanted, and in which order they are.
type Filter = Option<unsafe extern "C" fn(*const c_void) -> c_int>;
type Compare = Option<unsafe extern "C" fn(*mut *const c_void, *mut *const c_void) -> c_int>;

real! {
    fn opendir(*const c_char) -> *mut DIR;
    fn scandir(*const c_char, *mut *mut *mut c_void, Filter, Compare) -> c_int;
    fn scandir64(*const c_char, *mut *mut *mut c_void, Filter, Compare) -> c_int;
    fn scandirat(c_int, *const c_char, *mut *mut *mut c_void, Filter, Compare) -> c_int;
    fn scandirat64(c_int, *const c_char, *mut *mut *mut c_void, Filter, Compare) -> c_int;
    fn chdir(*const c_char) -> c_int;
    fn getcwd(*mut c_char, size_t) -> *mut c_char;
    fn get_current_dir_name() -> *mut c_char;
}

/// opendir(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn opendir(path: *const c_char) -> *mut DIR {
    // SAFETY: as promised.
    unsafe {
        with_path(libc::AT_FDCWD, path, std::ptr::null_mut(), |_, path| real::opendir()(path))
    }
}

/// scandir(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scandir(
    path: *const c_char,
    entries: *mut *mut *mut c_void,
    filter: Filter,
    compare: Compare,
) -> c_int {
    // SAFETY: as promised.
    unsafe {
        with_path(libc::AT_FDCWD, path, -1, |_, path| {
            real::scandir()(path, entries, filter, compare)
        })
    }
}

/// scandir64(3).
///
/// # Safety
/// As for scandir(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scandir64(
    path: *const c_char,
    entries: *mut *mut *mut c_void,
    filter: Filter,
    compare: Compare,
) -> c_int {
    // SAFETY: as promised.
    unsafe {
        with_path(libc::AT_FDCWD, path, -1, |_, path| {
            real::scandir64()(path, entries, filter, compare)
        })
    }
}

/// scandirat(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scandirat(
    dir: c_int,
    path: *const c_char,
    entries: *mut *mut *mut c_void,
    filter: Filter,
    compare: Compare,
) -> c_int {
    // SAFETY: as promised.
    unsafe {
        with_path(dir, path, -1, |dir, path| real::scandirat()(dir, path, entries, filter, compare))
    }
}

/// scandirat64(3).
///
/// # Safety
/// As for scandirat(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scandirat64(
    dir: c_int,
    path: *const c_char,
    entries: *mut *mut *mut c_void,
    filter: Filter,
    compare: Compare,
) -> c_int {
    // SAFETY: as promised.
    unsafe {
        with_path(dir, path, -1, |dir, path| {
            real::scandirat64()(dir, path, entries, filter, compare)
        })
    }
}

/// chdir(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chdir(path: *const c_char) -> c_int {
    // SAFETY: as promised.
    unsafe { with_path(libc::AT_FDCWD, path, -1, |_, path| real::chdir()(path)) }
}

/// getcwd(3). A directory of the run needs room for its real name, which is longer by some 30 bytes.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getcwd(buffer: *mut c_char, len: size_t) -> *mut c_char {
    // SAFETY: as promised.
    unsafe { shorten(real::getcwd()(buffer, len)) }
}

/// get_current_dir_name(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn get_current_dir_name() -> *mut c_char {
    // SAFETY: as promised.
    unsafe { shorten(real::get_current_dir_name()()) }
}
