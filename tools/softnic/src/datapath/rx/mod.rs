//! The receive side of a VF: its queues, and what comes into which.

mod frame;
mod queue;
mod steering;
mod trail;

use std::sync::Arc;

use frame::Frame;
use queue::{Refusal, Report, RxQueue};
use steering::{Steered, Steering};

use super::counters::RxCounters;
use super::delivery::Passing;
use super::mischief::Lies;
use crate::function::Cause;
use crate::model::Generation;
use crate::offload::{TAG, Toeplitz};
use crate::plane::PortState;
use crate::regs::{QUEUE_STRIDE, RX_BASE};
use crate::{Memory, RegisterFile};

/// Octets of the FCS, which every frame has on the wire.
const FCS: usize = 4;

/// Extended status of a write-back: there was a VLAN tag; the frame comes from this adapter.
const STATUS_VP: u64 = 1 << 3;
const STATUS_LB: u64 = 1 << 18;

/// The receive side of a VF that this process drives.
#[derive(Debug)]
pub(crate) struct Receiver {
    registers: Arc<RegisterFile>,
    generation: &'static Generation,
    queues: Vec<RxQueue>,
    steering: Steering,
    /// Frames have the tag of a VLAN that the PF has put the VF into, and the VF is not shown it.
    hides_tag: bool,
    /// Longest frame without a tag, with FCS.
    longest: usize,
    /// What was counted.
    counters: RxCounters,
}

impl Receiver {
    /// The receive side of a VF with these registers and so many queues.
    pub(crate) fn new(
        registers: Arc<RegisterFile>,
        generation: &'static Generation,
        queues: usize,
        pf_hash: &Arc<Toeplitz>,
    ) -> Receiver {
        Receiver {
            registers,
            generation,
            queues: (0..queues).map(|n| RxQueue::new(RX_BASE + n * QUEUE_STRIDE)).collect(),
            steering: Steering::new(pf_hash, generation.own_rss, queues),
            hides_tag: false,
            longest: 0,
            counters: RxCounters::default(),
        }
    }

    /// Takes over what the PF has set.
    pub(crate) fn configure(&mut self, port: &PortState) {
        self.hides_tag = port.port_vlan.is_some() && self.generation.hides_port_vlan;
        self.longest = port.max_frame as usize;
    }

    /// Begins a pass: looks at all registers. Nothing is reached in memory unless the VF may reach it.
    pub(crate) fn begin(&mut self, may_dma: bool) {
        if !may_dma {
            self.forget();
            return;
        }
        for queue in &mut self.queues {
            let wrong = queue.look(&self.registers, self.generation.queue_frame_limit);
            self.counters.malformed += u64::from(wrong);
        }
        self.steering.look(&self.registers);
    }

    /// Looks at one queue's registers, since its driver has just written one.
    pub(crate) fn look(&mut self, queue: usize) {
        if let Some(queue) = self.queues.get_mut(queue) {
            let wrong = queue.look(&self.registers, self.generation.queue_frame_limit);
            self.counters.malformed += u64::from(wrong);
        }
    }

    /// Turns all queues off until the next pass.
    pub(crate) fn forget(&mut self) {
        for queue in &mut self.queues {
            queue.forget();
        }
    }

    /// Whether any of its queues takes frames.
    pub(crate) fn is_on(&self) -> bool {
        self.queues.iter().any(RxQueue::is_on)
    }

    /// How many frames of a length it can take, whichever queues they go to. Frames for a queue that is
    /// off are dropped, as silicon does, and do not count here unless all queues are off.
    pub(crate) fn room(&self, len: usize) -> usize {
        let reach = self.steering.reach();
        let on = self
            .queues
            .iter()
            .enumerate()
            .filter(|(n, queue)| reach >> n & 1 == 1 && queue.is_on());
        on.map(|(_, queue)| queue.room(len)).min().unwrap_or(0)
    }

    /// Hands over a frame that the switch has for the VF.
    #[inline]
    pub(super) fn deliver(&mut self, memory: &Memory, passing: &Passing<'_>) {
        let Passing { bytes, header, facts, looped } = passing;
        let tag_len = if header.tci.is_some() { TAG } else { 0 };
        if bytes.len() + FCS > self.longest + tag_len {
            self.counters.oversize += 1;
            return;
        }
        let Steered { queue, kind, hash } = self.steering.steer(bytes, &facts.flow);
        let queue = &mut self.queues[queue];
        let mut status = u64::from(facts.status) | if *looped { STATUS_LB } else { 0 };
        let frame = match header.tci {
            None => Frame::whole(bytes),
            Some(_) if self.hides_tag => Frame::without_tag(bytes),
            Some(tci) => {
                status |= STATUS_VP | u64::from(tci) << 48;
                if queue.strips { Frame::without_tag(bytes) } else { Frame::whole(bytes) }
            }
        };
        let first = u64::from(kind) | u64::from(facts.packet_type) << 4 | u64::from(hash) << 32;
        let report = Report { first, second: status };
        match queue.receive(memory, &self.registers, &frame, report) {
            Ok(()) => {
                self.counters.packets += 1;
                self.counters.octets += (bytes.len() + FCS) as u64;
                let multicast = header.is_to_group() && !header.is_broadcast();
                self.counters.multicast += u64::from(multicast);
            }
            Err(Refusal::NoDescriptor) => self.counters.no_descriptor += 1,
            Err(Refusal::TooLong) => self.counters.oversize += 1,
        }
    }

    /// Counts a frame that was dropped on purpose.
    pub(crate) fn count_dropped(&mut self) {
        self.counters.dropped_on_purpose += 1;
    }

    /// Has something be wrong with the write-backs, or nothing.
    pub(crate) fn set_lies(&mut self, lies: Lies) {
        for queue in &mut self.queues {
            queue.scribe.lies = lies;
        }
    }

    /// Ends a pass: writes back what is left, shows the driver how far its queues came, and says which
    /// have written something back.
    pub(crate) fn end(&mut self, memory: &Memory, mut raise: impl FnMut(Cause)) {
        for (number, queue) in self.queues.iter_mut().enumerate() {
            queue.flush(memory, &self.registers);
            let has_written = queue.has_written();
            queue.show(&self.registers, !has_written);
            self.counters.faults += std::mem::take(&mut queue.faults);
            if has_written {
                raise(Cause::Rx(number));
            }
        }
    }

    /// Shows the driver exactly how far its queues came.
    pub(crate) fn show(&mut self) {
        for queue in &mut self.queues {
            queue.show(&self.registers, true);
        }
    }

    /// Begins to note where frames are put, or ends it; what was noted stays until it begins anew.
    pub(crate) fn trail(&mut self, on: bool) {
        self.queues.iter_mut().for_each(|queue| queue.trail.turn(on));
    }

    /// I/O addresses and bytes of the rings, and of all that was noted.
    pub(crate) fn extents(&self) -> impl Iterator<Item = (u64, u64)> {
        self.queues.iter().flat_map(RxQueue::extents)
    }

    /// What was counted.
    pub(crate) fn counters(&self) -> &RxCounters {
        &self.counters
    }
}
