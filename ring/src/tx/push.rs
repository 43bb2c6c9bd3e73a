//! Putting packets into a ring.

use super::{Mark, NO_BUFFER, TxRing};
use crate::batch::chain_len;
use crate::format::TxFrame;
use crate::frame::{Flags, Frame};
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
}
