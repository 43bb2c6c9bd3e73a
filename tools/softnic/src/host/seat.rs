//! One thing that a thread works on all the time, and others now and then.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// How often a thread that waits looks again at once, and how often it then lets others run in between,
/// before it sleeps. The first is less than a step takes, both are less than waking up does.
const SPINS: u32 = 100;
const YIELDS: u32 = 100;

thread_local! {
    static AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is at work in an adapter, now. For signal handlers: a fault meanwhile is one of the
/// adapter's accesses to memory.
pub fn at_work() -> bool {
    AT_WORK.get()
}

/// Why nothing can be done with an adapter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It has panicked with these words, which is a mistake of softnic's. It is left alone from then on,
    /// and its VFs look as if they had been pulled out.
    #[error("the software adapter has failed, and its VFs are gone: {0}")]
    Failed(String),
    /// It is that of the process which this one was forked from.
    #[error("the software adapter belongs to this process's parent")]
    Elsewhere,
}

/// A lock whose steady user gives way.
///
/// [`Mutex`] goes to whoever is there first, and that is the thread which has just let go of it.
pub(super) struct Seat<T> {
    value: Mutex<T>,
    /// How many have asked for it, and how many of them have got it. Both only grow.
    asked: AtomicUsize,
    served: AtomicUsize,
    broken: OnceLock<Broken>,
    /// What is done to it when it has panicked.
    bury: fn(&mut T),
}

impl<T> Seat<T> {
    pub(super) fn new(value: T, bury: fn(&mut T)) -> Seat<T> {
        Seat {
            value: Mutex::new(value),
            asked: AtomicUsize::new(0),
            served: AtomicUsize::new(0),
            broken: OnceLock::new(),
            bury,
        }
    }

    /// Does something, as soon as what is being done is done.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Result<R, Broken> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let free = (0..SPINS + YIELDS).find_map(|tries| {
            let free = self.value.try_lock().ok();
            if free.is_none() {
                wait(tries);
            }
            free
        });
        let value = free.unwrap_or_else(|| self.lock());
        self.served.fetch_add(1, Ordering::Relaxed);
        self.act(value, act)
    }

    /// Does something after those who have asked before. They get the lock as soon as they run, so
    /// that is waited for.
    pub(super) fn after_others<R>(&self, act: impl FnOnce(&mut T) -> R) -> Result<R, Broken> {
        let asked = self.asked.load(Ordering::Relaxed);
        let mut tries = 0;
        while asked.wrapping_sub(self.served.load(Ordering::Relaxed)) as isize > 0 {
            wait(tries);
            tries += 1;
        }
        self.act(self.lock(), act)
    }

    fn lock(&self) -> MutexGuard<'_, T> {
        // Panics are caught while it is held, so it is never poisoned.
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act<R>(
        &self,
        mut value: MutexGuard<'_, T>,
        act: impl FnOnce(&mut T) -> R,
    ) -> Result<R, Broken> {
        if let Some(broken) = self.broken.get() {
            return Err(broken.clone());
        }
        AT_WORK.set(true);
        let done = catch_unwind(AssertUnwindSafe(|| act(&mut value)));
        AT_WORK.set(false);
        done.map_err(|panic| {
            let broken = Broken::Failed(said(&*panic));
            tracing::error!("{broken}");
            // It may well panic again.
            let buried = catch_unwind(AssertUnwindSafe(|| (self.bury)(&mut value)));
            if buried.is_err() {
                tracing::error!(
                    "what is left of the software adapter could not be removed, either"
                );
            }
            self.broken.get_or_init(|| broken).clone()
        })
    }
}

/// Waits a little, the more often the longer.
fn wait(tries: u32) {
    match tries {
        0..SPINS => std::hint::spin_loop(),
        _ if tries < SPINS + YIELDS => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(20)),
    }
}

/// The words of a panic.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".into())
}
