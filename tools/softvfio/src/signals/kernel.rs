//! What is asked of the kernel itself, past whatever stands in for the C library's functions.
#![allow(unsafe_code)]

use std::mem;
use std::ptr;
use std::sync::OnceLock;

use libc::{c_int, c_long};

use crate::Errno;

/// Signals, as the kernel has them: bit n - 1 is signal n.
pub(crate) type Set = u64;

/// The set of one signal.
pub(super) const fn bit(signal: c_int) -> Set {
    1 << (signal - 1)
}

/// The set of one signal, which is empty if there is no such signal.
pub(super) fn bit_or_none(signal: c_int) -> Set {
    if (1..=64).contains(&signal) { bit(signal) } else { 0 }
}

/// The C library's set as the kernel's, which is its first word.
pub(super) fn from_libc(set: &libc::sigset_t) -> Set {
    // SAFETY: the set has 128 bytes, all of them initialized, and is aligned to 8.
    unsafe { ptr::from_ref(set).cast::<Set>().read() }
}

/// The kernel's set as the C library's.
pub(super) fn to_libc(set: Set) -> libc::sigset_t {
    // SAFETY: a set of plain numbers, for which zeros are valid; the kernel's set is its first word.
    unsafe {
        let mut whole: libc::sigset_t = mem::zeroed();
        ptr::from_mut(&mut whole).cast::<Set>().write(set);
        whole
    }
}

/// Changes this thread's mask of blocked signals, and returns what it was. `None` only asks.
///
/// # Errors
/// EINVAL: there is no such `how`.
pub(super) fn mask(how: c_int, set: Option<Set>) -> Result<Set, Errno> {
    let mut old: Set = 0;
    let new = set.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: both sets have the eight bytes that the call is told of.
    unsafe { call(libc::SYS_rt_sigprocmask, [how.into(), place(new), place(&raw mut old), 8]) }?;
    Ok(old)
}

/// The C library's sigaction, not whatever was loaded before it.
///
/// # Safety
/// The pointers are those of sigaction(2).
///
/// # Errors
/// Those of sigaction(2).
pub(super) unsafe fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> Result<(), Errno> {
    type Function =
        unsafe extern "C" fn(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int;
    static NEXT: OnceLock<Option<Function>> = OnceLock::new();
    let next = NEXT.get_or_init(|| {
        // SAFETY: the name is a C string, and what has this name in the C library is such a function.
        unsafe {
            let found = libc::dlsym(libc::RTLD_NEXT, c"sigaction".as_ptr());
            mem::transmute::<*mut libc::c_void, Option<Function>>(found)
        }
    });
    let next = next.ok_or(libc::ENOSYS)?;
    // SAFETY: as promised by the caller.
    check(unsafe { next(signal, new, old) }.into()).map(|_| ())
}

/// Sends a signal to this thread, with the words of one that was received.
///
/// # Safety
/// `info` is that of a signal that this thread has received.
pub(super) unsafe fn send_again(signal: c_int, info: *const libc::siginfo_t) {
    // SAFETY: no pointers but `info`, which is valid. A process may send itself anything.
    unsafe {
        let (process, thread) = (libc::getpid().into(), libc::gettid().into());
        // It cannot be refused.
        _ = call(libc::SYS_rt_tgsigqueueinfo, [process, thread, signal.into(), place(info)]);
    }
}

/// A pointer as an argument.
pub(crate) fn place<T>(pointer: *const T) -> c_long {
    pointer.expose_provenance() as c_long
}

/// A system call. The arguments have all their bits: those of less are not extended by anybody.
///
/// # Safety
/// Those of the call.
///
/// # Errors
/// Those of the call.
pub(crate) unsafe fn call<const N: usize>(
    number: c_long,
    arguments: [c_long; N],
) -> Result<c_long, Errno> {
    let mut six = [0; 6];
    six[..N].copy_from_slice(&arguments);
    let [a, b, c, d, e, f] = six;
    // SAFETY: as promised by the caller.
    check(unsafe { libc::syscall(number, a, b, c, d, e, f) })
}

/// The errno of a call that failed.
fn check(result: c_long) -> Result<c_long, Errno> {
    if result == -1 {
        return Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO));
    }
    Ok(result)
}
