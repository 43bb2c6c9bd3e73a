//! Putting packets into a ring.
#![allow(unsafe_code)]

use super::request::{self, Alike};
use super::{MAX_PACKET, MIN_PACKET, Mark, NO_BUFFER, TxRing};
use crate::batch::chain_len;
use crate::frame::{Flags, Frame};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Departures, Lanes, Plain};
use crate::offload::Lengths;
use crate::{BLOCK, Format, FrameBatch, Pool, Simd};

/// A burst on its way into the ring.
#[derive(Default)]
struct Burst {
    packets: u64,
    bytes: u64,
    /// Packets and frames since the last report that was asked for.
    unmarked: u32,
    unmarked_frames: u32,
    /// The descriptor that was written last.
    last: [u64; 2],
}

impl Burst {
    /// Counts packets of one frame.
    #[inline]
    fn count(&mut self, packets: u32, bytes: u64) {
        self.packets += u64::from(packets);
        self.bytes += bytes;
        self.unmarked += packets;
        self.unmarked_frames += packets;
    }
}

impl<F: Format> TxRing<F> {
    /// Hands packets from the front of `batch` to the device, as many as there is room for, and
    /// rings the doorbell once; returns how many frames left the batch. What remains in the batch
    /// was not sent. Frees what the device is done with into the batch's pool.
    ///
    /// # Panics
    /// The batch belongs to another arena.
    #[inline]
    pub fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        batch.check_arena(&self.arena);
        // SAFETY: a ring is made only with what the CPU has.
        unsafe {
            match self.simd {
                #[cfg(target_arch = "x86_64")]
                Simd::Avx512 => self.push_avx512(batch),
                #[cfg(target_arch = "x86_64")]
                Simd::Avx2 => self.push_avx2(batch),
                _ => self.push_by::<Plain>(batch),
            }
        }
    }

    /// [`TxRing::push_by`], all of it compiled for these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn push_avx512(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // SAFETY: this is compiled for them, too.
        unsafe { self.push_by::<Avx512>(batch) }
    }

    /// [`TxRing::push_by`], all of it compiled for these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn push_avx2(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // SAFETY: this is compiled for them, too.
        unsafe { self.push_by::<Avx2>(batch) }
    }

    /// As [`TxRing::push`], for a batch of the same arena.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn push_by<L: Lanes>(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // A look at the device's reports costs as much for one packet as for a block of them.
        if self.pending() >= BLOCK || batch.is_empty() || batch.pool().free() < BLOCK {
            self.collect(batch.pool());
        }
        let frames = batch.raw();
        let mut burst = Burst::default();
        let mut sent = 0;
        while sent < frames.len() {
            if self.unmarked() >= BLOCK {
                self.report(&mut burst);
            }
            let rest = &frames[sent..];
            // SAFETY: promised by the caller.
            sent += unsafe {
                if rest[0].flags.intersects(Flags::CONTEXT) {
                    self.asking::<L>(rest, &mut burst)
                } else {
                    self.alike::<L>(rest, Alike::asking_nothing::<F>(), &mut burst)
                }
            };
            if sent == frames.len() || self.unmarked() >= BLOCK {
                continue;
            }
            let packet = &frames[sent..sent + chain_len(&frames[sent..])];
            if !self.any(packet, batch.pool(), &mut burst) {
                break;
            }
            sent += packet.len();
        }
        if burst.packets > 0 {
            if burst.unmarked > 0 {
                self.report(&mut burst);
            }
            self.tail.ring(self.slots.slot(self.next) as u32);
            self.counters.packets.add(burst.packets);
            self.counters.bytes.add(burst.bytes);
            self.publish_oldest();
        }
        batch.raw_mut().remove_front(sent);
        sent
    }

    /// Descriptors that no report covers.
    #[inline]
    fn unmarked(&self) -> usize {
        self.next.wrapping_sub(self.marked) as usize
    }

    /// Descriptors that may be written before a report is due or the ring is full.
    #[inline]
    fn most(&self) -> usize {
        // One descriptor more for a context, one that stays free: a full ring would look empty.
        let room = (self.shadow.len() - 2).saturating_sub(self.pending());
        if self.fresh { 0 } else { room.min(BLOCK - self.unmarked()) }
    }

    /// Writes packets of one frame that ask for the same, up to the first that is anything else or cannot
    /// be sent, a full ring, or a block for which a report is due; returns how many.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn alike<L: Lanes>(
        &mut self,
        frames: &[Frame],
        alike: Alike,
        burst: &mut Burst,
    ) -> usize {
        let frames = &frames[..self.most().min(frames.len())];
        let iovas = self.arena.iovas();
        let mut departures = Departures {
            descriptors: self.slots.descriptors(),
            shadow: &mut self.shadow,
            next: self.next,
            iovas,
            max_packet: self.max_packet.min(u16::MAX.into()) as u16,
            mask: alike.mask,
            wanted: alike.wanted,
            common: alike.common,
        };
        // SAFETY: promised by the caller; so many are free.
        let moved = unsafe { L::send::<F>(&mut departures, frames) };
        if let Some(frame) = frames[..moved.frames].last() {
            let second = alike.common | F::tx_lengths(frame.len.into(), frame.len.into());
            burst.last = [iovas.of(frame.index, frame.offset), second];
        }
        self.next = self.next.wrapping_add(moved.frames as u32);
        burst.count(moved.frames as u32, moved.bytes);
        moved.frames
    }

    /// Writes packets of one frame, the first of which asks for something, up to one that is anything
    /// else or cannot be sent, a full ring, or a block for which a report is due; returns how many.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn asking<L: Lanes>(&mut self, frames: &[Frame], burst: &mut Burst) -> usize {
        let head = &frames[0];
        // Most packets ask for the same as those behind them.
        let run = frames.get(3).is_some_and(|other| request::key(head) == request::key(other));
        let alone = Flags::MORE.union(Flags::SEGMENT);
        let sent = !head.flags.intersects(alone) && fits(head, head.len.into(), self.max_packet);
        // A context is written for a packet that surely follows.
        if !run || !sent || self.most() < 2 {
            return self.each(frames, burst);
        }
        if self.request.make(head) {
            self.put(NO_BUFFER, self.request.context());
        }
        // SAFETY: promised by the caller.
        unsafe { self.alike::<L>(frames, self.request.alike(head), burst) }
    }

    /// As [`TxRing::asking`], one by one: each may ask for something else.
    fn each(&mut self, frames: &[Frame], burst: &mut Burst) -> usize {
        let most = self.most();
        let (slots, iovas) = (self.slots.descriptors(), self.arena.iovas());
        let (shadow, request) = (&mut self.shadow[..], &mut self.request);
        let (mut next, mut last) = (self.next, burst.last);
        let (mut count, mut bytes) = (0, 0);
        for frame in &frames[..most.min(frames.len())] {
            let len = usize::from(frame.len);
            // Contexts take descriptors, too.
            let full = next.wrapping_sub(self.next) as usize >= most;
            if full || frame.flags.contains(Flags::MORE) || !fits(frame, len, self.max_packet) {
                break;
            }
            let mut second = F::TX_PACKET | F::tx_lengths(len as u32, len as u32);
            if frame.flags.intersects(Flags::CONTEXT) {
                if request.make(frame) {
                    slots.store(next, request.context());
                    shadow[slots.slot(next)] = NO_BUFFER;
                    next = next.wrapping_add(1);
                }
                second = request.packet(len as u32, len as u32);
            }
            last = [iovas.of(frame.index, frame.offset), second | F::TX_EOP];
            slots.store(next, last);
            shadow[slots.slot(next)] = frame.index;
            next = next.wrapping_add(1);
            bytes += len as u64;
            count += 1;
        }
        self.next = next;
        burst.last = last;
        burst.count(count, bytes);
        count as usize
    }

    /// Writes a packet of any kind, or frees one that cannot be sent; false when the ring has no room
    /// for it.
    fn any(&mut self, packet: &[Frame], pool: &Pool, burst: &mut Burst) -> bool {
        let total: usize = packet.iter().map(|frame| usize::from(frame.len)).sum();
        if self.invalid(packet, total) {
            self.counters.invalid.add(1);
            pool.put_frames(packet);
            return true;
        }
        // One descriptor more for a context, one that stays free: a full ring would look empty.
        if self.pending() + packet.len() + 2 > self.shadow.len() {
            return false;
        }
        if let (Some(first), true) = (F::TX_FIRST, self.fresh) {
            self.fresh = false;
            self.put(NO_BUFFER, first);
        }
        self.write(packet, total as u32, burst);
        burst.packets += 1;
        burst.bytes += total as u64;
        burst.unmarked += 1;
        burst.unmarked_frames += packet.len() as u32;
        true
    }

    fn invalid(&self, packet: &[Frame], total: usize) -> bool {
        // An empty frame within a chain would be a descriptor of no bytes, which devices hang on.
        let empty = packet.iter().any(|frame| frame.len == 0);
        empty || !fits(&packet[0], total, self.max_packet) || packet.len() > self.max_chain
    }

    /// Writes the descriptors of one packet.
    fn write(&mut self, packet: &[Frame], total: u32, burst: &mut Burst) {
        let head = &packet[0];
        let asks = head.flags.intersects(Flags::CONTEXT);
        if asks && self.request.make(head) {
            self.put(NO_BUFFER, self.request.context());
        }
        let iovas = self.arena.iovas();
        for (i, frame) in packet.iter().enumerate() {
            let len = frame.len.into();
            let second = if asks {
                self.request.packet(len, total)
            } else {
                F::TX_PACKET | F::tx_lengths(len, total)
            };
            let end = if i + 1 == packet.len() { F::TX_EOP } else { 0 };
            burst.last = [iovas.of(frame.index, frame.offset), second | end];
            self.put(frame.index, burst.last);
        }
    }

    fn put(&mut self, index: u32, descriptor: [u64; 2]) {
        let slot = self.slots.slot(self.next);
        self.shadow[slot] = index;
        self.slots.store(self.next, descriptor);
        self.next = self.next.wrapping_add(1);
    }

    /// Has the last descriptor report. The device has not been shown it yet, so that it can still be
    /// changed.
    #[inline]
    fn report(&mut self, burst: &mut Burst) {
        let position = self.next.wrapping_sub(1);
        self.slots.store(position, [burst.last[0], burst.last[1] | F::TX_REPORT]);
        let contexts = self.unmarked() as u32 - burst.unmarked_frames;
        self.reporting.packets = self.reporting.packets.wrapping_add(burst.unmarked);
        self.reporting.contexts = self.reporting.contexts.wrapping_add(contexts);
        let slot = self.slots.slot(self.marks_tail);
        self.marks[slot] = Mark { position, total: self.reporting };
        self.marks_tail = self.marks_tail.wrapping_add(1);
        self.marked = self.next;
        (burst.unmarked, burst.unmarked_frames) = (0, 0);
    }
}

/// Whether a device that sends frames of up to `max_packet` bytes can send a packet of this length.
#[inline]
fn fits(head: &Frame, total: usize, max_packet: usize) -> bool {
    if !head.flags.contains(Flags::SEGMENT) {
        return (usize::from(MIN_PACKET)..=max_packet).contains(&total);
    }
    // It has a payload, and each segment is short enough.
    let lengths = Lengths(head.meta);
    let headers = lengths.headers();
    (headers + 1..=MAX_PACKET).contains(&total) && headers + lengths.mss() <= max_packet
}
