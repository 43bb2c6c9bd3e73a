//! Ctrl-C: the first one ends a measurement in order, the second one ends the program.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

static SEEN: AtomicBool = AtomicBool::new(false);

/// Starts to listen for SIGINT and SIGTERM.
pub fn listen() {
    // SAFETY: `sigaction` is a plain C struct for which all zeros is a value.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = note as *const () as libc::sighandler_t;
    // The handler serves once: what comes then does what it does by default.
    action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the struct is valid and its handler does nothing but store to an atomic, which is
        // allowed in a handler; null is allowed for the old action. It fails for no such signal.
        unsafe { libc::sigaction(signal, &action, std::ptr::null_mut()) };
    }
}

/// Whether the user wants it to end.
pub fn seen() -> bool {
    SEEN.load(Ordering::Relaxed)
}

extern "C" fn note(_signal: libc::c_int) {
    SEEN.store(true, Ordering::Relaxed);
}
