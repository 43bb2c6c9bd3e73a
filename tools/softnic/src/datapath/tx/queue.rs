//! One transmit queue: packets fetched from a ring, sent, and reported.

use super::Side;
use super::descriptor::{Descriptor, checked_context, ends_packet, plain, wants_report};
use super::malformed::Malformed;
use super::packet::{Contexts, PACKET_MIN, Pieces, Plan, Work};
use super::reports::Reports;
use super::scratch::{PLAIN_MAX, Scratch};
use crate::datapath::fabric::Fabric;
use crate::datapath::ring::{Look, Ring};
use crate::memory::Descriptors;
use crate::{Memory, RegisterFile};

/// How many descriptors ahead of the one at hand bytes are brought near.
const AHEAD: usize = 6;

/// One transmit queue.
#[derive(Debug)]
pub(super) struct TxQueue {
    ring: Ring,
    contexts: Contexts,
    reports: Reports,
    /// The packet at the head is malformed, and its end has not been met yet.
    skips: bool,
    /// Malicious-driver detection has stopped the queue, until the function is reset.
    stopped: bool,
}

impl TxQueue {
    /// The queue whose registers start at `block`.
    pub(super) fn new(block: usize) -> TxQueue {
        TxQueue {
            ring: Ring::new(block),
            contexts: [None; 2],
            reports: Reports::new(),
            skips: false,
            stopped: false,
        }
    }

    /// The function was reset.
    pub(super) fn reset(&mut self) {
        self.forget();
        self.stopped = false;
    }

    /// Turns the queue off until its registers are looked at.
    pub(super) fn forget(&mut self) {
        self.ring.forget();
        self.contexts = [None; 2];
        self.reports.forget();
        self.skips = false;
    }

    /// Looks at the registers. True if the queue is on.
    #[inline]
    pub(super) fn look(&mut self, side: &mut Side) -> bool {
        let Look { on, restarted, outside } = self.ring.look(&side.registers);
        if !on || restarted {
            self.contexts = [None; 2];
            self.reports.forget();
            self.skips = false;
        }
        if outside {
            self.malformed(side, Malformed::OutsideRing);
        }
        on
    }

    /// Sends what there is, to at most `burst` descriptors, and as many frames: a packet that is cut into
    /// many is the last one. Returns how many frames.
    pub(super) fn pass(
        &mut self,
        burst: u32,
        side: &mut Side,
        scratch: &mut Scratch,
        fabric: &mut Fabric<'_>,
    ) -> usize {
        if !self.look(side) || self.stopped {
            return 0;
        }
        let before = side.counters.packets;
        let idle = self.ring.is_empty();
        let mut left = burst;
        while left > 0
            && side.counters.packets - before < burst.into()
            && side.rate.allows(fabric.now)
        {
            let mut count = self.plain_packets(left, side, scratch, fabric);
            if count == 0 {
                count = self.packet(side, scratch, fabric);
            }
            if count == 0 {
                break;
            }
            left = left.saturating_sub(count);
        }
        self.report(idle, side, fabric.memory(side.vf));
        (side.counters.packets - before) as usize
    }

    /// Sends packets of one descriptor that ask for nothing, as long as there are such. Returns how many.
    #[inline]
    fn plain_packets(
        &mut self,
        most: u32,
        side: &mut Side,
        scratch: &mut Scratch,
        fabric: &mut Fabric<'_>,
    ) -> u32 {
        let memory = fabric.memory(side.vf);
        let count = self.ring.in_a_row(0).min(most);
        if count == 0 || self.skips {
            return 0;
        }
        let head = self.ring.head();
        let Ok(descriptors) = memory.descriptors(self.ring.iova(head), count as usize) else {
            side.counters.faults += 1;
            self.ring.halt();
            return 0;
        };
        let demanding = side.detects;
        let mut sent = 0;
        while sent < descriptors.len() {
            let [iova, word] = descriptors.load(sent);
            let len = match plain(word) {
                Some(len) if (PACKET_MIN..=PLAIN_MAX).contains(&len) => len,
                _ => break,
            };
            if demanding && checked_context(word).is_none_or(|at| self.contexts[at & 1].is_none()) {
                break;
            }
            if sent > 0 && !side.rate.allows(fabric.now) {
                break;
            }
            prefetch(memory, &descriptors, sent + AHEAD);
            match scratch.read(memory, iova, len) {
                Ok(()) => side.emit(scratch.whole(len), None, fabric),
                Err(_) => side.counters.faults += 1,
            }
            if wants_report(word) {
                self.reports.owe(head + sent as u32);
            }
            sent += 1;
        }
        self.ring.advance(sent as u32);
        sent as u32
    }

    /// Does with the packet or context at the head whatever it asks for. Returns how many descriptors
    /// that took: none if the packet is not all there yet.
    fn packet(&mut self, side: &mut Side, scratch: &mut Scratch, fabric: &mut Fabric<'_>) -> u32 {
        let mut pieces = Pieces::new();
        let mut reports = 0u64;
        for at in 0..self.ring.available() {
            let iova = self.ring.iova(self.ring.position(at));
            let Ok(descriptor) = fabric.memory(side.vf).descriptors(iova, 1) else {
                side.counters.faults += 1;
                self.ring.halt();
                return 0;
            };
            let words = descriptor.load(0);
            reports |= u64::from(wants_report(words[1])) << at;
            if self.skips {
                self.skips = !ends_packet(words[1]);
                return self.finish(1, reports);
            }
            if at == 0
                && let Ok(Descriptor::Context(index, context)) = Descriptor::parse(words)
            {
                self.contexts[index] = Some(context);
                return self.finish(1, reports);
            }
            match pieces.add(words) {
                Ok(false) => (),
                Ok(true) => {
                    let demanding = side.detects;
                    match pieces.plan(&self.contexts, demanding) {
                        Ok(plan) => send(&pieces, &plan, side, scratch, fabric),
                        Err(kind) if self.malformed(side, kind) => return 0,
                        Err(_) => (),
                    }
                    return self.finish(at + 1, reports);
                }
                Err(kind) => {
                    if self.malformed(side, kind) {
                        return 0;
                    }
                    self.skips = !ends_packet(words[1]);
                    return self.finish(at + 1, reports);
                }
            }
        }
        0
    }

    /// Has done with descriptors, some of which asked for a report.
    fn finish(&mut self, count: u32, reports: u64) -> u32 {
        for at in (0..count).filter(|at| reports >> at & 1 == 1) {
            self.reports.owe(self.ring.position(at));
        }
        self.ring.advance(count);
        count
    }

    /// Counts something that makes no sense. True if that stops the queue.
    fn malformed(&mut self, side: &mut Side, kind: Malformed) -> bool {
        side.counters.malformed.count(kind);
        if side.detects {
            self.stopped = true;
            side.counters.stopped += 1;
        }
        self.stopped
    }

    /// Tells the driver what it is owed, unless the queue was turned off meanwhile.
    fn report(&mut self, idle: bool, side: &mut Side, memory: &Memory) {
        if self.ring.is_enabled(&side.registers) {
            self.reports.settle(&self.ring, idle, side, memory);
        } else {
            self.forget();
        }
    }

    /// I/O address and bytes of the ring, see [`Ring::extent`].
    pub(super) fn extent(&self) -> (u64, u64) {
        self.ring.extent()
    }

    /// Whether something was written back since this was last asked.
    pub(super) fn has_written(&mut self) -> bool {
        self.reports.has_written()
    }

    /// Shows the driver the head, if it is time.
    pub(super) fn show(&mut self, registers: &RegisterFile, at_once: bool) {
        if self.ring.is_due(at_once || self.ring.is_empty()) {
            self.ring.show(registers);
        }
    }
}

/// Has a packet's bytes brought near.
#[inline]
fn prefetch(memory: &Memory, descriptors: &Descriptors<'_>, at: usize) {
    if at < descriptors.len() {
        memory.prefetch(descriptors.load_first(at));
    }
}

/// Sends a packet as planned. Of one whose bytes are not all mapped nothing is sent.
fn send(
    pieces: &Pieces,
    plan: &Plan,
    side: &mut Side,
    scratch: &mut Scratch,
    fabric: &mut Fabric<'_>,
) {
    if scratch.gather(fabric.memory(side.vf), pieces.iter()).is_err() {
        side.counters.faults += 1;
        return;
    }
    match plan.work {
        Work::Checksums { ip, l4 } => {
            scratch.put_checksums(plan.len, ip, l4);
            side.emit(scratch.whole(plan.len), plan.vlan, fabric);
        }
        Work::Segments(segmentation) => {
            for at in 0..segmentation.count(plan.len) {
                side.emit(scratch.segment(plan.len, &segmentation, at), plan.vlan, fabric);
            }
        }
    }
}
