//! Memory: a device's registers are mapped here, and what devices reach stays theirs when the program
//! unmaps it.
//!
//! `mremap` is declared as [`open`](crate::open) is, for the same reason.
#![allow(unsafe_code)]

use libc::{c_int, c_void, off_t, size_t};

use crate::ask::{ask, tell};
use crate::real::real;

real! {
    fn mmap(*mut c_void, size_t, c_int, c_int, c_int, off_t) -> *mut c_void;
    fn munmap(*mut c_void, size_t) -> c_int;
    fn mremap(*mut c_void, size_t, size_t, c_int; ...) -> *mut c_void;
}

/// mmap(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap(
    address: *mut c_void,
    len: size_t,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: off_t,
) -> *mut c_void {
    if flags & libc::MAP_ANONYMOUS == 0 && fd >= 0 {
        let mapped = ask(|soft| {
            // SAFETY: as promised.
            unsafe { soft.vfio.mmap(address, len, protection, flags, fd, offset) }
        });
        match mapped {
            Some(Ok(mapped)) => return mapped,
            Some(Err(_)) => return libc::MAP_FAILED,
            None => {}
        }
    }
    // SAFETY: as promised.
    covering(flags & libc::MAP_FIXED != 0, address, len, || unsafe {
        real::mmap()(address, len, protection, flags, fd, offset)
    })
}

/// Makes a call that takes the place of what is mapped somewhere, if it does.
fn covering<T>(covers: bool, address: *mut c_void, len: size_t, call: impl FnOnce() -> T) -> T {
    if !covers {
        return call();
    }
    tell(|soft| soft.vfio.before_munmap(address, len));
    let done = call();
    tell(|soft| soft.vfio.after_munmap());
    done
}

/// mmap64(3).
///
/// # Safety
/// As for mmap(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mmap64(
    address: *mut c_void,
    len: size_t,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: off_t,
) -> *mut c_void {
    // SAFETY: the same function under another name.
    unsafe { mmap(address, len, protection, flags, fd, offset) }
}

/// munmap(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn munmap(address: *mut c_void, len: size_t) -> c_int {
    // SAFETY: as promised.
    covering(true, address, len, || unsafe { real::munmap()(address, len) })
}

/// mremap(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mremap(
    old: *mut c_void,
    old_len: size_t,
    new_len: size_t,
    flags: c_int,
    new: *mut c_void,
) -> *mut c_void {
    let fixed = flags & libc::MREMAP_FIXED != 0;
    // SAFETY: as promised.
    let moved = covering(fixed, new, new_len, || unsafe {
        real::mremap()(old, old_len, new_len, flags, new)
    });
    if moved != libc::MAP_FAILED {
        tell(|soft| soft.vfio.after_mremap(old, old_len, moved, new_len));
    }
    moved
}
