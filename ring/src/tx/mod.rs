//! The transmit ring.

mod push;
mod reap;
mod request;

use std::marker::PhantomData;
use std::sync::Arc;

use crossbeam::utils::CachePadded;

use self::request::Request;
use crate::lanes::TxTerms;
use crate::slots::Slots;
use crate::{
    Arena, BLOCK, DmaSlice, Doorbell, Format, RingError, Simd, TxCounters, TxDescriptorStatus,
    TxWatch,
};

/// How a transmit ring is set up.
#[derive(Clone, Copy, Debug)]
pub struct TxConfig {
    /// Descriptors: a power of two from 64 to 4096.
    pub len: usize,
    /// Longest packet that may be sent, in bytes without FCS; a longer one is dropped and counted.
    /// At most 262143, the largest length that a descriptor can state. Of a packet that the device
    /// cuts into segments, it is the longest segment.
    pub max_packet: usize,
    /// Most frames in one packet (1 to 32); one of more is dropped and counted.
    pub max_chain: usize,
    /// With which instructions descriptors are moved; this CPU has to have them. [`Simd::best`] is what
    /// there is no reason to change but for tests and comparisons.
    pub simd: Simd,
}

/// Shortest packet that Intel's devices take: padding starts here (82576 datasheet, TCTL.PSP), and
/// shorter ones may hang the transmit unit.
pub(crate) const MIN_PACKET: u16 = 17;

/// Longest packet that a descriptor can describe: PAYLEN has 18 bits.
const MAX_PACKET: usize = (1 << 18) - 1;

/// In the shadow: this descriptor has no buffer of its own.
const NO_BUFFER: u32 = u32::MAX;

/// A point up to which the device will report that it is done.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Position of the descriptor that reports.
    position: u32,
    /// Packets from the first one up to it, free-running.
    packets: u32,
}

/// A transmit ring: descriptors with frames for the device, and the record of which buffers they
/// hold until the device reports them done.
///
/// The device is asked to report at the end of each burst, and at least every 32 descriptors or so
/// within one; what it reports goes back to the free buffers of the worker that pushes.
#[derive(Debug)]
pub struct TxRing<F> {
    slots: Slots,
    /// Which buffer each descriptor refers to.
    shadow: Box<[u32]>,
    /// Next descriptor to write, free-running.
    next: u32,
    /// Oldest descriptor that is not done, free-running: `clean <= next <= clean + len - 1`.
    clean: u32,
    /// Up to where packets of one frame may be written without a further look, free-running; behind it are
    /// one descriptor for a context, and one that stays free: a full ring would look empty.
    limit: u32,
    /// Behind the last descriptor that reports, free-running; `next` between two bursts.
    marked: u32,
    /// Where reports are due, oldest first: positions `marks_head..marks_tail` of a ring of its own.
    marks: Box<[Mark]>,
    marks_head: u32,
    marks_tail: u32,
    /// Packets that the device was given, and those of them that it has reported, free-running.
    given: u32,
    reported: u32,
    /// Behind the last descriptor that has no buffer, free-running.
    contexts_end: u32,
    /// From where on to look for reports again, free-running.
    look: u32,
    /// The device has no context for packets that ask for nothing, and needs one.
    fresh: bool,
    /// What was asked for last.
    request: Request<F>,
    /// Of packets that ask for nothing.
    nothing: TxTerms,
    /// Of packets that ask for what was asked for last.
    asking: TxTerms,
    /// The device is known to have stopped: dropping the ring loses nothing.
    released: bool,
    max_packet: usize,
    max_chain: usize,
    simd: Simd,
    arena: Arena,
    tail: Doorbell,
    counters: Arc<CachePadded<TxCounters>>,
}

impl<F: Format> TxRing<F> {
    /// An empty ring on `memory`.
    ///
    /// # Errors
    /// The length, the memory or the CPU is unsuitable.
    pub fn new(
        memory: DmaSlice,
        tail: Doorbell,
        arena: &Arena,
        config: TxConfig,
    ) -> Result<TxRing<F>, RingError> {
        if !config.simd.is_available() {
            return Err(RingError::Simd(config.simd));
        }
        let slots = Slots::new(memory, config.len)?;
        let start = slots.start();
        let max_packet = config.max_packet.min(MAX_PACKET);
        let nothing = TxTerms::new(arena.iovas(), max_packet, Request::<F>::nothing());
        let mut ring = TxRing {
            slots,
            shadow: vec![NO_BUFFER; config.len].into_boxed_slice(),
            next: start,
            clean: start,
            limit: start,
            marked: start,
            marks: vec![Mark::default(); config.len].into_boxed_slice(),
            marks_head: start,
            marks_tail: start,
            given: 0,
            reported: 0,
            contexts_end: start,
            look: start,
            fresh: F::TX_FIRST.is_some(),
            request: Request::none(),
            nothing,
            asking: nothing,
            released: false,
            max_packet,
            max_chain: config.max_chain.clamp(1, BLOCK),
            simd: config.simd,
            arena: arena.clone(),
            tail,
            counters: Arc::default(),
        };
        ring.move_limit();
        Ok(ring)
    }

    /// The I/O virtual address and length in bytes of the descriptors, for the device's registers.
    pub fn descriptors(&self) -> (u64, usize) {
        (self.slots.iova(), self.shadow.len() * crate::DESCRIPTOR_LEN)
    }

    /// What the ring has done and seen; may be read from any thread.
    pub fn counters(&self) -> &Arc<CachePadded<TxCounters>> {
        &self.counters
    }

    /// With which instructions it moves descriptors.
    pub fn simd(&self) -> Simd {
        self.simd
    }

    /// The arena whose frames the ring takes.
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// A look at the ring for another thread.
    pub fn watch(&self) -> TxWatch<F> {
        let (slots, counters) = (self.slots.watch(), self.counters.clone());
        TxWatch { slots, counters, format: PhantomData }
    }

    /// Changes the longest packet that may be sent, as [`TxConfig::max_packet`] has it.
    pub fn set_max_packet(&mut self, max_packet: usize) {
        self.max_packet = max_packet.min(MAX_PACKET);
        self.nothing = TxTerms::new(self.arena.iovas(), self.max_packet, Request::<F>::nothing());
    }

    /// The limit follows what is clean. Before its first context a ring takes nothing without a look.
    fn move_limit(&mut self) {
        let room = if self.fresh { 0 } else { self.slots.len() - 2 };
        self.limit = self.clean.wrapping_add(room);
    }

    /// Descriptors that the device has not reported done.
    #[inline]
    pub fn pending(&self) -> usize {
        self.next.wrapping_sub(self.clean) as usize
    }

    /// State of the descriptor `offset` places from the next one to be written. What the device has
    /// reported is seen at once, without [`TxRing::reap`].
    ///
    /// # Errors
    /// The ring has no more than `offset` descriptors.
    pub fn descriptor(&self, offset: usize) -> Result<TxDescriptorStatus, RingError> {
        let len = self.shadow.len();
        if offset >= len {
            return Err(RingError::Offset { offset, len });
        }
        let free = len - self.pending();
        if offset < free {
            let kept = offset + 1 == free;
            return Ok(if kept {
                TxDescriptorStatus::Unavailable
            } else {
                TxDescriptorStatus::Done
            });
        }
        let position = self.clean.wrapping_add((offset - free) as u32);
        Ok(if self.reported(position) {
            TxDescriptorStatus::Done
        } else {
            TxDescriptorStatus::Full
        })
    }

    /// Whether the device has reported a pending descriptor, by the first report at or behind it.
    fn reported(&self, position: u32) -> bool {
        let behind = |mark: &Mark| {
            mark.position.wrapping_sub(self.clean) >= position.wrapping_sub(self.clean)
        };
        let marks = (0..self.marks_tail.wrapping_sub(self.marks_head))
            .map(|i| self.marks[self.slots.slot(self.marks_head.wrapping_add(i))]);
        let mark = marks.into_iter().find(behind);
        mark.is_some_and(|mark| F::tx_done(self.slots.status(mark.position)))
    }

    fn empty(&mut self) {
        self.complete_reported();
        let lost = self.given.wrapping_sub(self.reported);
        self.counters.lost.add(u64::from(lost));
        self.arena.give(self.held());
        let start = self.slots.start();
        (self.next, self.clean, self.marked) = (start, start, start);
        (self.marks_head, self.marks_tail) = (start, start);
        (self.contexts_end, self.look) = (start, start);
        self.reported = self.given;
        self.fresh = F::TX_FIRST.is_some();
        self.move_limit();
        self.request = Request::none();
        self.slots.clear();
    }

    /// Puts the ring back to its first state, empty. Packets that were not reported done are counted
    /// as lost, and their buffers freed.
    ///
    /// # Safety
    /// The device's queue is off: it reads neither the descriptors nor the frames, now or later,
    /// until it is told of new ones.
    #[allow(unsafe_code)]
    pub unsafe fn restart(&mut self) {
        self.empty();
    }

    /// Ends the ring and frees its buffers.
    ///
    /// # Safety
    /// As for [`TxRing::restart`].
    #[allow(unsafe_code)]
    pub unsafe fn release(mut self) {
        self.empty();
        self.released = true;
    }
}

impl<F> TxRing<F> {
    /// The buffers that the ring holds now.
    fn held(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.next.wrapping_sub(self.clean))
            .map(|i| self.shadow[self.slots.slot(self.clean.wrapping_add(i))])
            .filter(|&index| index != NO_BUFFER)
    }
}

impl<F> Drop for TxRing<F> {
    /// Buffers that are still queued, and the descriptors, are never used again: only
    /// [`TxRing::release`] knows that the device has stopped.
    fn drop(&mut self) {
        if !self.released {
            self.arena.quarantine(self.held().count());
            self.slots.leak();
        }
    }
}
