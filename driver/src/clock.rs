//! The time that devices and PFs are given to answer.
//!
//! In a build for fuzzing (`cfg(fuzzing)`) it passes by being looked at, and a pause takes none of
//! anybody's: a device that never answers is given up after as many looks as ever, but at once, and the
//! same answers come to the same.

use std::time::{Duration, Instant};

/// What time it is.
#[cfg(not(fuzzing))]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets so much time pass.
#[cfg(not(fuzzing))]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

#[cfg(fuzzing)]
pub(crate) use made_up::{now, pause};

#[cfg(fuzzing)]
mod made_up {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Duration, Instant};

    /// How long a look takes, in nanoseconds.
    const LOOK: u64 = 20_000;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    static PASSED: AtomicU64 = AtomicU64::new(0);

    pub(crate) fn now() -> Instant {
        *START + Duration::from_nanos(PASSED.fetch_add(LOOK, Ordering::Relaxed))
    }

    pub(crate) fn pause(time: Duration) {
        PASSED.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }
}
