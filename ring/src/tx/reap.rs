//! Taking back what the device is done with.

use super::{Mark, NO_BUFFER, TxRing};
use crate::{BLOCK, Format, Pool};

impl<F: Format> TxRing<F> {
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
    pub(super) fn collect(&mut self, pool: &Pool) -> u64 {
        if !self.is_reported(self.marks_head) {
            return 0;
        }
        self.collect_reported(pool)
    }

    /// Whether there is such a mark, and the device has reported it.
    #[inline]
    fn is_reported(&self, mark: u32) -> bool {
        let Mark { position, .. } = self.marks[self.slots.slot(mark)];
        mark != self.marks_tail && F::tx_done(self.slots.status(position))
    }

    /// The newest mark that the device has reported, which has reported the oldest. Reports come in order:
    /// one look at the newest of all may do.
    fn newest_reported(&self) -> u32 {
        let newest = self.marks_tail.wrapping_sub(1);
        if newest == self.marks_head || self.is_reported(newest) {
            return newest;
        }
        self.last_reported()
    }

    /// The same where it has not reported them all.
    #[inline(never)]
    fn last_reported(&self) -> u32 {
        let mut mark = self.marks_head;
        while self.is_reported(mark.wrapping_add(1)) {
            mark = mark.wrapping_add(1);
        }
        mark
    }

    /// Frees all that was reported, of which there is some.
    fn collect_reported(&mut self, pool: &Pool) -> u64 {
        let newest = self.newest_reported();
        let mark = self.marks[self.slots.slot(newest)];
        self.marks_head = newest.wrapping_add(1);
        self.free_to(mark, pool);
        let packets = self.complete(mark);
        self.publish_oldest();
        packets
    }

    /// Counts what was reported and not collected.
    pub(super) fn complete_reported(&mut self) {
        if self.is_reported(self.marks_head) {
            self.complete(self.marks[self.slots.slot(self.newest_reported())]);
        }
    }

    /// Counts what was reported with a mark; returns how many packets.
    fn complete(&mut self, mark: Mark) -> u64 {
        let packets = mark.packets.wrapping_sub(self.reported).into();
        self.counters.completed.add(packets);
        self.reported = mark.packets;
        packets
    }

    #[inline]
    pub(super) fn publish_oldest(&self) {
        self.counters.oldest.set(self.marks[self.slots.slot(self.marks_head)].position);
    }

    /// Frees the buffers of all descriptors up to a mark, those before it being free.
    #[inline]
    fn free_to(&mut self, mark: Mark, pool: &Pool) {
        let start = self.clean;
        self.clean = mark.position.wrapping_add(1);
        self.move_limit();
        // The last context is one of them, or of those behind.
        let contexts = self.contexts_end.wrapping_sub(start).wrapping_sub(1) < self.slots.len();
        let (from, to) = (self.slots.slot(start), self.slots.slot(self.clean));
        if contexts {
            self.free_one_by_one(start, pool);
        } else if from < to {
            pool.put(&self.shadow[from..to]);
        } else {
            pool.put(&self.shadow[from..]);
            pool.put(&self.shadow[..to]);
        }
    }

    /// Frees the buffers from `start` to `clean`, where descriptors have none.
    #[inline(never)]
    fn free_one_by_one(&self, start: u32, pool: &Pool) {
        let mut block = [0; BLOCK];
        let mut count = 0;
        for i in 0..self.clean.wrapping_sub(start) {
            block[count] = self.shadow[self.slots.slot(start.wrapping_add(i))];
            count += usize::from(block[count] != NO_BUFFER);
            if count == BLOCK {
                pool.put(&block);
                count = 0;
            }
        }
        pool.put(&block[..count]);
    }
}
