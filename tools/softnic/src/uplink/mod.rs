//! What the adapter is plugged into.

mod counters;
mod error;
mod generator;
mod pcap;
mod reflect;
mod sink;
mod spec;
mod tap;

pub use counters::{Returned, Traffic, UplinkCounters};
pub use error::UplinkError;
pub(crate) use generator::Source;
pub use generator::Stamp;
pub(crate) use sink::Sink;
pub use spec::{GenSpec, PcapSpec, Size, TAP_NAME_MAX, UplinkSpec};

use crate::{Facts, Mac};

/// Shortest frame of Ethernet, without FCS: what is shorter is filled up with zeros.
const FRAME_MIN: usize = 60;

/// The adapter's side of the wire: where an uplink's frames go.
pub trait Wire {
    /// VFs of the adapter.
    fn vfs(&self) -> usize;

    /// The address of a VF that can receive now.
    fn mac(&self, vf: usize) -> Option<Mac>;

    /// The VLAN that the PF has put a VF into. Frames reach it only with that tag.
    fn vlan(&self, vf: usize) -> Option<u16>;

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

/// What the options ask for. `run` says how often the wire has been taken before: a generator's frames
/// carry it.
///
/// # Errors
/// The interface or a file cannot be opened.
pub fn open(spec: &UplinkSpec, run: u64) -> Result<Box<dyn Uplink>, UplinkError> {
    Ok(match spec {
        UplinkSpec::Gen(spec) => Box::new(generator::Gen::new(spec, run)),
        UplinkSpec::Sink => Box::new(sink::Sink::default()),
        UplinkSpec::Loop => Box::new(reflect::Reflect::default()),
        UplinkSpec::Tap(name) => Box::new(tap::Tap::open(name)?),
        UplinkSpec::Pcap(spec) => Box::new(pcap::Pcap::open(spec)?),
    })
}
