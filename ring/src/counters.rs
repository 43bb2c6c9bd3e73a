//! What a queue has done and seen: written by its worker, read by anyone.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// A counter with one writer. Adding is a plain load and store, no read-modify-write.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The value now.
    #[inline]
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds `n`. Only the counter's one writer calls this; two would lose counts, nothing worse.
    #[inline]
    pub(crate) fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }
}

/// A position in a ring that its worker publishes for those who watch.
#[derive(Debug, Default)]
pub(crate) struct Published(AtomicU32);

impl Published {
    #[inline]
    pub(crate) fn set(&self, position: u32) {
        self.0.store(position, Ordering::Relaxed);
    }

    pub(crate) fn position(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a receive ring has done and seen.
#[derive(Debug, Default)]
pub struct RxCounters {
    /// Packets handed to the application.
    pub packets: Counter,
    /// Bytes of these.
    pub bytes: Counter,
    /// Packets that the device marked as damaged; dropped.
    pub errors: Counter,
    /// Packets with a length that no buffer has (0 but for a last buffer after others, or more than its
    /// data room): the device broke the contract; dropped.
    pub bad_length: Counter,
    /// Packets over more frames than the ring or the batch allows; dropped.
    pub too_long: Counter,
    /// Times that the ring could not be refilled because arena and pool had no buffer left.
    pub no_buffers: Counter,
    /// The descriptor that the worker waits for.
    pub(crate) next: Published,
}

/// What a transmit ring has done and seen.
#[derive(Debug, Default)]
pub struct TxCounters {
    /// Packets handed to the device.
    pub packets: Counter,
    /// Bytes of these.
    pub bytes: Counter,
    /// Packets that the device reported as done.
    pub completed: Counter,
    /// Packets not sent and dropped since they are shorter than 17 bytes or longer than the largest
    /// frame (or would be cut into segments that are), have an empty frame, or more frames than the
    /// ring allows.
    pub invalid: Counter,
    /// Packets still queued when the ring was restarted; whether they left is not known.
    pub lost: Counter,
    /// The oldest descriptor whose report the worker has not seen, while packets are outstanding.
    pub(crate) oldest: Published,
    /// The newest one, while packets are.
    pub(crate) newest: Published,
}
