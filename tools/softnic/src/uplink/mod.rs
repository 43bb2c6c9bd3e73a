//! What the adapter is plugged into.

use std::path::PathBuf;

use crate::Mac;

/// What the uplink is to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UplinkSpec {
    /// `uplink=gen`: a generator, which takes and counts what comes back.
    Gen(GenSpec),
    /// `uplink=sink`: takes everything, sends nothing.
    Sink,
    /// `uplink=loop`: sends back what it gets, addresses exchanged.
    Loop,
    /// `uplink=tap`: a TAP interface of this name.
    Tap(String),
    /// `uplink=pcap`: plays one file and records to another.
    Pcap {
        /// What to play.
        read: Option<PathBuf>,
        /// Where to record.
        write: Option<PathBuf>,
    },
}

/// What the generator sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GenSpec {
    /// `gen=open`: does not wait for a full ring; what finds no descriptor is dropped.
    pub open: bool,
    /// `size=`: bytes of a frame with FCS, 64 to 9018, or `imix`.
    pub size: Size,
    /// `flows=`: how many UDP flows for each VF, 1 to 65536.
    pub flows: u32,
    /// `seed=`: of everything random.
    pub seed: u64,
}

/// Sizes of frames, with FCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// All the same.
    Fixed(u16),
    /// 7 of 64 bytes, 4 of 594, 1 of 1518.
    Imix,
}

/// The adapter's side of the wire: where an uplink's frames go.
pub trait Wire {
    /// VFs of the adapter.
    fn vfs(&self) -> usize;

    /// The address of a VF that can receive now.
    fn mac(&self, vf: usize) -> Option<Mac>;

    /// How many frames a VF can take at once, at least, before some are dropped.
    fn room(&self, vf: usize, frame_len: usize) -> usize;

    /// Hands a frame, without FCS, to the switch.
    fn deliver(&mut self, frame: &[u8]);
}

/// What is at the other end of the adapter's wire.
pub trait Uplink: Send {
    /// Sends what it has, to at most `budget` frames; `now` is in nanoseconds. Returns how many.
    fn poll(&mut self, now: u64, budget: usize, wire: &mut dyn Wire) -> usize;

    /// Takes a frame, without FCS, that left the adapter.
    fn take(&mut self, now: u64, frame: &[u8]);
}
