//! The transmit ring.

use std::marker::PhantomData;
use std::sync::Arc;

use crossbeam::utils::CachePadded;

use crate::batch::chain_len;
use crate::format::TxFrame;
use crate::frame::{Flags, Frame};
use crate::slots::Slots;
use crate::{
    Arena, BLOCK, DmaSlice, Doorbell, Format, FrameBatch, Pool, RingError, TxCounters, TxWatch,
};

/// How a transmit ring is set up.
#[derive(Clone, Copy, Debug)]
pub struct TxConfig {
    /// Descriptors: a power of two from 64 to 4096.
    pub len: usize,
    /// Longest packet that may be sent, in bytes without FCS; a longer one is dropped and counted.
    /// At most 262143, the largest length that a descriptor can state.
    pub max_packet: usize,
    /// Most frames in one packet (1 to 32); one of more is dropped and counted.
    pub max_chain: usize,
}

/// Longest packet that a descriptor can describe: PAYLEN has 18 bits.
const MAX_PACKET: usize = (1 << 18) - 1;

/// Shortest packet that Intel's devices take: padding starts here (82576 datasheet, TCTL.PSP), and
/// shorter ones may hang the transmit unit.
const MIN_PACKET: usize = 17;

/// In the shadow: this descriptor has no buffer of its own.
const NO_BUFFER: u32 = u32::MAX;

/// A point up to which the device will report that it is done.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Position of the descriptor that reports.
    position: u32,
    /// Packets since the mark before.
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
    /// Where reports are due, oldest first: positions `marks_head..marks_tail` of a ring of its own.
    marks: Box<[Mark]>,
    marks_head: u32,
    marks_tail: u32,
    /// The tag that the device's context holds.
    context: Option<u16>,
    /// The device is known to have stopped: dropping the ring loses nothing.
    released: bool,
    max_packet: usize,
    max_chain: usize,
    arena: Arena,
    tail: Doorbell,
    counters: Arc<CachePadded<TxCounters>>,
    format: PhantomData<F>,
}

impl<F: Format> TxRing<F> {
    /// An empty ring on `memory`.
    ///
    /// # Errors
    /// The length or the memory is unsuitable.
    pub fn new(
        memory: DmaSlice,
        tail: Doorbell,
        arena: &Arena,
        config: TxConfig,
    ) -> Result<TxRing<F>, RingError> {
        let slots = Slots::new(memory, config.len)?;
        let start = slots.start();
        Ok(TxRing {
            slots,
            shadow: vec![NO_BUFFER; config.len].into_boxed_slice(),
            next: start,
            clean: start,
            marks: vec![Mark::default(); config.len].into_boxed_slice(),
            marks_head: start,
            marks_tail: start,
            context: None,
            released: false,
            max_packet: config.max_packet.min(MAX_PACKET),
            max_chain: config.max_chain.clamp(1, BLOCK),
            arena: arena.clone(),
            tail,
            counters: Arc::default(),
            format: PhantomData,
        })
    }

    /// The I/O virtual address and length in bytes of the descriptors, for the device's registers.
    pub fn descriptors(&self) -> (u64, usize) {
        (self.slots.iova(), self.shadow.len() * crate::DESCRIPTOR_LEN)
    }

    /// What the ring has done and seen; may be read from any thread.
    pub fn counters(&self) -> &Arc<CachePadded<TxCounters>> {
        &self.counters
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

    /// Descriptors that the device has not reported done.
    #[inline]
    pub fn pending(&self) -> usize {
        self.next.wrapping_sub(self.clean) as usize
    }

    /// Hands packets from the front of `batch` to the device, as many as there is room for, and
    /// rings the doorbell once; returns how many frames left the batch. What remains in the batch
    /// was not sent. Frees what the device is done with into the batch's pool.
    ///
    /// # Panics
    /// The batch belongs to another arena.
    #[inline]
    pub fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        batch.check_arena(&self.arena);
        self.collect(batch.pool());
        let (mut sent, mut packets, mut bytes) = (0, 0, 0);
        let (mut marked, mut unmarked) = (self.next, 0);
        let mut last = None;
        let frames = batch.raw();
        while sent < frames.len() {
            // Most packets are one frame; said so, the compiler makes a path without loops of it.
            let first = &frames[sent];
            let (packet, total) = if first.flags.contains(Flags::MORE) {
                let packet = &frames[sent..sent + chain_len(&frames[sent..])];
                (packet, packet.iter().map(|frame| usize::from(frame.len)).sum::<usize>())
            } else {
                (std::slice::from_ref(first), usize::from(first.len))
            };
            if self.invalid(packet, total) {
                self.refuse(packet, batch.pool());
                sent += packet.len();
                continue;
            }
            // One descriptor more for a context, one that stays free: a full ring would look empty.
            if self.pending() + packet.len() + 2 > self.shadow.len() {
                break;
            }
            sent += packet.len();
            packets += 1;
            unmarked += 1;
            bytes += total as u64;
            let end = self.next.wrapping_add(packet.len() as u32);
            let report = sent == frames.len() || end.wrapping_sub(marked) >= BLOCK as u32;
            last = self.write(packet, total as u32, report);
            if report {
                self.mark(unmarked);
                (marked, unmarked) = (self.next, 0);
            }
        }
        if packets > 0 {
            if let (Some(frame), true) = (last, unmarked > 0) {
                // The ring is full, or what followed was refused. The device has not been shown the
                // last descriptor yet, so it can still be made to report.
                let position = self.next.wrapping_sub(1);
                self.slots.store(position, F::tx_data(&TxFrame { report: true, ..frame }));
                self.mark(unmarked);
            }
            self.tail.ring(self.slots.slot(self.next) as u32);
            self.counters.packets.add(packets);
            self.counters.bytes.add(bytes);
            self.publish_oldest();
        }
        batch.raw_mut().drain(..sent);
        sent
    }

    #[inline]
    fn invalid(&self, packet: &[Frame], total: usize) -> bool {
        // An empty frame within a chain would be a descriptor of no bytes, which devices hang on.
        let empty = packet.iter().any(|frame| frame.len == 0);
        let len = MIN_PACKET..=self.max_packet;
        empty || !len.contains(&total) || packet.len() > self.max_chain
    }

    #[cold]
    fn refuse(&self, packet: &[Frame], pool: &Pool) {
        self.counters.invalid.add(1);
        pool.put_frames(packet);
    }

    /// Writes the descriptors of one packet; returns what the last of them says.
    #[inline(always)]
    fn write(&mut self, packet: &[Frame], total: u32, report: bool) -> Option<TxFrame> {
        let vlan = packet[0].flags.contains(Flags::VLAN);
        if vlan && self.context != Some(packet[0].vlan) {
            self.context = Some(packet[0].vlan);
            self.put(NO_BUFFER, F::tx_vlan_context(packet[0].vlan));
        }
        let mut last = None;
        for (i, frame) in packet.iter().enumerate() {
            let end = i + 1 == packet.len();
            let descriptor = TxFrame {
                iova: self.arena.iova(frame.index, frame.offset),
                len: frame.len,
                total,
                vlan,
                end,
                report: end && report,
            };
            self.put(frame.index, F::tx_data(&descriptor));
            last = Some(descriptor);
        }
        last
    }

    #[inline]
    fn put(&mut self, index: u32, descriptor: [u64; 2]) {
        let slot = self.slots.slot(self.next);
        self.shadow[slot] = index;
        self.slots.store(self.next, descriptor);
        self.next = self.next.wrapping_add(1);
    }

    /// Remembers that the descriptor before `next` reports.
    #[inline]
    fn mark(&mut self, packets: u32) {
        let mark = Mark { position: self.next.wrapping_sub(1), packets };
        let slot = self.slots.slot(self.marks_tail);
        self.marks[slot] = mark;
        self.marks_tail = self.marks_tail.wrapping_add(1);
    }

    /// Frees what the device is done with into `pool`; returns how many packets.
    ///
    /// # Panics
    /// The pool belongs to another arena.
    #[inline]
    pub fn reap(&mut self, pool: &Pool) -> u64 {
        pool.check_arena(&self.arena);
        self.collect(pool)
    }

    /// Frees what the device is done with into `pool`, which is of the ring's arena.
    #[inline]
    fn collect(&mut self, pool: &Pool) -> u64 {
        let mut packets = 0;
        while self.marks_head != self.marks_tail {
            let mark = self.marks[self.slots.slot(self.marks_head)];
            if !F::tx_done(self.slots.status(mark.position)) {
                break;
            }
            self.marks_head = self.marks_head.wrapping_add(1);
            self.free_to(mark.position.wrapping_add(1), pool);
            packets += u64::from(mark.packets);
        }
        if packets > 0 {
            self.counters.completed.add(packets);
            self.publish_oldest();
        }
        packets
    }

    #[inline]
    fn publish_oldest(&self) {
        self.counters.oldest.set(self.marks[self.slots.slot(self.marks_head)].position);
    }

    /// Frees the buffers of all descriptors before `end`.
    #[inline]
    fn free_to(&mut self, end: u32, pool: &Pool) {
        while self.clean != end {
            let mut block = [0; BLOCK];
            let mut count = 0;
            while self.clean != end && count < BLOCK {
                block[count] = self.shadow[self.slots.slot(self.clean)];
                count += usize::from(block[count] != NO_BUFFER);
                self.clean = self.clean.wrapping_add(1);
            }
            pool.put(&block[..count]);
        }
    }

    fn empty(&mut self) {
        let lost: u32 = (0..self.marks_tail.wrapping_sub(self.marks_head))
            .map(|i| self.marks[self.slots.slot(self.marks_head.wrapping_add(i))].packets)
            .sum();
        self.counters.lost.add(u64::from(lost));
        self.arena.give(self.held());
        let start = self.slots.start();
        (self.next, self.clean) = (start, start);
        (self.marks_head, self.marks_tail) = (start, start);
        self.context = None;
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
