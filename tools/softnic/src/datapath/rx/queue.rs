//! One receive queue: buffers taken from a ring, filled, and reported in bursts.

use super::frame::Frame;
use super::trail::Trail;
use crate::datapath::mischief::Scribe;
use crate::datapath::registers::{
    CONTROL, DCA, DCA_NO_SNOOP, RXDCTL_LIMIT, RXDCTL_LONGEST, RXDCTL_VME, SRRCTL, SRRCTL_BUFFER,
    SRRCTL_ONE_BUFFER, SRRCTL_TYPE,
};
use crate::datapath::ring::{Look, Ring};
use crate::{Memory, RegisterFile};

/// Descriptors that are fetched, and written back, at once. The driver looks for write-backs all the
/// time: with one at a time, the cache line of four would go back and forth for each of them.
const BURST: usize = 32;

/// Bits of a write-back's second word.
const DD: u64 = 1 << 0;
const EOP: u64 = 1 << 1;

/// What a write-back says of a whole frame: it stands in its last descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// RSS type, packet type, and RSS hash.
    pub(super) first: u64,
    /// Extended status and error, and the VLAN tag.
    pub(super) second: u64,
}

/// Why a queue did not take a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There are not as many descriptors as it takes.
    NoDescriptor,
    /// It is too long for the queue.
    TooLong,
}

/// One receive queue.
#[derive(Debug)]
pub(super) struct RxQueue {
    ring: Ring,
    /// Bytes of a buffer. 0: the queue takes nothing, being off or set up for what the adapter has not.
    buffer: usize,
    /// VLAN tags are stripped.
    pub(super) strips: bool,
    /// Longest frame, with FCS.
    longest: usize,
    /// Bits of a descriptor's first word that are the buffer's address.
    address: u64,
    /// Addresses of buffers, of the descriptors from the ring's head on.
    armed: [u64; BURST],
    fetched: usize,
    /// What goes back into the first of them, those that are used.
    done: [[u64; 2]; BURST],
    used: usize,
    /// Something was written back since this was last asked.
    written: bool,
    /// Accesses to what is not mapped.
    pub(super) faults: u64,
    pub(super) scribe: Scribe,
    /// Where frames were put.
    pub(super) trail: Trail,
}

impl RxQueue {
    /// The queue whose registers start at `block`.
    pub(super) fn new(block: usize) -> RxQueue {
        RxQueue {
            ring: Ring::new(block),
            buffer: 0,
            strips: false,
            longest: 0,
            address: u64::MAX,
            armed: [0; BURST],
            fetched: 0,
            done: [[0; 2]; BURST],
            used: 0,
            written: false,
            faults: 0,
            scribe: Scribe::new(block as u64),
            trail: Trail::default(),
        }
    }

    /// Looks at the registers, between frames. Says whether they have come to name something that cannot
    /// be: a tail outside the ring, buffers or descriptors that the adapter has not.
    pub(super) fn look(&mut self, registers: &RegisterFile, has_limit: bool) -> bool {
        let Look { on, restarted, outside } = self.ring.look(registers);
        if !on {
            self.buffer = 0;
            return false;
        }
        let control = self.ring.register(registers, CONTROL);
        self.strips = control & RXDCTL_VME != 0;
        self.longest = match control & RXDCTL_LIMIT {
            0 => usize::MAX,
            _ if !has_limit => usize::MAX,
            _ => (control & RXDCTL_LONGEST) as usize,
        };
        let no_snoop = self.ring.register(registers, DCA) & DCA_NO_SNOOP != 0;
        self.address = if no_snoop { !1 } else { !0 };
        let srrctl = self.ring.register(registers, SRRCTL);
        let kibibytes = (srrctl & SRRCTL_BUFFER) as usize;
        let usable = srrctl & SRRCTL_TYPE == SRRCTL_ONE_BUFFER && (1..=16).contains(&kibibytes);
        let was_usable = restarted || self.buffer != 0;
        self.buffer = if usable { kibibytes * 1024 } else { 0 };
        outside || was_usable && !usable
    }

    /// Turns the queue off until its registers are looked at.
    pub(super) fn forget(&mut self) {
        self.ring.forget();
        self.buffer = 0;
        self.fetched = 0;
        self.used = 0;
    }

    /// Whether it can take frames at all.
    pub(super) fn is_on(&self) -> bool {
        self.buffer != 0
    }

    /// How many frames of a length it has buffers for.
    pub(super) fn room(&self, len: usize) -> usize {
        let free = self.ring.available() as usize - self.used;
        if self.buffer == 0 { 0 } else { free / len.max(1).div_ceil(self.buffer) }
    }

    /// Puts a frame into as many buffers as it takes, or none.
    #[inline]
    pub(super) fn receive(
        &mut self,
        memory: &Memory,
        registers: &RegisterFile,
        frame: &Frame<'_>,
        report: Report,
    ) -> Result<(), Refusal> {
        let len = frame.len();
        if len + 4 > self.longest {
            return Err(Refusal::TooLong);
        }
        if len <= self.buffer {
            let address = self.next(memory, registers).ok_or(Refusal::NoDescriptor)?;
            // What is not mapped is lost, as a write on PCI Express is: the device does not learn of it
            // and completes the descriptor.
            self.faults += u64::from(frame.copy_all(memory, address).is_err());
            self.trail.note(address, len);
            self.report(report.first, report.second | DD | EOP | (len as u64) << 32);
            return Ok(());
        }
        if self.room(len) == 0 && !(self.ring.has_grown(registers) && self.room(len) > 0) {
            return Err(Refusal::NoDescriptor);
        }
        let mut at = 0;
        while at < len {
            let end = len.min(at + self.buffer);
            let address = self.next(memory, registers).ok_or(Refusal::NoDescriptor)?;
            self.faults += u64::from(frame.copy(memory, address, at..end).is_err());
            self.trail.note(address, end - at);
            let last = end == len;
            let (first, second) = if last { (report.first, report.second | EOP) } else { (0, 0) };
            self.report(first, second | DD | ((end - at) as u64) << 32);
            at = end;
        }
        Ok(())
    }

    /// The address of the next buffer.
    #[inline]
    fn next(&mut self, memory: &Memory, registers: &RegisterFile) -> Option<u64> {
        if self.used == self.fetched {
            self.refill(memory, registers);
        }
        (self.used < self.fetched).then(|| self.armed[self.used] & self.address)
    }

    /// Writes back what is done and fetches further descriptors, if there are any.
    ///
    /// A sender's tail is looked at after this queue's. So before a frame finds no descriptor, the tail is
    /// looked at again: who gives a receiver descriptors before it has something sent there must not lose
    /// it, since PCI Express keeps the order of these two writes.
    #[inline(never)]
    fn refill(&mut self, memory: &Memory, registers: &RegisterFile) {
        self.flush(memory, registers);
        self.fetch(memory);
        if self.fetched == 0 && self.ring.has_grown(registers) {
            self.fetch(memory);
        }
    }

    fn fetch(&mut self, memory: &Memory) {
        let count = (self.ring.in_a_row(0) as usize).min(BURST);
        if count == 0 {
            return;
        }
        let Ok(descriptors) = memory.descriptors(self.ring.iova(self.ring.head()), count) else {
            self.faults += 1;
            self.ring.halt();
            return;
        };
        self.fetched = descriptors.len();
        for (at, armed) in self.armed[..self.fetched].iter_mut().enumerate() {
            *armed = descriptors.load_first(at);
        }
    }

    #[inline]
    fn report(&mut self, first: u64, second: u64) {
        self.done[self.used] = [first, second];
        self.used += 1;
    }

    /// Writes back what is done, unless the queue was turned off meanwhile, and forgets what was fetched
    /// besides.
    pub(super) fn flush(&mut self, memory: &Memory, registers: &RegisterFile) {
        self.fetched = 0;
        let used = std::mem::take(&mut self.used);
        if used == 0 {
            return;
        }
        if !self.ring.is_enabled(registers) {
            self.forget();
            return;
        }
        if self.scribe.lies.absurd {
            self.done[..used].iter_mut().for_each(|words| *words = self.scribe.receive(*words));
        }
        let mut at = 0;
        while at < used {
            let row = (self.ring.in_a_row(0) as usize).min(used - at).max(1);
            let iova = self.ring.iova(self.ring.head());
            let Ok(descriptors) = memory.descriptors(iova, row) else { break };
            for i in (0..descriptors.len()).filter(|_| !self.scribe.lies.lost) {
                descriptors.store(i, self.done[at + i]);
            }
            self.ring.advance(descriptors.len() as u32);
            at += descriptors.len();
        }
        if self.scribe.lies.repeated
            && let Ok(behind) = memory.descriptors(self.ring.iova(self.ring.head()), 1)
        {
            behind.store(0, self.done[used - 1]);
        }
        self.written = true;
    }

    /// I/O addresses and bytes of the ring (see [`Ring::extent`]) and of what the trail has.
    pub(super) fn extents(&self) -> impl Iterator<Item = (u64, u64)> {
        [self.ring.extent()].into_iter().chain(self.trail.extents())
    }

    /// Whether something was written back since this was last asked.
    pub(super) fn has_written(&mut self) -> bool {
        std::mem::take(&mut self.written)
    }

    /// Shows the driver the head, if it is time, or at once.
    #[inline]
    pub(super) fn show(&mut self, registers: &RegisterFile, at_once: bool) {
        if self.ring.is_due(at_once) {
            self.ring.show(registers);
        }
    }
}
