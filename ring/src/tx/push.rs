//! Putting packets into a ring.
#![allow(unsafe_code)]

use super::request;
use super::{MAX_PACKET, MIN_PACKET, Mark, NO_BUFFER, TxRing};
#[cfg(target_arch = "x86_64")]
use crate::Simd;
use crate::batch::chain_len;
use crate::frame::{Flags, Frame};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512};
use crate::lanes::{Departures, Lanes, Plain, TxTerms};
use crate::offload::Lengths;
use crate::{BLOCK, Format, FrameBatch, Pool};

/// A burst on its way into the ring.
#[derive(Clone, Copy, Default)]
struct Burst {
    bytes: u64,
    /// The second word of the descriptor that was written last.
    last: u64,
}

/// What the packets of a burst have in common, one frame each.
#[derive(Clone, Copy)]
enum Alike {
    /// They ask for nothing: [`TxRing::nothing`].
    Nothing,
    /// They ask for the same: [`TxRing::asking`].
    Asking,
}

impl<F: Format> TxRing<F> {
    /// Hands packets from the front of `batch` to the device, as many as there is room for, and
    /// rings the doorbell once; returns how many frames left the batch. What remains in the batch
    /// was not sent. Frees what the device is done with into the batch's pool: it looks for that once in 32
    /// descriptors, and where there is no room or the pool is short of buffers; [`TxRing::reap`] looks
    /// at once.
    ///
    /// # Panics
    /// The batch belongs to another arena.
    #[inline]
    pub fn push(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        batch.check_arena(&self.arena);
        // Once in a block is often enough, as long as there is room, and buffers for a receive ring.
        let due = self.next.wrapping_sub(self.look).cast_signed() >= 0;
        if due || batch.pool().free() < BLOCK {
            self.look = self.next.wrapping_add(BLOCK as u32);
            self.collect(batch.pool());
        }
        match self.simd {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a ring is made only with what the CPU has.
            Simd::Avx512 => unsafe { self.push_avx512(batch) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Simd::Avx2 => unsafe { self.push_avx2(batch) },
            _ => self.push_plain(batch),
        }
    }

    /// [`TxRing::push_by`] for every CPU.
    #[inline(never)]
    fn push_plain(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // SAFETY: every CPU has what it takes.
        unsafe { self.push_by::<Plain>(batch) }
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
        // SAFETY: promised by the caller.
        match unsafe { self.whole::<L>(batch.raw()) } {
            Some(burst) => {
                let sent = batch.len();
                self.report(burst);
                self.show(burst, sent as u32);
                batch.raw_mut().forget();
                sent
            }
            // SAFETY: as above.
            None => unsafe { self.parts::<L>(batch) },
        }
    }

    /// Writes all of a burst, as most are: packets of one frame that are alike, for which there is room.
    /// `None` if it is anything else; then nothing was written but a context, maybe.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn whole<L: Lanes>(&mut self, frames: &[Frame]) -> Option<Burst> {
        let last = frames.last()?;
        let alike = self.alike(frames)?;
        if frames.len() > self.most() {
            return None;
        }
        let departures = self.departures(alike);
        let last = departures.terms.second::<F>(last);
        // SAFETY: promised by the caller; so many are free.
        let bytes = unsafe { L::send_all::<F>(departures, frames)? };
        self.next = self.next.wrapping_add(frames.len() as u32);
        self.given = self.given.wrapping_add(frames.len() as u32);
        Some(Burst { bytes, last })
    }

    /// Hands over as much of a burst as there is room for; returns how many frames left the batch.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(never)]
    unsafe fn parts<L: Lanes>(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        let before = self.given;
        let frames = batch.raw();
        // Whoever pushes nothing wants to have this done.
        if frames.is_empty() || frames.len() > self.room() {
            self.collect(batch.pool());
        }
        let mut burst = Burst::default();
        let mut sent = 0;
        while sent < frames.len() {
            if self.unmarked() >= BLOCK {
                self.report(burst);
            }
            let rest = &frames[sent..];
            sent += match self.alike(rest) {
                // SAFETY: promised by the caller.
                Some(alike) => unsafe { self.run::<L>(rest, alike, &mut burst) },
                None => self.each(rest, &mut burst),
            };
            if sent == frames.len() || self.unmarked() >= BLOCK {
                continue;
            }
            let packet = &frames[sent..sent + chain_len(&frames[sent..])];
            if self.any(packet, batch.pool(), &mut burst) {
                sent += packet.len();
            } else if self.collect(batch.pool()) == 0 {
                break;
            }
        }
        let packets = self.given.wrapping_sub(before);
        if packets > 0 {
            if self.unmarked() > 0 {
                self.report(burst);
            }
            self.show(burst, packets);
        }
        batch.raw_mut().remove_front(sent);
        sent
    }

    /// Shows the device a burst of packets that were written, the last of which reports.
    #[inline(always)]
    fn show(&mut self, burst: Burst, packets: u32) {
        self.tail.ring(self.slots.slot(self.next) as u32);
        let counters = &**self.counters;
        counters.packets.add(packets.into());
        counters.bytes.add(burst.bytes);
    }

    /// Descriptors that no report covers.
    #[inline]
    fn unmarked(&self) -> usize {
        self.next.wrapping_sub(self.marked) as usize
    }

    /// Descriptors that may be written before a report is due or the ring is full.
    #[inline]
    fn most(&self) -> usize {
        self.room().min(BLOCK - self.unmarked())
    }

    /// Descriptors that may be written before the ring is full.
    #[inline]
    fn room(&self) -> usize {
        self.limit.wrapping_sub(self.next).cast_signed().max(0) as usize
    }

    /// What the first packets have in common, if it is likely to be several packets of one frame.
    #[inline(always)]
    fn alike(&mut self, frames: &[Frame]) -> Option<Alike> {
        let head = &frames[0];
        if !head.flags.intersects(Flags::NOT_SIMPLE) {
            return Some(Alike::Nothing);
        }
        let alike = !head.flags.contains(Flags::MORE) && self.ask_alike(frames);
        alike.then_some(Alike::Asking)
    }

    /// Whether the first packets, which ask for something, are likely to ask for the same; the device has
    /// the context for it then.
    #[inline(never)]
    fn ask_alike(&mut self, frames: &[Frame]) -> bool {
        let head = &frames[0];
        let run = frames.get(3).is_some_and(|other| request::key(head) == request::key(other));
        let sent =
            !head.flags.contains(Flags::SEGMENT) && fits(head, head.len.into(), self.max_packet);
        // A context is written for a packet that surely follows.
        if !run || !sent || self.most() < 2 {
            return false;
        }
        if self.request.make(head) {
            self.put_context(self.request.context());
        }
        self.asking = TxTerms::new(self.arena.iovas(), self.max_packet, self.request.alike(head));
        true
    }

    /// Writes packets of one frame that are alike, up to the first that is not or cannot be sent, a full
    /// ring, or a block for which a report is due; returns how many.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn run<L: Lanes>(&mut self, frames: &[Frame], alike: Alike, burst: &mut Burst) -> usize {
        let frames = &frames[..self.most().min(frames.len())];
        let departures = self.departures(alike);
        let terms = departures.terms;
        // SAFETY: promised by the caller; so many are free.
        let moved = unsafe { L::send::<F>(departures, frames) };
        if let Some(frame) = frames.get(moved.frames.wrapping_sub(1)) {
            burst.last = terms.second::<F>(frame);
        }
        self.next = self.next.wrapping_add(moved.frames as u32);
        self.given = self.given.wrapping_add(moved.frames as u32);
        burst.bytes += moved.bytes;
        moved.frames
    }

    /// What is free, for packets that are alike.
    #[inline(always)]
    fn departures(&mut self, alike: Alike) -> Departures<'_> {
        Departures {
            descriptors: self.slots.descriptors(),
            shadow: &mut self.shadow,
            next: self.next,
            terms: match alike {
                Alike::Nothing => &self.nothing,
                Alike::Asking => &self.asking,
            },
        }
    }

    /// The same for packets of one frame that may ask for something else each.
    #[inline(never)]
    fn each(&mut self, frames: &[Frame], burst: &mut Burst) -> usize {
        let most = self.most();
        let (slots, iovas) = (self.slots.descriptors(), self.arena.iovas());
        let (shadow, request) = (&mut self.shadow[..], &mut self.request);
        let (mut next, mut count) = (self.next, 0);
        for frame in &frames[..most.min(frames.len())] {
            let len = u32::from(frame.len);
            // Contexts take descriptors, too.
            let full = next.wrapping_sub(self.next) as usize >= most;
            if full
                || frame.flags.contains(Flags::MORE)
                || !fits(frame, len as usize, self.max_packet)
            {
                break;
            }
            let mut second = F::TX_PACKET | F::tx_lengths(len, len);
            if frame.flags.intersects(Flags::CONTEXT) {
                if request.make(frame) {
                    slots.store(next, request.context());
                    shadow[slots.slot(next)] = NO_BUFFER;
                    next = next.wrapping_add(1);
                    self.contexts_end = next;
                }
                second = request.packet(len, len);
            }
            burst.last = second | F::TX_EOP;
            slots.store(next, [iovas.of(frame.index, frame.offset), burst.last]);
            shadow[slots.slot(next)] = frame.index;
            next = next.wrapping_add(1);
            burst.bytes += u64::from(len);
            count += 1;
        }
        self.next = next;
        self.given = self.given.wrapping_add(count);
        count as usize
    }

    /// Writes a packet of any kind, or frees one that cannot be sent; false when the ring has no room
    /// for it.
    #[inline(never)]
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
            self.put_context(first);
            self.move_limit();
        }
        self.write(packet, total as u32, burst);
        self.given = self.given.wrapping_add(1);
        burst.bytes += total as u64;
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
            self.put_context(self.request.context());
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
            burst.last = second | end;
            self.put(frame.index, [iovas.of(frame.index, frame.offset), burst.last]);
        }
    }

    fn put(&mut self, index: u32, descriptor: [u64; 2]) {
        let slot = self.slots.slot(self.next);
        self.shadow[slot] = index;
        self.slots.store(self.next, descriptor);
        self.next = self.next.wrapping_add(1);
    }

    /// Puts a descriptor that has no buffer.
    fn put_context(&mut self, descriptor: [u64; 2]) {
        self.put(NO_BUFFER, descriptor);
        self.contexts_end = self.next;
    }

    /// Has the last descriptor report. The device has not been shown it yet, so that it can still be
    /// changed.
    #[inline]
    fn report(&mut self, burst: Burst) {
        let position = self.next.wrapping_sub(1);
        self.slots.store_second(position, burst.last | F::TX_REPORT);
        self.marks[self.slots.slot(self.marks_tail)] = Mark { position, packets: self.given };
        if self.marks_tail == self.marks_head {
            self.counters.oldest.set(position);
        }
        self.counters.newest.set(position);
        self.marks_tail = self.marks_tail.wrapping_add(1);
        self.marked = self.next;
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
