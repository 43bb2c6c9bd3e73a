//! What an adapter is to be like: the options of a device string.

use std::path::PathBuf;

use crate::Model;
use crate::uplink::UplinkSpec;

/// An adapter's options. Two VFs belong to the same adapter if theirs are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// `model=`: which device.
    pub model: Model,
    /// `vfs=`: VFs, 1 to 63.
    pub vfs: usize,
    /// `uplink=` and the options of each kind.
    pub uplink: UplinkSpec,
    /// `spoof=`: the PF drops frames that a VF sends from an address or VLAN that is not its own.
    pub spoof_check: bool,
    /// `trust=`: the PF trusts its VFs.
    pub trust: bool,
    /// `promisc=`: the PF itself is promiscuous.
    pub pf_promiscuous: bool,
    /// `mtu=`: the PF's MTU in bytes, 68 to 9710.
    pub pf_mtu: u32,
    /// `vlan=`: a port VLAN that the PF has set for every VF, 1 to 4095.
    pub port_vlan: Option<u16>,
    /// `rate=`: most that each VF may send, in Mbit/s, 1 to 10000.
    pub rate: Option<u32>,
    /// `mac=zero`: the PF has assigned no addresses.
    pub zero_mac: bool,
    /// `rss-query=`: the PF lets VFs of the 82599 and X540 ask for hash key and table.
    pub rss_query: bool,
    /// `api=`: the newest mailbox API of the PF, `1.0` up to the newest known.
    pub api: u8,
    /// `share=`: a file by which several processes share the adapter.
    pub share: Option<PathBuf>,
}

/// A device string that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{key}={value}`: {allowed}")]
pub struct SpecError {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
}
