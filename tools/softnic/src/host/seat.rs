//! One thing that a thread works on all the time, and others now and then.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// How often the thread lets others run for those that have asked, before it joins the queue for the
/// lock like them.
const PATIENCE: usize = 200;

/// The adapter has panicked, which is a mistake of softnic's. It is left alone from then on, and its VFs
/// look as if they had been pulled out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the software adapter has failed, and its VFs are gone: {0}")]
pub struct Broken(String);

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
        self.locked(true, act)
    }

    /// Does something after those who have asked before.
    pub(super) fn after_others<R>(&self, act: impl FnOnce(&mut T) -> R) -> Result<R, Broken> {
        let asked = self.asked.load(Ordering::Relaxed);
        let waiting = || asked.wrapping_sub(self.served.load(Ordering::Relaxed)) as isize > 0;
        for _ in (0..PATIENCE).take_while(|_| waiting()) {
            std::thread::yield_now();
        }
        self.locked(false, act)
    }

    fn locked<R>(&self, serves: bool, act: impl FnOnce(&mut T) -> R) -> Result<R, Broken> {
        // Panics are caught below, while the lock is held.
        let mut value = self.value.lock().unwrap_or_else(PoisonError::into_inner);
        if serves {
            self.served.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(broken) = self.broken.get() {
            return Err(broken.clone());
        }
        catch_unwind(AssertUnwindSafe(|| act(&mut value))).map_err(|panic| {
            let broken = Broken(said(&*panic));
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

/// The words of a panic.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".into())
}
