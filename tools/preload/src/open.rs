//! `open` and its like.
//!
//! In C they take a variable number of arguments, which stable Rust cannot define. The third is declared
//! as fixed here, which on x86-64 and aarch64 is the same to a caller: an integer argument is in the same
//! register either way (x86-64: System V ABI 3.2.3, 3.5.7; AL, which tells of vector registers, is not looked
//! at. aarch64: AAPCS64 6.8.2, by which callers pass named and further arguments alike). A caller
//! without a third argument leaves in that register what happens to be there; it is an integer, so any
//! value is one, and it is passed on to the real function, which looks at it only where the flags
//! say that it was given (`O_CREAT`, `O_TMPFILE`).
#![allow(unsafe_code)]

use std::ffi::CStr;

use libc::{c_char, c_int, mode_t};
use softvfio::inside::Inside;
use softvfio::paths::{PathBuffer, Place};

use crate::ask::{Way, ask, concerns, kept, way};
use crate::real::{alias, real};
use crate::refusal::once;

real! {
    fn open(*const c_char, c_int; ...) -> c_int;
    fn openat(c_int, *const c_char, c_int; ...) -> c_int;
    fn __open_2(*const c_char, c_int) -> c_int;
    fn __openat_2(c_int, *const c_char, c_int) -> c_int;
    fn creat(*const c_char, mode_t) -> c_int;
}

/// What a call that opens finds at its path.
pub(crate) enum Opened {
    /// Nothing of the run's: the program's path is as good as any.
    Same,
    /// Another path, which is left to be opened: the one in the buffer.
    Path,
    /// It is done: a descriptor, or -1 with errno.
    Done(c_int),
}

/// Looks where a path leads, which is in `buffer` then, and opens it if it is a device.
///
/// # Safety
/// `path` is a C string.
pub(crate) unsafe fn opened(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    buffer: &mut PathBuffer,
) -> Opened {
    // SAFETY: promised by the caller.
    let place = match unsafe { way(dir, path, buffer) } {
        Way::Same => return Opened::Same,
        Way::Failed => return Opened::Done(-1),
        Way::To(_, place) => place,
    };
    let writes =
        flags & libc::O_ACCMODE != libc::O_RDONLY || flags & (libc::O_CREAT | libc::O_TRUNC) != 0;
    match place {
        Place::Sysfs if writes && flags & libc::O_PATH == 0 => refuse(buffer, flags),
        Place::Node if flags & (libc::O_PATH | libc::O_DIRECTORY) == 0 => {
            let node = buffer.as_c_str();
            let opened = ask(|soft| match kind(node) {
                Some(libc::S_IFREG) => Some(soft.vfio.open_node(node, flags)),
                // The directory, or a device that there is not.
                _ => None,
            });
            match opened {
                Some(Ok(fd)) => Opened::Done(fd),
                Some(Err(_)) => Opened::Done(-1),
                None => Opened::Path,
            }
        }
        _ => Opened::Path,
    }
}

/// The type of a file (`S_IFMT`); `None` if there is none.
fn kind(path: &CStr) -> Option<mode_t> {
    // SAFETY: all zero is a value.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: a C string, and the call writes to `status` only.
    let done = unsafe { libc::stat(path.as_ptr(), &raw mut status) };
    (done == 0).then_some(status.st_mode & libc::S_IFMT)
}

/// Refuses to write to the run's sysfs, and to make files there. For what is a directory or is not there,
/// the kernel has words of its own.
fn refuse(path: &PathBuffer, flags: c_int) -> Opened {
    let refused = ask(|soft| {
        match kind(path.as_c_str()) {
            Some(libc::S_IFDIR) => return None,
            None if flags & libc::O_CREAT == 0 => return None,
            _ => {}
        }
        let name = soft.paths.outside(path.bytes()).unwrap_or_default();
        once(&[
            b"barline soft: ",
            name,
            b" cannot be written: the adapter of a run stays as it was made",
        ]);
        Some(Err::<(), _>(libc::EACCES))
    });
    if refused.is_some() { Opened::Done(-1) } else { Opened::Path }
}

/// Opens, with `real` for what is left to open.
unsafe fn open_by(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    real: impl FnOnce(c_int, *const c_char) -> c_int,
) -> c_int {
    // SAFETY: promised by the caller.
    unsafe {
        if !Inside::is() && concerns(path) {
            open_in_run(dir, path, flags, real)
        } else {
            kept(real(dir, path))
        }
    }
}

#[inline(never)]
unsafe fn open_in_run(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    real: impl FnOnce(c_int, *const c_char) -> c_int,
) -> c_int {
    let mut buffer = PathBuffer::new();
    // SAFETY: promised by the caller of `open_by`.
    match unsafe { opened(dir, path, flags, &mut buffer) } {
        Opened::Same => real(dir, path),
        Opened::Path => real(libc::AT_FDCWD, buffer.as_c_str().as_ptr()),
        Opened::Done(fd) => fd,
    }
}

/// open(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    // SAFETY: as promised, and what is passed on is what was given.
    unsafe { open_by(libc::AT_FDCWD, path, flags, |_, path| real::open()(path, flags, mode)) }
}

alias! {
    /// open64(3): offsets have 64 bits anyway.
    fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int = open;
}

/// openat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn openat(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mode: mode_t,
) -> c_int {
    // SAFETY: as promised.
    unsafe { open_by(dir, path, flags, |dir, path| real::openat()(dir, path, flags, mode)) }
}

alias! {
    /// openat64(3).
    fn openat64(dir: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int = openat;
}

/// What `open` without a mode is made into by `_FORTIFY_SOURCE`. The real one ends the program if the flags
/// ask for a mode.
///
/// # Safety
/// As for open(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __open_2(path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: as promised.
    unsafe { open_by(libc::AT_FDCWD, path, flags, |_, path| real::__open_2()(path, flags)) }
}

alias! {
    /// As [`__open_2`].
    fn __open64_2(path: *const c_char, flags: c_int) -> c_int = __open_2;
}

/// As [`__open_2`], for openat(2).
///
/// # Safety
/// As for openat(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __openat_2(dir: c_int, path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: as promised.
    unsafe { open_by(dir, path, flags, |dir, path| real::__openat_2()(dir, path, flags)) }
}

alias! {
    /// As [`__openat_2`].
    fn __openat64_2(dir: c_int, path: *const c_char, flags: c_int) -> c_int = __openat_2;
}

/// creat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn creat(path: *const c_char, mode: mode_t) -> c_int {
    let flags = libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC;
    // SAFETY: as promised.
    unsafe { open_by(libc::AT_FDCWD, path, flags, |_, path| real::creat()(path, mode)) }
}

alias! {
    /// creat64(3).
    fn creat64(path: *const c_char, mode: mode_t) -> c_int = creat;
}
