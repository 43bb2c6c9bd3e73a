//! Looking at queues from outside their workers.

use barline_ring::{Format, RxWatch, TxWatch};

use crate::port::stats::{RxStats, Stats, TxStats};
use crate::port::xstats::ExtendedStat;

/// A queue as others than its worker see it.
pub(in crate::port) trait Watch: Send {
    /// The position at which the queue waits for the device, if it does.
    fn waiting_at(&self) -> Option<u32>;

    /// The number of the descriptor at a position.
    fn slot(&self, position: u32) -> u32;

    /// Adds the queue's counters to a port's.
    fn count(&self, number: u16, stats: &mut Stats);

    /// All of the queue's counters.
    fn extended(&self, number: u16) -> Vec<ExtendedStat>;
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

    fn extended(&self, number: u16) -> Vec<ExtendedStat> {
        let counters = self.counters();
        [
            ("packets", &counters.packets),
            ("bytes", &counters.bytes),
            ("errors", &counters.errors),
            ("bad_length", &counters.bad_length),
            ("too_long", &counters.too_long),
            ("no_buffers", &counters.no_buffers),
        ]
        .map(|(name, count)| ExtendedStat::new(format!("rx_q{number}_{name}"), count.value()))
        .into()
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

    fn extended(&self, number: u16) -> Vec<ExtendedStat> {
        let counters = self.counters();
        [
            ("packets", &counters.packets),
            ("bytes", &counters.bytes),
            ("completed", &counters.completed),
            ("invalid", &counters.invalid),
            ("lost", &counters.lost),
        ]
        .map(|(name, count)| ExtendedStat::new(format!("tx_q{number}_{name}"), count.value()))
        .into()
    }
}
