//! One bounded step of the adapter.

use crate::{Adapter, SwitchCounters};

impl Adapter {
    /// Moves the adapter on, at `now`, in nanoseconds of a clock that never goes back: takes news from
    /// the PF and from other processes, moves frames from and to each queue, a burst at most, and sends
    /// the interrupts that are due. Returns how many frames were moved; 0 if there was nothing to do.
    pub fn step(&mut self, now: u64) -> usize {
        self.plane.look(now);
        self.attend(now);
        let frames = self.datapath.step(
            &self.spaces,
            &mut self.plane,
            &mut self.functions,
            self.uplink.as_deref_mut(),
            self.uplink_held,
            now,
        );
        self.plane.publish();
        self.settle();
        frames
    }

    /// What has been counted of the switch, as far as this process has its part in it.
    pub fn switch_counters(&self) -> SwitchCounters {
        self.datapath.counters()
    }
}
