//! Queues in the hands of workers.
//!
//! A queue looks at the device's epoch before each burst: one load from a line that stays in its
//! cache. When the epoch has changed, the device's side of the queue was lost in a reset, or a
//! setting changed that concerns it; the worker itself then does what is to be done to its ring, so
//! that no other thread ever touches one.

mod rings;
mod rx;
mod seat;
mod tx;
mod watch;

use std::time::{Duration, Instant};

pub use rx::RxQueue;
pub use tx::TxQueue;
pub(super) use watch::Watch;

/// The end of a wait, which may be so long that there is none.
fn deadline(timeout: Duration) -> Instant {
    let now = Instant::now();
    let century = Duration::from_secs(100 * 365 * 24 * 3600);
    now.checked_add(timeout).unwrap_or(now + century)
}
