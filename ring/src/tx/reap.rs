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

    /// The newest mark that the device has reported, if it has reported the oldest. Reports come in order:
    /// one look at the newest of all may do.
    pub(super) fn newest_reported(&self) -> Option<u32> {
        let newest = self.marks_tail.wrapping_sub(1);
        let count = self.marks_tail.wrapping_sub(self.marks_head);
        let marks = (0..count).map(|i| self.marks_head.wrapping_add(i));
        if count > 1 && self.is_reported(newest) {
            return Some(newest);
        }
        marks.take_while(|&mark| self.is_reported(mark)).last()
    }

    /// Frees all that was reported, of which there is some.
    fn collect_reported(&mut self, pool: &Pool) -> u64 {
        let Some(newest) = self.newest_reported() else { return 0 };
        let mark = self.marks[self.slots.slot(newest)];
        self.marks_head = newest.wrapping_add(1);
        self.free_to(mark, pool);
        let packets = self.complete(mark);
        self.publish_oldest();
        packets
    }

    /// Counts what was reported with a mark; returns how many packets.
    pub(super) fn complete(&mut self, mark: Mark) -> u64 {
        let packets = mark.total.packets.wrapping_sub(self.reported.packets).into();
        self.counters.completed.add(packets);
        self.reported = mark.total;
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
        let contexts = mark.total.contexts != self.reported.contexts;
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
