//! What the switch must know of a VF, wherever it is driven.

use crate::Mac;

/// Which multicast and foreign frames a VF gets, each with those before it
/// (Linux's `ixgbevf_xcast_modes`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mode {
    /// Broadcast only.
    #[default]
    None,
    /// Multicast of its groups.
    Multicast,
    /// All multicast.
    AllMulticast,
    /// Everything.
    Promiscuous,
}

/// Most addresses that a VF may have besides its own.
pub(crate) const FURTHER_MAX: usize = 32;

/// One VF as the PF has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortState {
    /// Some process drives it.
    pub(crate) open: bool,
    /// The PF lets it receive (VFRE).
    pub(crate) receives: bool,
    /// The PF lets it transmit (VFTE).
    pub(crate) transmits: bool,
    /// Its address; all zeros where it has none.
    pub(crate) mac: Mac,
    /// The PF's administrator has set the address.
    pub(crate) pf_set_mac: bool,
    /// Further unicast addresses, at most [`FURTHER_MAX`].
    pub(crate) further: Vec<Mac>,
    /// Multicast hashes, each below 4096.
    pub(crate) hashes: Vec<u16>,
    /// VLANs that are let through, ascending.
    pub(crate) vlans: Vec<u16>,
    /// What it gets beyond its own addresses.
    pub(crate) mode: Mode,
    /// A VLAN that the PF puts the VF into; it sees no tags then.
    pub(crate) port_vlan: Option<u16>,
    /// Frames from addresses or VLANs that are not its own are dropped.
    pub(crate) spoof_check: bool,
    /// The PF trusts it.
    pub(crate) trusted: bool,
    /// Longest frame that it gets, in bytes with FCS.
    pub(crate) max_frame: u32,
    /// Most that it may send, in Mbit/s.
    pub(crate) rate: Option<u32>,
    /// How often its PF has reset it. Its process shows the VF a reset whenever this has grown.
    pub(crate) resets: u64,
    /// The wire is up.
    pub(crate) link: bool,
}
