//! A lock that signal handlers and forks can live with.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::signals::Blocked;

/// Looks at a lock before a thread that waits for it lets others run.
const SPINS: u32 = 100;

/// A lock. No signal handler of the program's runs on the thread that holds it, which holds it briefly.
pub(crate) struct Lock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time reaches the value.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Takes it, as soon as nobody else has it.
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let blocked = Blocked::but_faults();
        self.acquire();
        Guard { lock: self, _blocked: Some(blocked) }
    }

    /// That, in a handler of ours, which no signal interrupts anyway.
    pub(crate) fn lock_in_handler(&self) -> Guard<'_, T> {
        self.acquire();
        Guard { lock: self, _blocked: None }
    }

    /// Takes it with no guard: for the time of a fork.
    pub(crate) fn acquire(&self) {
        let mut tries = 0;
        while self.held.swap(true, Ordering::Acquire) {
            tries += 1;
            if tries < SPINS { std::hint::spin_loop() } else { std::thread::yield_now() }
        }
    }

    /// Gives it back.
    ///
    /// # Safety
    /// This thread has called [`Lock::acquire`], or is the only one of a child made by fork, whose
    /// parent has.
    pub(crate) unsafe fn release(&self) {
        self.held.store(false, Ordering::Release);
    }
}

/// A lock that is held.
pub(crate) struct Guard<'l, T> {
    lock: &'l Lock<T>,
    /// Dropped after the lock is given back.
    _blocked: Option<Blocked>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the guard borrowed mutably.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: it is held by this thread: guards stay on theirs, since `Blocked` does.
        unsafe { self.lock.release() };
    }
}
