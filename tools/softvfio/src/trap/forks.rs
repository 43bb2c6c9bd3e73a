//! Forks: a child has copies of locks that no thread of its own holds.
#![allow(unsafe_code)]

use std::cell::RefCell;

use super::processor;
use crate::maps;
use crate::signals::{self, Blocked};

thread_local! {
    /// Handlers of the program's must not run while its thread has all locks.
    static FORKING: RefCell<Option<Blocked>> = const { RefCell::new(None) };
}

/// Before a fork, on the thread that makes it: nothing is half done when the child is made.
pub extern "C" fn before_fork() {
    FORKING.set(Some(Blocked::but_faults()));
    maps::before_fork();
    signals::before_fork();
}

/// After it, in the parent.
pub extern "C" fn after_fork() {
    // SAFETY: the C library calls this on the thread for which it has called `before_fork`.
    unsafe {
        signals::after_fork();
        maps::after_fork();
    }
    FORKING.take();
}

/// After it, in the child, before anything else of ours is called: the devices are its parent's.
pub extern "C" fn after_fork_in_child() {
    // SAFETY: the child has the one thread for which `before_fork` was called.
    unsafe {
        signals::after_fork();
        maps::after_fork();
    }
    maps::forget_devices();
    processor::forget();
    FORKING.take();
}

/// Has forks of a test's process be as those of a program: locks that other tests hold are free in
/// children.
#[cfg(test)]
pub(crate) fn in_tests() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let (before, after) = (before_fork, after_fork);
        // SAFETY: these are made for it.
        let registered =
            unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after_fork_in_child)) };
        assert_eq!(registered, 0);
        // What is made once must not be half made in a child: as when the library is loaded, and as
        // when a program maps registers. Tests decode instructions themselves.
        signals::install().unwrap();
        super::prepare();
    });
}
