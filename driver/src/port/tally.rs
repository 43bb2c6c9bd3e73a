//! What a port's driver has done and seen itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// A count of something rare, written from any thread.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// One more.
    pub(crate) fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What the driver counts for a port.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Times that the PF was reset, or forgot the VF.
    pub(crate) pf_resets: Count,
    /// Resets that the application asked for.
    pub(crate) resets: Count,
    /// Recoveries that succeeded.
    pub(crate) recoveries: Count,
    /// Attempts to recover that failed.
    pub(crate) failed_recoveries: Count,
    /// Queues that were shown to the device anew, after a reset, a stop or under another setting.
    pub(crate) queue_restarts: Count,
    /// Stalls that were told of.
    pub(crate) stalls: Count,
    /// Settings that the PF refused after a reset.
    pub(crate) settings_lost: Count,
    /// Events that nobody took, and that were dropped.
    pub(crate) events_lost: Count,
}
