//! Rings of every descriptor format there is.
//!
//! The format is chosen once a burst, by a branch that always goes the same way; below it the ring
//! is compiled for its format.
#![allow(unsafe_code)]

use std::sync::Arc;

use barline_ring::{
    Adv82576, Adv82599, AdvI350, FrameBatch, Pool, RingError, RxConfig, RxRing, TxConfig, TxRing,
};

use super::config::Config;
use super::control::Device;
use super::queue_watch::QueueWatch;
use crate::nic::{DescriptorFormat, Limits, REGISTER_BAR, RingPlace};
use crate::{Error, Result};

/// Frames of one received packet: the largest frame of any device takes 10 buffers of 1 KiB.
const MAX_RX_CHAIN: usize = 16;

/// Bytes of the FCS, which a port's largest frame counts and a buffer does not hold.
const FCS: usize = 4;

/// Bytes of a VLAN tag that the application put into a frame itself.
const TAG: usize = 4;

#[derive(Debug)]
pub(super) enum Rx {
    Adv82576(RxRing<Adv82576>),
    AdvI350(RxRing<AdvI350>),
    Adv82599(RxRing<Adv82599>),
}

#[derive(Debug)]
pub(super) enum Tx {
    Adv82576(TxRing<Adv82576>),
    AdvI350(TxRing<AdvI350>),
    Adv82599(TxRing<Adv82599>),
}

/// Runs the same code for whichever ring there is.
macro_rules! for_ring {
    ($kind:ident, $queue:expr, $ring:ident => $body:expr) => {
        match $queue {
            $kind::Adv82576($ring) => $body,
            $kind::AdvI350($ring) => $body,
            $kind::Adv82599($ring) => $body,
        }
    };
}

impl Rx {
    pub(super) fn new(
        device: &Arc<Device>,
        format: DescriptorFormat,
        tail: u64,
        config: &Config,
    ) -> Result<Rx> {
        let memory = device.arena.ring_memory(config.rx_ring)?;
        let tail = device.transport.clone().doorbell(REGISTER_BAR, tail)?;
        let arena = device.arena.buffers();
        let rx = RxConfig { len: config.rx_ring, max_chain: MAX_RX_CHAIN };
        let ring = match format {
            DescriptorFormat::Adv82576 => RxRing::new(memory, tail, arena, rx).map(Rx::Adv82576),
            DescriptorFormat::AdvI350 => RxRing::new(memory, tail, arena, rx).map(Rx::AdvI350),
            DescriptorFormat::Adv82599 => RxRing::new(memory, tail, arena, rx).map(Rx::Adv82599),
        };
        ring.map_err(|error| no_ring("rx_ring", config.rx_ring, error))
    }

    pub(super) fn place(&self) -> RingPlace {
        let (iova, len) = for_ring!(Rx, self, ring => ring.descriptors());
        RingPlace { iova, len }
    }

    pub(super) fn watch(&self) -> QueueWatch {
        match self {
            Rx::Adv82576(ring) => QueueWatch::Rx82576(ring.watch()),
            Rx::AdvI350(ring) => QueueWatch::RxI350(ring.watch()),
            Rx::Adv82599(ring) => QueueWatch::Rx82599(ring.watch()),
        }
    }

    pub(super) fn publish(&self) {
        for_ring!(Rx, self, ring => ring.publish());
    }

    pub(super) fn is_ready(&self) -> bool {
        for_ring!(Rx, self, ring => ring.is_ready())
    }

    #[inline]
    pub(super) fn poll(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        for_ring!(Rx, self, ring => ring.poll(batch))
    }

    /// # Safety
    /// As for [`RxRing::restart`].
    pub(super) unsafe fn restart(&mut self) -> Result<()> {
        // SAFETY: promised by the caller.
        for_ring!(Rx, self, ring => unsafe { ring.restart() })
            .map_err(|error| no_ring("rx_ring", self.place().len, error))
    }

    /// # Safety
    /// As for [`RxRing::release`].
    pub(super) unsafe fn release(self) {
        // SAFETY: promised by the caller.
        for_ring!(Rx, self, ring => unsafe { ring.release() });
    }
}

impl Tx {
    pub(super) fn new(
        device: &Arc<Device>,
        format: DescriptorFormat,
        tail: u64,
        config: &Config,
        limits: Limits,
    ) -> Result<Tx> {
        let memory = device.arena.ring_memory(config.tx_ring)?;
        let tail = device.transport.clone().doorbell(REGISTER_BAR, tail)?;
        let arena = device.arena.buffers();
        let tx = TxConfig {
            len: config.tx_ring,
            max_packet: usize::from(config.max_frame) - FCS + TAG,
            max_chain: limits.max_tx_chain,
        };
        let ring = match format {
            DescriptorFormat::Adv82576 => TxRing::new(memory, tail, arena, tx).map(Tx::Adv82576),
            DescriptorFormat::AdvI350 => TxRing::new(memory, tail, arena, tx).map(Tx::AdvI350),
            DescriptorFormat::Adv82599 => TxRing::new(memory, tail, arena, tx).map(Tx::Adv82599),
        };
        ring.map_err(|error| no_ring("tx_ring", config.tx_ring, error))
    }

    pub(super) fn place(&self) -> RingPlace {
        let (iova, len) = for_ring!(Tx, self, ring => ring.descriptors());
        RingPlace { iova, len }
    }

    pub(super) fn watch(&self) -> QueueWatch {
        match self {
            Tx::Adv82576(ring) => QueueWatch::Tx82576(ring.watch()),
            Tx::AdvI350(ring) => QueueWatch::TxI350(ring.watch()),
            Tx::Adv82599(ring) => QueueWatch::Tx82599(ring.watch()),
        }
    }

    pub(super) fn pending(&self) -> usize {
        for_ring!(Tx, self, ring => ring.pending())
    }

    /// Packets whose fate is unknown.
    pub(super) fn lost(&self) -> u64 {
        for_ring!(Tx, self, ring => ring.counters().lost.value())
    }

    #[inline]
    pub(super) fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        for_ring!(Tx, self, ring => ring.push(batch))
    }

    #[inline]
    pub(super) fn reap(&mut self, pool: &Pool) -> u64 {
        for_ring!(Tx, self, ring => ring.reap(pool))
    }

    /// # Safety
    /// As for [`TxRing::restart`].
    pub(super) unsafe fn restart(&mut self) {
        // SAFETY: promised by the caller.
        for_ring!(Tx, self, ring => unsafe { ring.restart() });
    }

    /// # Safety
    /// As for [`TxRing::release`].
    pub(super) unsafe fn release(self) {
        // SAFETY: promised by the caller.
        for_ring!(Tx, self, ring => unsafe { ring.release() });
    }
}

fn no_ring(key: &'static str, len: usize, error: RingError) -> Error {
    Error::Config { key, value: len.to_string(), allowed: error.to_string() }
}
