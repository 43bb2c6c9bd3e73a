//! `stat` and its like. On 64-bit processors a `struct stat64` is a `struct stat`.
//!
//! The device nodes of a run are plain files; here they look like the devices that they stand for.
#![allow(unsafe_code)]

mod old;

use libc::{c_char, c_int, c_uint};
use softvfio::paths::{PathBuffer, Place};
use softvfio::topology;

use crate::ask::{Way, concerns, way};
use crate::real::{alias, real};

real! {
    fn stat(*const c_char, *mut libc::stat) -> c_int;
    fn lstat(*const c_char, *mut libc::stat) -> c_int;
    fn fstatat(c_int, *const c_char, *mut libc::stat, c_int) -> c_int;
    fn statx(c_int, *const c_char, c_int, c_uint, *mut libc::statx) -> c_int;
}

/// Makes a call with the path that the program means, and turns what it says of a plain file in `/dev/vfio`
/// into what the kernel says of the device: `turn` is given its number and permissions.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn of(
    dir: c_int,
    path: *const c_char,
    call: impl FnOnce(c_int, *const c_char) -> c_int,
    turn: impl FnOnce((u32, u32), u32),
) -> c_int {
    // SAFETY: promised by the caller.
    if !unsafe { concerns(path) } {
        return call(dir, path);
    }
    // SAFETY: as above.
    unsafe { of_run(dir, path, call, turn) }
}

#[inline(never)]
unsafe fn of_run(
    dir: c_int,
    path: *const c_char,
    call: impl FnOnce(c_int, *const c_char) -> c_int,
    turn: impl FnOnce((u32, u32), u32),
) -> c_int {
    let mut buffer = PathBuffer::new();
    // SAFETY: promised by the caller of `of`.
    let (path, place) = match unsafe { way(dir, path, &mut buffer) } {
        Way::Same => return call(dir, path),
        Way::Failed => return -1,
        Way::To(path, place) => (path, place),
    };
    let done = call(libc::AT_FDCWD, path.as_ptr());
    let name = path.to_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if let (0, Place::Node, Some(number)) = (done, place, topology::device_number(name)) {
        turn(number, if name == b"vfio" { 0o666 } else { 0o600 });
    }
    done
}

/// # Safety
/// `status` was filled by a call.
unsafe fn turn_stat(status: *mut libc::stat, (major, minor): (u32, u32), mode: u32) {
    // SAFETY: promised by the caller.
    let status = unsafe { &mut *status };
    if status.st_mode & libc::S_IFMT == libc::S_IFREG {
        status.st_mode = libc::S_IFCHR | mode;
        status.st_rdev = libc::makedev(major, minor);
    }
}

/// stat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn stat(path: *const c_char, status: *mut libc::stat) -> c_int {
    // SAFETY: as promised; what succeeded has filled it.
    unsafe {
        of(
            libc::AT_FDCWD,
            path,
            |_, path| real::stat()(path, status),
            |number, mode| {
                turn_stat(status, number, mode);
            },
        )
    }
}

alias! {
    /// stat64(3).
    fn stat64(path: *const c_char, status: *mut libc::stat) -> c_int = stat;
}

/// lstat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lstat(path: *const c_char, status: *mut libc::stat) -> c_int {
    // SAFETY: as promised; what succeeded has filled it.
    unsafe {
        of(
            libc::AT_FDCWD,
            path,
            |_, path| real::lstat()(path, status),
            |number, mode| {
                turn_stat(status, number, mode);
            },
        )
    }
}

alias! {
    /// lstat64(3).
    fn lstat64(path: *const c_char, status: *mut libc::stat) -> c_int = lstat;
}

/// fstatat(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fstatat(
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
            |dir, path| real::fstatat()(dir, path, status, flags),
            |number, mode| {
                turn_stat(status, number, mode);
            },
        )
    }
}

alias! {
    /// fstatat64(3).
    fn fstatat64(dir: c_int, path: *const c_char, status: *mut libc::stat, flags: c_int) -> c_int = fstatat;
}

/// statx(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn statx(
    dir: c_int,
    path: *const c_char,
    flags: c_int,
    mask: c_uint,
    status: *mut libc::statx,
) -> c_int {
    // SAFETY: as promised; what succeeded has filled it.
    unsafe {
        of(
            dir,
            path,
            |dir, path| real::statx()(dir, path, flags, mask, status),
            |number, mode| {
                let status = &mut *status;
                if u32::from(status.stx_mode) & libc::S_IFMT == libc::S_IFREG {
                    // Both fit: `S_IFMT` has 16 bits.
                    status.stx_mode = (libc::S_IFCHR | mode) as u16;
                    (status.stx_rdev_major, status.stx_rdev_minor) = number;
                }
            },
        )
    }
}
