//! Taking received packets out of a ring.
#![allow(unsafe_code)]

use super::RxRing;
#[cfg(target_arch = "x86_64")]
use crate::Simd;
use crate::format::RxDone;
use crate::frame::{Flags, Frame};
use crate::lanes::{Arrivals, Lanes, Moved, Plain};
#[cfg(target_arch = "x86_64")]
use crate::lanes::{Avx2, Avx512, receive_four};
#[cfg(target_arch = "x86_64")]
use crate::slots::FOUR;
use crate::{Format, FrameBatch};

/// What stands at a position of the ring.
enum Scan {
    /// A whole packet of this many frames, now at the end of the batch; after it, an empty buffer or
    /// none.
    Packet(usize, usize),
    /// A packet of this many frames that cannot be had: damaged, or against the contract.
    Drop(usize),
    /// No whole packet yet, or none that fits: it is up to the descriptor at this position.
    Nothing(u32),
}

impl<F: Format> RxRing<F> {
    /// Appends received packets to `batch`, as many as are there and fit; returns how many frames.
    /// New buffers for the ring come from the batch's pool.
    ///
    /// # Panics
    /// The batch belongs to another arena.
    #[inline]
    pub fn poll(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        batch.check_arena(&self.arena);
        if batch.room() == 0 {
            return 0;
        }
        match self.simd {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a ring is made only with what the CPU has.
            Simd::Avx512 => unsafe {
                if batch.room() == FOUR && self.poll_four(batch) {
                    FOUR
                } else {
                    self.poll_avx512(batch)
                }
            },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            Simd::Avx2 => unsafe { self.poll_avx2(batch) },
            _ => self.poll_plain(batch),
        }
    }

    /// [`RxRing::poll_by`] for every CPU.
    #[inline(never)]
    fn poll_plain(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // SAFETY: every CPU has what it takes.
        unsafe { self.poll_by::<Plain>(batch) }
    }

    /// [`RxRing::poll_by`], all of it compiled for these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn poll_avx512(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // SAFETY: this is compiled for them, too.
        unsafe { self.poll_by::<Avx512>(batch) }
    }

    /// [`RxRing::poll_by`], all of it compiled for these instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn poll_avx2(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        // SAFETY: this is compiled for them, too.
        unsafe { self.poll_by::<Avx2>(batch) }
    }

    /// Appends four packets to a batch that takes so many, as small bursts mostly are: if they are there,
    /// good, of one buffer each, and leave the ring well filled. Otherwise it appends none and returns
    /// false.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn poll_four(&mut self, batch: &mut FrameBatch<'_>) -> bool {
        let ready = self.armed.wrapping_sub(self.next);
        let full = self.slots.len() - crate::BLOCK as u32;
        if self.skipping || ready < full + FOUR as u32 || batch.raw_mut().room() < FOUR {
            return false;
        }
        let start = self.slots.slot(self.next);
        let slots = self.slots.descriptors().all(self.next, FOUR);
        let (Some(slots), Some(buffers)) = (slots, self.shadow.get(start..start + FOUR)) else {
            return false;
        };
        let (Some(slots), Some(buffers)) = (slots.first_chunk(), buffers.first_chunk()) else {
            return false;
        };
        // SAFETY: there is room for so many.
        let bytes =
            unsafe { receive_four::<F>(slots, buffers, &self.terms, batch.raw_mut().end()) };
        let Some(bytes) = bytes else { return false };
        // SAFETY: they were written, and there is room.
        unsafe { batch.raw_mut().added(FOUR) }
        self.next = self.next.wrapping_add(FOUR as u32);
        let counters = &**self.counters;
        counters.next.set(self.next);
        counters.packets.add(FOUR as u64);
        counters.bytes.add(bytes);
        true
    }

    /// As [`RxRing::poll`], for a batch of the same arena that has room.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn poll_by<L: Lanes>(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        let before = batch.len();
        let (mut packets, mut bytes) = (0, 0);
        loop {
            // SAFETY: promised by the caller.
            let moved = unsafe { self.singles::<L>(batch) };
            packets += moved.frames as u64;
            bytes += moved.bytes;
            if batch.room() == 0 {
                self.counters.next.set(self.next);
                break;
            }
            match self.scan(batch) {
                Scan::Packet(frames, empty) => {
                    self.next = self.next.wrapping_add(frames as u32);
                    self.free(batch, empty);
                    packets += 1;
                    let start = batch.len() - frames;
                    bytes += finish(&mut batch.raw_mut()[start..]);
                }
                Scan::Drop(frames) => self.free(batch, frames),
                Scan::Nothing(position) => {
                    self.counters.next.set(position);
                    break;
                }
            }
        }
        if packets > 0 {
            self.counters.packets.add(packets);
            self.counters.bytes.add(bytes);
        }
        // SAFETY: promised by the caller.
        unsafe { self.refill::<L>(batch) }
        batch.len() - before
    }

    /// Appends good packets of one buffer, as most are, up to the first descriptor that is anything
    /// else.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn singles<L: Lanes>(&mut self, batch: &mut FrameBatch<'_>) -> Moved {
        let ready = self.armed.wrapping_sub(self.next);
        let most = if self.skipping { 0 } else { ready as usize };
        let arrivals = Arrivals {
            descriptors: self.slots.descriptors(),
            shadow: &self.shadow,
            next: self.next,
            most,
            terms: &self.terms,
        };
        // SAFETY: promised by the caller; so many are armed.
        let moved = unsafe { L::receive::<F>(arrivals, batch.raw_mut()) };
        self.next = self.next.wrapping_add(moved.frames as u32);
        moved
    }

    /// Looks at the packet at `next`, and appends its frames to the batch when it is whole.
    #[inline(never)]
    fn scan(&mut self, batch: &mut FrameBatch<'_>) -> Scan {
        let start = batch.len();
        let slots = self.slots.descriptors();
        let ready = self.armed.wrapping_sub(self.next);
        let mut count = 0;
        while (count as u32) < ready {
            let position = self.next.wrapping_add(count as u32);
            let second = slots.status(position);
            if !F::rx_done(second) {
                break;
            }
            let done = F::rx_parse(slots.first(position), second & self.terms.believed);
            count += 1;
            if self.skipping || self.refused(&done, count) {
                return self.drop_from(batch, start, count, &done);
            }
            let empty = usize::from(done.len == 0);
            if count - empty > self.max_chain || count - empty > batch.capacity() {
                self.counters.too_long.add(1);
                self.skipping = true;
                return self.drop_from(batch, start, count, &done);
            }
            if empty > 0 {
                end_before(batch, &done);
                return Scan::Packet(count - 1, 1);
            }
            if batch.room() == 0 {
                count = 0;
                break;
            }
            let index = self.shadow[slots.slot(position)];
            batch.raw_mut().push(Frame::received(index, self.terms.headroom(), &done));
            if done.end {
                return Scan::Packet(count, 0);
            }
        }
        // The frames stay in the ring until the packet is whole.
        batch.raw_mut().truncate(start);
        Scan::Nothing(self.next.wrapping_add(count as u32))
    }

    /// Whether a completion, the `count`th of its packet, is damaged or impossible; counted.
    #[inline]
    fn refused(&self, done: &RxDone, count: usize) -> bool {
        // A buffer after the first may be empty when it ends the packet: the device moves on to it for
        // the CRC, and strips that. The datasheets do not say whether it does (PKT_LEN is what was
        // written to the buffer); the packet is whole either way.
        let fits = u32::from(done.len) <= self.terms.data_room;
        if !fits || done.len == 0 && (count == 1 || !done.end) {
            self.counters.bad_length.add(1);
            return true;
        }
        if done.end && done.error {
            self.counters.errors.add(1);
            return true;
        }
        false
    }

    /// Gives up a packet after `count` of its frames, the last of which is `done`.
    #[cold]
    fn drop_from(
        &mut self,
        batch: &mut FrameBatch<'_>,
        start: usize,
        count: usize,
        done: &RxDone,
    ) -> Scan {
        batch.raw_mut().truncate(start);
        self.skipping = !done.end;
        Scan::Drop(count)
    }

    /// Frees the buffers of the next `count` descriptors.
    fn free(&mut self, batch: &FrameBatch<'_>, count: usize) {
        for _ in 0..count {
            batch.pool().put(&[self.shadow[self.slots.slot(self.next)]]);
            self.next = self.next.wrapping_add(1);
        }
    }
}

/// Ends a packet with the last frame of the batch, since the buffer after it, which says what is known
/// of the packet, is empty.
#[cold]
fn end_before(batch: &mut FrameBatch<'_>, done: &RxDone) {
    if let Some(last) = batch.raw_mut().last_mut() {
        (last.flags, last.vlan, last.meta) = (done.flags, done.vlan, done.hash);
    }
}

/// Completes a received chain; returns its bytes. What is known of a packet stands in the descriptor
/// of its last buffer, and belongs to its head.
#[inline]
fn finish(chain: &mut [Frame]) -> u64 {
    if let [head, .., last] = chain {
        head.flags = last.flags | Flags::MORE;
        (head.vlan, head.meta) = (last.vlan, last.meta);
    }
    chain.iter().map(|frame| u64::from(frame.len)).sum()
}
