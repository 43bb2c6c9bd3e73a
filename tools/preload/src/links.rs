//! What links say, and where paths end: results that name a file of the run's directory name it as the
//! program knows it.
#![allow(unsafe_code)]

use std::ffi::CStr;

use libc::{c_char, c_int, size_t, ssize_t};

use crate::ask::{ask, with_path};
use crate::real::{real, set_errno};

real! {
    fn readlink(*const c_char, *mut c_char, size_t) -> ssize_t;
    fn readlinkat(c_int, *const c_char, *mut c_char, size_t) -> ssize_t;
    fn __readlink_chk(*const c_char, *mut c_char, size_t, size_t) -> ssize_t;
    fn __readlinkat_chk(c_int, *const c_char, *mut c_char, size_t, size_t) -> ssize_t;
    fn realpath(*const c_char, *mut c_char) -> *mut c_char;
    fn __realpath_chk(*const c_char, *mut c_char, size_t) -> *mut c_char;
    fn canonicalize_file_name(*const c_char) -> *mut c_char;
}

/// Longest text of a link.
const LONGEST: usize = libc::PATH_MAX as usize;

/// Reads a link with `read`, and gives its text as the program knows it.
///
/// # Safety
/// `read` fills the buffer that it is given; `buffer` has `len` bytes.
unsafe fn link(
    buffer: *mut c_char,
    len: size_t,
    read: impl Fn(*mut c_char, size_t) -> ssize_t,
) -> ssize_t {
    let outside = |text: &[u8]| {
        ask(|soft| {
            let outside = soft.paths.outside(text)?;
            Some(Ok(text.len() - outside.len()))
        })
    };
    let done = read(buffer, len);
    let Ok(known) = usize::try_from(done) else { return done };
    // SAFETY: the call has filled as many bytes.
    let text = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), known) };
    if text.first() != Some(&b'/') {
        return done;
    }
    if known < len {
        if let Some(Ok(cut)) = outside(text) {
            // SAFETY: within what was filled.
            unsafe { std::ptr::copy(buffer.add(cut), buffer, known - cut) };
            return (known - cut) as ssize_t;
        }
        return done;
    }
    // There may be more of it than the program has room for, which its shorter name may have.
    let mut whole = [0 as c_char; LONGEST];
    let Ok(all) = usize::try_from(read(whole.as_mut_ptr(), LONGEST)) else { return done };
    // SAFETY: as above.
    let text = unsafe { std::slice::from_raw_parts(whole.as_ptr().cast::<u8>(), all) };
    let Some(Ok(cut)) = outside(text) else { return done };
    let given = (all - cut).min(len);
    // SAFETY: `given` bytes are in both.
    unsafe { std::ptr::copy_nonoverlapping(whole.as_ptr().add(cut), buffer, given) };
    given as ssize_t
}

/// readlink(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readlink(
    path: *const c_char,
    buffer: *mut c_char,
    len: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe { readlinkat(libc::AT_FDCWD, path, buffer, len) }
}

/// readlinkat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readlinkat(
    dir: c_int,
    path: *const c_char,
    buffer: *mut c_char,
    len: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        with_path(dir, path, -1, |dir, path| {
            link(buffer, len, |buffer, len| match dir {
                libc::AT_FDCWD => real::readlink()(path, buffer, len),
                dir => real::readlinkat()(dir, path, buffer, len),
            })
        })
    }
}

/// readlink(2) as `_FORTIFY_SOURCE` makes it. The real one ends the program if the buffer is too short.
///
/// # Safety
/// As for readlink(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __readlink_chk(
    path: *const c_char,
    buffer: *mut c_char,
    len: size_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        if len > room {
            return real::__readlink_chk()(path, buffer, len, room);
        }
        readlink(path, buffer, len)
    }
}

/// As [`__readlink_chk`].
///
/// # Safety
/// As for readlinkat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __readlinkat_chk(
    dir: c_int,
    path: *const c_char,
    buffer: *mut c_char,
    len: size_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        if len > room {
            return real::__readlinkat_chk()(dir, path, buffer, len, room);
        }
        readlinkat(dir, path, buffer, len)
    }
}

/// Shortens a path of the run's directory to what the program calls it.
///
/// # Safety
/// `path` is null or a C string that can be written to.
pub(crate) unsafe fn shorten(path: *mut c_char) -> *mut c_char {
    if path.is_null() {
        return path;
    }
    // SAFETY: promised by the caller.
    let text = unsafe { CStr::from_ptr(path) }.to_bytes();
    if let Some(Ok(cut)) = ask(|soft| Some(Ok(text.len() - soft.paths.outside(text)?.len()))) {
        let left = text.len() - cut + 1;
        // SAFETY: the rest of the string and its end.
        unsafe { std::ptr::copy(path.add(cut), path, left) };
    }
    path
}

/// realpath(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realpath(path: *const c_char, resolved: *mut c_char) -> *mut c_char {
    // SAFETY: as promised.
    unsafe {
        with_path(libc::AT_FDCWD, path, std::ptr::null_mut(), |_, path| {
            shorten(real::realpath()(path, resolved))
        })
    }
}

/// realpath(3) as `_FORTIFY_SOURCE` makes it.
///
/// # Safety
/// As for realpath(3).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __realpath_chk(
    path: *const c_char,
    resolved: *mut c_char,
    room: size_t,
) -> *mut c_char {
    // SAFETY: as promised.
    unsafe {
        if room < LONGEST {
            return real::__realpath_chk()(path, resolved, room);
        }
        realpath(path, resolved)
    }
}

/// canonicalize_file_name(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn canonicalize_file_name(path: *const c_char) -> *mut c_char {
    if path.is_null() {
        set_errno(libc::EINVAL);
        return std::ptr::null_mut();
    }
    // SAFETY: as promised.
    unsafe {
        with_path(libc::AT_FDCWD, path, std::ptr::null_mut(), |_, path| {
            shorten(real::canonicalize_file_name()(path))
        })
    }
}
