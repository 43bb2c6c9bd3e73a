//! Looking at queues from outside their workers.

use barline_ring::{Adv82576, Adv82599, AdvI350, RxWatch, TxWatch};

use super::stats::{RxStats, Stats, TxStats};

/// A queue as others than its worker see it.
pub(super) enum QueueWatch {
    Rx82576(RxWatch<Adv82576>),
    RxI350(RxWatch<AdvI350>),
    Rx82599(RxWatch<Adv82599>),
    Tx82576(TxWatch<Adv82576>),
    TxI350(TxWatch<AdvI350>),
    Tx82599(TxWatch<Adv82599>),
}

impl QueueWatch {
    /// The position at which the queue waits for the device, if it does.
    pub(super) fn waiting_at(&self) -> Option<u32> {
        match self {
            QueueWatch::Rx82576(watch) => watch.waiting_at(),
            QueueWatch::RxI350(watch) => watch.waiting_at(),
            QueueWatch::Rx82599(watch) => watch.waiting_at(),
            QueueWatch::Tx82576(watch) => watch.waiting_at(),
            QueueWatch::TxI350(watch) => watch.waiting_at(),
            QueueWatch::Tx82599(watch) => watch.waiting_at(),
        }
    }

    /// The number of the descriptor at a position.
    pub(super) fn slot(&self, position: u32) -> u32 {
        match self {
            QueueWatch::Rx82576(watch) => watch.slot(position),
            QueueWatch::RxI350(watch) => watch.slot(position),
            QueueWatch::Rx82599(watch) => watch.slot(position),
            QueueWatch::Tx82576(watch) => watch.slot(position),
            QueueWatch::TxI350(watch) => watch.slot(position),
            QueueWatch::Tx82599(watch) => watch.slot(position),
        }
    }

    /// Adds the queue's counters to a port's.
    pub(super) fn count(&self, number: u16, stats: &mut Stats) {
        match self {
            QueueWatch::Rx82576(watch) => stats.rx.push(RxStats::new(number, watch.counters())),
            QueueWatch::RxI350(watch) => stats.rx.push(RxStats::new(number, watch.counters())),
            QueueWatch::Rx82599(watch) => stats.rx.push(RxStats::new(number, watch.counters())),
            QueueWatch::Tx82576(watch) => stats.tx.push(TxStats::new(number, watch.counters())),
            QueueWatch::TxI350(watch) => stats.tx.push(TxStats::new(number, watch.counters())),
            QueueWatch::Tx82599(watch) => stats.tx.push(TxStats::new(number, watch.counters())),
        }
    }
}
