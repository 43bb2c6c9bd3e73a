//! Looking at a ring from another thread, to tell a device that stands still from one without work.

use std::marker::PhantomData;
use std::sync::Arc;

use crossbeam::utils::CachePadded;

use crate::slots::SlotsWatch;
use crate::{Format, RxCounters, TxCounters};

/// Looks at a receive ring. It keeps the ring's descriptor memory alive.
#[derive(Debug)]
pub struct RxWatch<F> {
    pub(crate) slots: SlotsWatch,
    pub(crate) counters: Arc<CachePadded<RxCounters>>,
    pub(crate) format: PhantomData<F>,
}

impl<F: Format> RxWatch<F> {
    /// What the ring has done and seen.
    pub fn counters(&self) -> &RxCounters {
        &self.counters
    }

    /// The position of the descriptor that the worker waits for, if the device has not reported it.
    /// `None` when it has: then it is the worker who is behind.
    pub fn waiting_at(&self) -> Option<u32> {
        let position = self.counters.next.position();
        (!F::rx_done(self.slots.status(position))).then_some(position)
    }

    /// The descriptor's number in the ring, as the device's head register has it.
    pub fn slot(&self, position: u32) -> u32 {
        self.slots.slot(position) as u32
    }
}

/// Looks at a transmit ring. It keeps the ring's descriptor memory alive.
#[derive(Debug)]
pub struct TxWatch<F> {
    pub(crate) slots: SlotsWatch,
    pub(crate) counters: Arc<CachePadded<TxCounters>>,
    pub(crate) format: PhantomData<F>,
}

impl<F: Format> TxWatch<F> {
    /// What the ring has done and seen.
    pub fn counters(&self) -> &TxCounters {
        &self.counters
    }

    /// The position of a report that the device owes: of the oldest that the worker has not seen, or, if
    /// that was made, of the newest. `None` when the device owes none.
    pub fn waiting_at(&self) -> Option<u32> {
        let TxCounters { packets, completed, lost, oldest, newest, .. } = &**self.counters;
        if packets.value() == completed.value() + lost.value() {
            return None;
        }
        let owed = |position: &u32| !F::tx_done(self.slots.status(*position));
        [oldest.position(), newest.position()].into_iter().find(owed)
    }

    /// The descriptor's number in the ring, as the device's head register has it.
    pub fn slot(&self, position: u32) -> u32 {
        self.slots.slot(position) as u32
    }
}
