//! The options of an uplink.

use std::path::PathBuf;

/// Longest name of an interface (Linux's `IFNAMSIZ` less the zero at its end).
pub const TAP_NAME_MAX: usize = 15;

/// What the uplink is to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UplinkSpec {
    /// `uplink=gen`: a generator, which takes and counts what comes back.
    Gen(GenSpec),
    /// `uplink=sink`: takes everything, sends nothing.
    Sink,
    /// `uplink=loop`: sends back what it gets, addresses exchanged.
    Loop,
    /// `uplink=tap:NAME`: a TAP interface of this name, 1 to [`TAP_NAME_MAX`] bytes.
    Tap(String),
    /// `uplink=pcap`: plays one file and records to another.
    Pcap(PcapSpec),
}

impl Default for UplinkSpec {
    fn default() -> UplinkSpec {
        UplinkSpec::Gen(GenSpec::default())
    }
}

/// What the generator sends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GenSpec {
    /// `gen=wait|open`: an open one does not wait for a full ring; what finds no descriptor is dropped.
    pub open: bool,
    /// `size=`: bytes of a frame with FCS, 64 to 9018, or `imix`.
    pub size: Size,
    /// `flows=`: how many UDP flows for each VF, 1 to 65536.
    pub flows: u32,
    /// `seed=`: of everything random.
    pub seed: u64,
}

impl Default for GenSpec {
    /// 64 flows of 64 bytes.
    fn default() -> GenSpec {
        GenSpec { open: false, size: Size::Fixed(Size::MIN), flows: 64, seed: 1 }
    }
}

/// Sizes of frames, with FCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// All the same.
    Fixed(u16),
    /// 7 of 64 bytes, 4 of 594, 1 of 1518.
    Imix,
}

impl Size {
    /// Smallest frame of Ethernet (IEEE 802.3, 3.2.7).
    pub const MIN: u16 = 64;
    /// Largest frame of an MTU of 9000.
    pub const MAX: u16 = 9018;
}

/// What is played and recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PcapSpec {
    /// `read=FILE`: what to play.
    pub read: Option<PathBuf>,
    /// `write=FILE`: where to record.
    pub write: Option<PathBuf>,
    /// `loop=on`: plays it again and again.
    pub repeat: bool,
    /// `pace=on|off`: at the distances of its timestamps, else as fast as there is room.
    pub pace: bool,
}
