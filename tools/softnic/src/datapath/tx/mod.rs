//! The transmit side of a VF: its queues, and what the PF lets them send.

mod descriptor;
mod malformed;
mod packet;
mod queue;
mod reports;
mod scratch;

use std::sync::Arc;

pub use malformed::{Malformed, MalformedCounts};
use queue::TxQueue;
use scratch::Outgoing;
pub(crate) use scratch::Scratch;

use super::counters::TxCounters;
use super::fabric::Fabric;
use super::mischief::{Lies, Scribe};
use crate::RegisterFile;
use crate::function::Cause;
use crate::plane::PortState;
use crate::regs::{QUEUE_STRIDE, TX_BASE};
use crate::switch::{Header, Rate};

/// Descriptors that each queue is given in a step.
pub(crate) const BURST: u32 = 64;

/// Octets of the FCS.
const FCS: u64 = 4;

/// The transmit side of a VF that this process drives.
#[derive(Debug)]
pub(crate) struct Sender {
    side: Side,
    queues: Vec<TxQueue>,
}

/// What all queues of a VF share.
#[derive(Debug)]
struct Side {
    vf: usize,
    registers: Arc<RegisterFile>,
    /// Malicious-driver detection is on.
    detects: bool,
    /// The PF has put the VF into this VLAN.
    port_vlan: Option<u16>,
    rate: Rate,
    counters: TxCounters,
    scribe: Scribe,
}

impl Sender {
    /// The transmit side of a VF with these registers and so many queues. `detects`: the PF has
    /// malicious-driver detection on.
    pub(crate) fn new(
        vf: usize,
        registers: Arc<RegisterFile>,
        detects: bool,
        queues: usize,
    ) -> Sender {
        Sender {
            side: Side {
                vf,
                registers,
                detects,
                port_vlan: None,
                rate: Rate::default(),
                counters: TxCounters::default(),
                scribe: Scribe::new(vf as u64),
            },
            queues: (0..queues).map(|n| TxQueue::new(TX_BASE + n * QUEUE_STRIDE)).collect(),
        }
    }

    /// Takes over what the PF has set.
    pub(crate) fn configure(&mut self, port: &PortState) {
        self.side.port_vlan = port.port_vlan;
        self.side.rate.set(port.rate);
    }

    /// Has something be wrong with the write-backs, or nothing.
    pub(crate) fn set_lies(&mut self, lies: Lies) {
        self.side.scribe.lies = lies;
    }

    /// Gives each queue so many descriptors. Returns how many frames were sent.
    pub(crate) fn pass(
        &mut self,
        burst: u32,
        scratch: &mut Scratch,
        fabric: &mut Fabric<'_>,
    ) -> usize {
        let Sender { side, queues } = self;
        queues.iter_mut().map(|queue| queue.pass(burst, side, scratch, fabric)).sum()
    }

    /// Looks at one queue's registers, since its driver has just written one.
    pub(crate) fn look(&mut self, queue: usize) {
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.look(&mut self.side);
        }
    }

    /// Turns all queues off until the next pass.
    pub(crate) fn forget(&mut self) {
        self.queues.iter_mut().for_each(TxQueue::forget);
    }

    /// The function was reset.
    pub(crate) fn reset(&mut self) {
        self.queues.iter_mut().for_each(TxQueue::reset);
    }

    /// Ends a pass: shows the driver how far it came, and says which queues have written something back.
    pub(crate) fn end(&mut self, mut raise: impl FnMut(Cause)) {
        for (number, queue) in self.queues.iter_mut().enumerate() {
            queue.show(&self.side.registers, false);
            if queue.has_written() {
                raise(Cause::Tx(number));
            }
        }
    }

    /// Shows the driver exactly how far its queues came.
    pub(crate) fn show(&mut self) {
        for queue in &mut self.queues {
            queue.show(&self.side.registers, true);
        }
    }

    /// I/O addresses and bytes of the rings.
    pub(crate) fn extents(&self) -> impl Iterator<Item = (u64, u64)> {
        self.queues.iter().map(TxQueue::extent)
    }

    /// What was counted.
    pub(crate) fn counters(&self) -> &TxCounters {
        &self.side.counters
    }
}

impl Side {
    /// Hands a frame to the switch, if the PF lets the VF send it.
    #[inline]
    fn emit(&mut self, frame: Outgoing<'_>, vlan: Option<u16>, fabric: &mut Fabric<'_>) {
        let (bytes, header, permitted) = match self.port_vlan {
            None => {
                let bytes = frame.finish(vlan);
                let header = Header::of(bytes);
                (bytes, header, fabric.switch.permits(self.vf, &header))
            }
            Some(port_vlan) => {
                // What counts is what the VF has put in: the tag is the PF's.
                let permitted = fabric.switch.permits(self.vf, &Header::of(frame.bytes()));
                let bytes = frame.finish(Some(port_vlan));
                (bytes, Header::of(bytes), permitted)
            }
        };
        if !permitted {
            self.counters.spoofed += 1;
            return;
        }
        let octets = bytes.len() as u64 + FCS;
        self.counters.packets += 1;
        self.counters.octets += octets;
        self.rate.charge(octets, fabric.now);
        fabric.forward(self.vf, bytes, header);
    }
}
