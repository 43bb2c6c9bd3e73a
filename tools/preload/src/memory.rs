//! Memory: a device's registers are mapped here, and what devices reach stays theirs when the program
//! unmaps it.
//!
//! `mremap` is declared as [`open`](crate::open) is, for the same reason.
#![allow(unsafe_code)]

use libc::{c_int, c_void, off_t, size_t};

use softvfio::{Errno, maps};

use crate::ask::{ask, ask_device};
use crate::real::{alias, real};

real! {
    fn mmap(*mut c_void, size_t, c_int, c_int, c_int, off_t) -> *mut c_void;
    fn munmap(*mut c_void, size_t) -> c_int;
    fn mremap(*mut c_void, size_t, size_t, c_int; ...) -> *mut c_void;
    fn mprotect(*mut c_void, size_t, c_int) -> c_int;
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
    let has_file = flags & libc::MAP_ANONYMOUS == 0 && fd >= 0;
    let covers = flags & libc::MAP_FIXED != 0;
    let mapped = if has_file || covers {
        ask(|soft| {
            // SAFETY: as promised.
            unsafe {
                let device = || soft.vfio.mmap(address, len, protection, flags, fd, offset);
                let mapped = if has_file { device() } else { None };
                let covering =
                    || maps::mmap_fixed(address.addr(), len, protection, flags, fd, offset);
                if mapped.is_none() && covers {
                    covering().inspect(|_| soft.vfio.after_munmap())
                } else {
                    mapped
                }
            }
        })
    } else {
        None
    };
    match mapped {
        Some(mapped) => mapped.unwrap_or(libc::MAP_FAILED),
        None => {
            // SAFETY: as promised.
            let mapped = unsafe { real::mmap()(address, len, protection, flags, fd, offset) };
            if covers {
                unmapped();
            }
            mapped
        }
    }
}

alias! {
    /// mmap64(3).
    fn mmap64(address: *mut c_void, len: size_t, protection: c_int, flags: c_int, fd: c_int, offset: off_t) -> *mut c_void = mmap;
}

/// Tells that memory was unmapped which devices do not reach. It may have been the last that the program
/// had of one.
fn unmapped() {
    _ = ask_device(|soft| {
        soft.vfio.after_munmap();
        None::<Result<(), Errno>>
    });
}

/// munmap(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn munmap(address: *mut c_void, len: size_t) -> c_int {
    // SAFETY: as promised.
    let done = ask(|soft| unsafe {
        maps::munmap(address.addr(), len).inspect(|_| soft.vfio.after_munmap())
    });
    match done {
        Some(Ok(())) => 0,
        Some(Err(_)) => -1,
        None => {
            // SAFETY: as promised.
            let done = unsafe { real::munmap()(address, len) };
            unmapped();
            done
        }
    }
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
    // SAFETY: as promised.
    match ask(|_| unsafe { maps::mremap(old.addr(), old_len, new_len, flags, new.addr()) }) {
        Some(moved) => moved.unwrap_or(libc::MAP_FAILED),
        // SAFETY: as promised.
        None => unsafe { real::mremap()(old, old_len, new_len, flags, new) },
    }
}

/// mprotect(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mprotect(address: *mut c_void, len: size_t, protection: c_int) -> c_int {
    // SAFETY: as promised.
    match ask(|_| unsafe { maps::mprotect(address.addr(), len, protection) }) {
        Some(Ok(())) => 0,
        Some(Err(_)) => -1,
        // SAFETY: as promised.
        None => unsafe { real::mprotect()(address, len, protection) },
    }
}
