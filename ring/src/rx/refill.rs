//! Arming a ring with buffers.
#![allow(unsafe_code)]

use super::RxRing;
use crate::lanes::{Lanes, Plain};
use crate::{BLOCK, Format, FrameBatch};

impl<F: Format> RxRing<F> {
    /// Arms buffers from the batch's pool, a block at a time, and rings the doorbell once.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    pub(super) unsafe fn refill<L: Lanes>(&mut self, batch: &FrameBatch<'_>) {
        let before = self.armed;
        // One descriptor stays free: a full ring would look empty.
        while self.armed.wrapping_sub(self.next) < self.slots.len() - BLOCK as u32 {
            // SAFETY: promised by the caller.
            if !batch.pool().take_block(|block| unsafe { self.arm::<L>(block) }) {
                self.counters.no_buffers.add(1);
                break;
            }
        }
        if self.armed != before {
            self.publish();
        }
    }

    /// Arms a block of buffers of a ring that is being set up.
    pub(super) fn arm_fresh(&mut self, block: &[u32; BLOCK]) {
        // SAFETY: every CPU has what that takes.
        unsafe { self.arm::<Plain>(block) }
    }

    /// Arms a block of buffers; `armed` is a multiple of the block, so it does not wrap inside.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn arm<L: Lanes>(&mut self, block: &[u32; BLOCK]) {
        let start = self.slots.slot(self.armed);
        let slots = self.slots.descriptors().run(self.armed, BLOCK);
        let slots = slots.first_chunk().expect("a block does not wrap");
        self.shadow[start..start + BLOCK].copy_from_slice(block);
        // SAFETY: promised by the caller.
        unsafe { L::arm::<F>(slots, block, self.arena.iovas(), self.terms.headroom()) }
        self.armed = self.armed.wrapping_add(BLOCK as u32);
    }
}
