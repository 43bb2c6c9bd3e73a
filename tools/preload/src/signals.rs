//! Signals: what the program wants done on SIGSEGV and SIGBUS is kept beside what this library needs them
//! for, and they are never really blocked (see [`softvfio::signals`]).
#![allow(unsafe_code)]

use libc::{c_int, sighandler_t, sigset_t};
use softvfio::signals;

use crate::ask::{ask, ask_unblocked};
use crate::real::{alias, real};

real! {
    fn sigaction(c_int, *const libc::sigaction, *mut libc::sigaction) -> c_int;
    fn signal(c_int, sighandler_t) -> sighandler_t;
    fn __sysv_signal(c_int, sighandler_t) -> sighandler_t;
    fn sigprocmask(c_int, *const sigset_t, *mut sigset_t) -> c_int;
    fn pthread_sigmask(c_int, *const sigset_t, *mut sigset_t) -> c_int;
}

/// sigaction(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> c_int {
    // SAFETY: as promised.
    match ask(|_| unsafe { signals::sigaction(signal, new, old) }) {
        Some(Ok(())) => 0,
        Some(Err(_)) => -1,
        // SAFETY: as promised.
        None => unsafe { real::sigaction()(signal, new, old) },
    }
}

/// Sets a handler for one of the signals that are ours, and returns the one before. `None` for others.
fn set(signal: c_int, handler: sighandler_t, flags: c_int) -> Option<sighandler_t> {
    let answer = ask(|_| {
        if !matches!(signal, libc::SIGSEGV | libc::SIGBUS) {
            return None;
        }
        // SAFETY: plain numbers and an optional function, for which zeros are valid.
        let (mut new, mut old): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
        new.sa_sigaction = handler;
        new.sa_flags = flags;
        // SAFETY: both are valid.
        let done = unsafe { signals::sigaction(signal, &raw const new, &raw mut old) }?;
        Some(done.map(|()| old.sa_sigaction))
    });
    answer.map(|before| before.unwrap_or(libc::SIG_ERR))
}

/// signal(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn signal(signal: c_int, handler: sighandler_t) -> sighandler_t {
    // SAFETY: as promised.
    set(signal, handler, libc::SA_RESTART)
        .unwrap_or_else(|| unsafe { real::signal()(signal, handler) })
}

alias! {
    /// bsd_signal(3).
    fn bsd_signal(number: c_int, handler: sighandler_t) -> sighandler_t = signal;
}

/// sysv_signal(3): what signal(2) is with `_XOPEN_SOURCE` only.
///
/// # Safety
/// As for signal(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __sysv_signal(signal: c_int, handler: sighandler_t) -> sighandler_t {
    let flags = libc::SA_RESETHAND | libc::SA_NODEFER;
    // SAFETY: as promised.
    set(signal, handler, flags).unwrap_or_else(|| unsafe { real::__sysv_signal()(signal, handler) })
}

alias! {
    /// sysv_signal(3).
    fn sysv_signal(signal: c_int, handler: sighandler_t) -> sighandler_t = __sysv_signal;
}

/// sigprocmask(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigprocmask(
    how: c_int,
    set: *const sigset_t,
    old: *mut sigset_t,
) -> c_int {
    // SAFETY: as promised.
    match ask_unblocked(|_| unsafe { signals::mask(how, set, old) }) {
        Some(Ok(())) => 0,
        Some(Err(_)) => -1,
        // SAFETY: as promised.
        None => unsafe { real::sigprocmask()(how, set, old) },
    }
}

/// pthread_sigmask(3), which returns its error.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_sigmask(
    how: c_int,
    set: *const sigset_t,
    old: *mut sigset_t,
) -> c_int {
    let answer = ask_unblocked(|_| {
        // SAFETY: as promised.
        let masked = unsafe { signals::mask(how, set, old) }?;
        Some(Ok(masked.err().unwrap_or(0)))
    });
    match answer {
        Some(Ok(errno)) => errno,
        Some(Err(_)) => libc::EINVAL,
        // SAFETY: as promised.
        None => unsafe { real::pthread_sigmask()(how, set, old) },
    }
}
