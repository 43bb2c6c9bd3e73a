//! Looking at queues from outside their workers.

use barline_ring::{Format, RxWatch, TxWatch};

use crate::port::stats::{RxStats, Stats, TxStats};

/// A queue as others than its worker see it.
pub(in crate::port) trait Watch: Send {
    /// The position at which the queue waits for the device, if it does.
    fn waiting_at(&self) -> Option<u32>;

    /// The number of the descriptor at a position.
    fn slot(&self, position: u32) -> u32;

    /// Adds the queue's counters to a port's.
    fn count(&self, number: u16, stats: &mut Stats);
}

impl<F: Format> Watch for RxWatch<F> {
    fn waiting_at(&self) -> Option<u32> {
        self.waiting_at()
    }

    fn slot(&self, position: u32) -> u32 {
        self.slot(position)
    }

    fn count(&self, number: u16, stats: &mut Stats) {
        stats.rx.push(RxStats::new(number, self.counters()));
    }
}

impl<F: Format> Watch for TxWatch<F> {
    fn waiting_at(&self) -> Option<u32> {
        self.waiting_at()
    }

    fn slot(&self, position: u32) -> u32 {
        self.slot(position)
    }

    fn count(&self, number: u16, stats: &mut Stats) {
        stats.tx.push(TxStats::new(number, self.counters()));
    }
}
