//! What the adapter is plugged into.

mod counters;
mod spec;

pub use counters::{Returned, Traffic, UplinkCounters};
pub use spec::{GenSpec, PcapSpec, Size, TAP_NAME_MAX, UplinkSpec};

use crate::{Facts, Mac};

/// The adapter's side of the wire: where an uplink's frames go.
pub trait Wire {
    /// VFs of the adapter.
    fn vfs(&self) -> usize;

    /// The address of a VF that can receive now.
    fn mac(&self, vf: usize) -> Option<Mac>;

    /// How many frames a VF can take at once, at least, before some are dropped.
    fn room(&self, vf: usize, frame_len: usize) -> usize;

    /// Hands a frame, without FCS, to the switch, with what [`Facts::of`] says of it. The adapter does
    /// not parse it again, so who sends a frame more than once keeps its facts. A frame under 60 bytes
    /// is a runt and dropped: an Ethernet pads what it sends.
    fn deliver(&mut self, frame: &[u8], facts: &Facts);
}

/// What is at the other end of the adapter's wire.
pub trait Uplink: Send {
    /// Sends what it has, to at most `budget` frames; `now` is in nanoseconds. Returns how many.
    fn poll(&mut self, now: u64, budget: usize, wire: &mut dyn Wire) -> usize;

    /// Takes a frame, without FCS, that left the adapter.
    fn take(&mut self, now: u64, frame: &[u8]);

    /// What it has counted.
    fn counters(&self) -> UplinkCounters;
}
