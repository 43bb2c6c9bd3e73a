//! Where a queue's ring is and how far the adapter has come in it: what both directions share.

use super::registers::{BASE_HIGH, BASE_LOW, BASE_MASK, CONTROL, HEAD, LENGTH, LENGTH_MASK, TAIL};
use crate::RegisterFile;
use crate::memory::DESCRIPTOR;
use crate::regs::QUEUE_ENABLE;

/// The head is shown to the driver at least whenever it has moved so far: it shares a cache line with
/// the tail, and drivers do not look at it.
const SHOW_EVERY: u32 = 256;

/// What looking at a queue's registers has shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The queue is on.
    pub(super) on: bool,
    /// It was turned on, or set up anew, since the last look: the driver has a new ring.
    pub(super) restarted: bool,
    /// Head or tail is outside the ring, and that is news.
    pub(super) outside: bool,
}

/// One queue's ring.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Offset of the queue's registers.
    block: usize,
    base: u64,
    /// Descriptors.
    len: u32,
    /// The next descriptor to use, below `len` if there are any.
    head: u32,
    /// The first that is not the adapter's. Equal to `head` if there is none.
    tail: u32,
    /// The head register, as the adapter or the driver wrote it last. A driver that sets its ring up
    /// anew writes 0 there. So as long as this is 0 only where `head` is, no new set-up is overlooked.
    shown: u32,
    on: bool,
    /// A tail at which nothing can be done: outside the ring, or what is there is not mapped.
    stuck: Option<u32>,
}

impl Ring {
    /// The ring of the queue whose registers start at `block`.
    pub(super) fn new(block: usize) -> Ring {
        Ring { block, ..Ring::default() }
    }

    /// One of the queue's registers.
    #[inline]
    pub(super) fn register(&self, registers: &RegisterFile, offset: usize) -> u32 {
        registers.load(self.block + offset)
    }

    /// Whether the queue is on as the register has it now.
    #[inline]
    pub(super) fn is_enabled(&self, registers: &RegisterFile) -> bool {
        self.register(registers, CONTROL) & QUEUE_ENABLE != 0
    }

    /// Turns the queue off until its registers say otherwise.
    pub(super) fn forget(&mut self) {
        *self = Ring::new(self.block);
    }

    /// Reads the registers, the tail after everything else: what the driver wrote before it moved the
    /// tail is visible afterwards.
    #[inline]
    pub(super) fn look(&mut self, registers: &RegisterFile) -> Look {
        let read = |offset| registers.load(self.block + offset);
        if read(CONTROL) & QUEUE_ENABLE == 0 {
            self.forget();
            return Look::default();
        }
        let base = (u64::from(read(BASE_HIGH)) << 32 | u64::from(read(BASE_LOW))) & BASE_MASK;
        let len = (read(LENGTH) & LENGTH_MASK) / DESCRIPTOR as u32;
        let head = read(HEAD);
        let restarted = !self.on || base != self.base || len != self.len || head != self.shown;
        let tail = read(TAIL);
        // A driver that set the queue up anew meanwhile is looked at again the next time.
        if read(HEAD) != head || read(CONTROL) & QUEUE_ENABLE == 0 {
            self.forget();
            return Look::default();
        }
        if restarted {
            *self = Ring {
                base,
                len,
                head,
                tail: head,
                shown: head,
                on: true,
                ..Ring::new(self.block)
            };
        }
        let mut look = Look { on: true, restarted, outside: false };
        if self.stuck == Some(tail) {
            self.tail = self.head;
            return look;
        }
        self.stuck = None;
        self.tail = tail;
        if tail >= len || self.head >= len {
            look.outside = len != 0;
            self.stick(tail);
        }
        look
    }

    /// Looks at the tail alone; says whether there are more descriptors than before. A tail that was moved
    /// back is left for the next look: some of what it takes away may be in use.
    pub(super) fn has_grown(&mut self, registers: &RegisterFile) -> bool {
        if !self.on || self.stuck.is_some() {
            return false;
        }
        let tail = self.register(registers, TAIL);
        // A driver that has set the queue up anew meanwhile is looked at the next time.
        let same = self.register(registers, HEAD) == self.shown && self.is_enabled(registers);
        let grown = same && tail < self.len && self.up_to(tail) > self.available();
        if grown {
            self.tail = tail;
        }
        grown
    }

    /// Descriptors that the adapter may use.
    #[inline]
    pub(super) fn available(&self) -> u32 {
        self.up_to(self.tail)
    }

    /// Descriptors from the head on, up to the one with that number.
    #[inline]
    fn up_to(&self, number: u32) -> u32 {
        if number >= self.head { number - self.head } else { number + self.len - self.head }
    }

    /// Those of them that lie in a row from the `skip`th on.
    #[inline]
    pub(super) fn in_a_row(&self, skip: u32) -> u32 {
        let left = self.available().saturating_sub(skip);
        left.min(self.len.saturating_sub(self.position(skip)))
    }

    /// The number of the `skip`th descriptor from the head on.
    #[inline]
    pub(super) fn position(&self, skip: u32) -> u32 {
        let position = self.head + skip;
        if position >= self.len { position - self.len } else { position }
    }

    /// The number of the descriptor behind the one with that number.
    pub(super) fn next(&self, number: u32) -> u32 {
        if number + 1 < self.len { number + 1 } else { 0 }
    }

    /// The I/O address of the descriptor with that number.
    #[inline]
    pub(super) fn iova(&self, position: u32) -> u64 {
        self.base.wrapping_add(u64::from(position) * DESCRIPTOR)
    }

    /// I/O address and bytes of the whole ring; none if the queue is off.
    pub(super) fn extent(&self) -> (u64, u64) {
        if self.on { (self.base, u64::from(self.len) * DESCRIPTOR) } else { (self.base, 0) }
    }

    /// Has done with so many descriptors.
    #[inline]
    pub(super) fn advance(&mut self, count: u32) {
        self.head = self.position(count);
    }

    /// The next descriptor to use.
    pub(super) fn head(&self) -> u32 {
        self.head
    }

    /// How many descriptors the head has come since the one with that number.
    pub(super) fn behind(&self, number: u32) -> u32 {
        if self.head >= number { self.head - number } else { self.head + self.len - number }
    }

    /// Whether all descriptors are used.
    pub(super) fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Nothing can be done here until the driver moves the tail.
    pub(super) fn halt(&mut self) {
        self.stick(self.tail);
    }

    fn stick(&mut self, tail: u32) {
        self.stuck = Some(tail);
        self.tail = self.head;
    }

    /// Whether the driver should be shown the head, with or without nothing else to do.
    #[inline]
    pub(super) fn is_due(&self, idle: bool) -> bool {
        let moved = self.behind(self.shown);
        self.on && moved != 0 && (idle || self.shown == 0 || moved >= SHOW_EVERY)
    }

    /// Shows the driver the head, unless the driver has just written it.
    pub(super) fn show(&mut self, registers: &RegisterFile) {
        if self.on && registers.replace(self.block + HEAD, self.shown, self.head) {
            self.shown = self.head;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_moved_back_takes_nothing_away_before_the_next_look() {
        let registers = RegisterFile::new().unwrap();
        let block = 0x1000;
        registers.store(block + LENGTH, 64 * DESCRIPTOR as u32);
        registers.store(block + TAIL, 5);
        registers.store(block + CONTROL, QUEUE_ENABLE);
        let mut ring = Ring::new(block);
        assert!(ring.look(&registers).on);
        ring.advance(3);
        for (tail, grows, left) in [(5, false, 2), (4, false, 2), (3, false, 2), (7, true, 4)] {
            registers.store(block + TAIL, tail);
            assert_eq!((ring.has_grown(&registers), ring.available()), (grows, left), "{tail}");
        }
        registers.store(block + TAIL, 3);
        ring.look(&registers);
        assert_eq!(ring.available(), 0);
    }
}
