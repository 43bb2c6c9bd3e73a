//! Putting packets into a ring.

use super::{MAX_PACKET, Mark, NO_BUFFER, TxRing};
use crate::batch::chain_len;
use crate::frame::{Flags, Frame};
use crate::offload::Lengths;
use crate::{BLOCK, Format, FrameBatch, Pool};

/// Shortest packet that Intel's devices take: padding starts here (82576 datasheet, TCTL.PSP), and
/// shorter ones may hang the transmit unit.
const MIN_PACKET: usize = 17;

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
        self.collect(batch.pool());
        let (mut sent, mut packets, mut bytes) = (0, 0, 0);
        let (mut marked, mut unmarked) = (self.next, 0);
        let mut last = [0, 0];
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
            if let (Some(first), true) = (F::TX_FIRST, self.fresh) {
                self.fresh = false;
                self.put(NO_BUFFER, first);
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
            if unmarked > 0 {
                // The ring is full, or what followed was refused. The device has not been shown the
                // last descriptor yet, so it can still be made to report.
                let position = self.next.wrapping_sub(1);
                self.slots.store(position, [last[0], last[1] | F::TX_REPORT]);
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
        let fits = if packet[0].flags.contains(Flags::SEGMENT) {
            self.segments_fit(Lengths(packet[0].meta), total)
        } else {
            (MIN_PACKET..=self.max_packet).contains(&total)
        };
        empty || !fits || packet.len() > self.max_chain
    }

    /// Whether a packet can be cut into segments: it has a payload, and each is short enough.
    fn segments_fit(&self, lengths: Lengths, total: usize) -> bool {
        let headers = lengths.headers();
        (headers + 1..=MAX_PACKET).contains(&total) && headers + lengths.mss() <= self.max_packet
    }

    #[cold]
    fn refuse(&self, packet: &[Frame], pool: &Pool) {
        self.counters.invalid.add(1);
        pool.put_frames(packet);
    }

    /// Writes the descriptors of one packet; returns the last of them.
    #[inline(always)]
    fn write(&mut self, packet: &[Frame], total: u32, report: bool) -> [u64; 2] {
        let common = if packet[0].flags.intersects(Flags::CONTEXT) {
            self.request(&packet[0], total)
        } else {
            F::tx_packet(total)
        };
        let mut last = [0, 0];
        for (i, frame) in packet.iter().enumerate() {
            let iova = self.arena.iova(frame.index, frame.offset);
            last = [iova, common | u64::from(frame.len)];
            if i + 1 == packet.len() {
                last[1] |= F::TX_EOP | if report { F::TX_REPORT } else { 0 };
            }
            self.put(frame.index, last);
        }
        last
    }

    /// Writes the context that a packet needs, if it is not the one that the device has; returns what
    /// the packet's descriptors have in common.
    #[inline]
    fn request(&mut self, head: &Frame, total: u32) -> u64 {
        let lengths = Lengths(head.meta);
        let context = F::tx_context(head.vlan, head.flags, lengths);
        if self.context != context {
            self.context = context;
            self.put(NO_BUFFER, context);
        }
        // Of a packet that is cut into segments the headers are no payload (82599 datasheet 7.2.3.2.4).
        let headers =
            if head.flags.contains(Flags::SEGMENT) { lengths.headers() as u32 } else { 0 };
        F::tx_packet(total - headers) | F::tx_request(head.flags)
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
}
