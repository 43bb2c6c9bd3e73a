//! Looking for queues that stand still.

use std::time::Instant;

use super::State;
use crate::nic::Vf;
use crate::port::control::{Book, Started};
use crate::port::event::Direction;
use crate::port::stalls::Sight;
use crate::port::stats::DeviceStats;

impl State {
    /// Finds queues that stand still: the worker waits for the device, and the device has work.
    pub(super) fn look_for_stalls(&mut self, vf: &mut dyn Vf, book: &mut Book) {
        let Some(DeviceStats { rx_packets: received, .. }) = book.read_counters(vf) else {
            return;
        };
        if !self.link.is_up() {
            return self.stalls.clear();
        }
        let mut sights = Vec::new();
        let mut all_rx = Some(Vec::new());
        for (&(direction, number), queue) in &book.queues {
            let subject = (direction, Some(number));
            if queue.stopped {
                continue;
            }
            if queue.resets != book.resets {
                // It waits for its worker, unless that has tried.
                if queue.failed {
                    sights.push(Sight { subject, positions: Some(Vec::new()), work: Some(true) });
                }
                continue;
            }
            let waiting = queue.watch.waiting_at();
            let work = match direction {
                // A report is owed.
                Direction::Tx => true,
                // Descriptors are used, and not reported.
                Direction::Rx => {
                    all_rx = all_rx.zip(waiting).map(|(all, at)| [all, vec![at]].concat());
                    let head = vf.rx_head(number);
                    head != u32::MAX && waiting.is_some_and(|at| queue.watch.slot(at) != head)
                }
            };
            let positions = waiting.map(|at| vec![at]);
            sights.push(Sight { subject, positions, work: Some(work) });
        }
        // Packets are counted, and come to no queue. Those for a stopped one are meant to.
        let is_stopped_rx = |(&(direction, _), queue): (&(Direction, u16), &Started)| {
            direction == Direction::Rx && queue.stopped
        };
        if !book.queues.iter().any(is_stopped_rx) {
            sights.push(Sight { subject: (Direction::Rx, None), positions: all_rx, work: None });
        }
        for event in self.stalls.judge(sights, received, Instant::now()) {
            self.device.tally.stalls.up();
            self.tell(event);
        }
    }
}
