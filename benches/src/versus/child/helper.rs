//! A thread on the other core that moves the device when the driver's core says so, so that rings and
//! data were last written there.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use barline::cores;
use crossbeam::utils::CachePadded;

use super::ChildError;
use super::device::Device;

/// There is nothing more to do.
const END: u64 = u64::MAX;

/// In an answer's low half: the device could not be moved.
const REFUSED: u32 = u32::MAX;

/// Both sides of the conversation: a number that grows in the high half, frames in the low half.
#[derive(Default)]
pub(super) struct Helper {
    order: CachePadded<AtomicU64>,
    answer: CachePadded<AtomicU64>,
}

impl Helper {
    /// Runs `work` while a thread on `core` does what it asks [`Asked::feed`] for.
    pub(super) fn beside<R>(device: Device, core: usize, work: impl FnOnce(&Asked<'_>) -> R) -> R {
        let helper = Helper::default();
        thread::scope(|scope| {
            // Ends the thread whatever happens here: the scope waits for it.
            let asked = Asked(&helper);
            scope.spawn(|| helper.obey(core, device));
            work(&asked)
        })
    }

    fn obey(&self, core: usize, device: Device) {
        let pinned = cores::pin(core).is_ok();
        let mut last = 0;
        loop {
            let order = self.order.load(Ordering::Acquire);
            if order == END {
                return;
            }
            if order == last {
                spin_loop();
                continue;
            }
            let fed = if pinned { device.feed(order as u32).ok() } else { None };
            let frames = fed.map_or(REFUSED, |frames| frames as u32);
            self.answer.store(order & HIGH | u64::from(frames), Ordering::Release);
            last = order;
        }
    }
}

const HIGH: u64 = !0 << 32;

/// The driver's side.
pub(super) struct Asked<'h>(&'h Helper);

impl Asked<'_> {
    /// As [`Device::feed`], on the other core.
    ///
    /// # Errors
    /// As there, or that thread has no core.
    pub(super) fn feed(&self, frames: u32) -> Result<u64, ChildError> {
        let number = (self.0.answer.load(Ordering::Relaxed) & HIGH) + (1 << 32);
        self.0.order.store(number | u64::from(frames), Ordering::Release);
        loop {
            let answer = self.0.answer.load(Ordering::Acquire);
            if answer & HIGH == number {
                return match answer as u32 {
                    REFUSED => Err(ChildError::Device("the other core cannot take a step")),
                    frames => Ok(frames.into()),
                };
            }
            spin_loop();
        }
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.order.store(END, Ordering::Release);
    }
}
