//! What an adapter is to be like: the options of a device string.

mod error;
mod parse;
mod show;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use error::SpecError;

use crate::uplink::UplinkSpec;
use crate::{Model, VFS_MAX};

/// The newest mailbox API that a PF speaks: 1.7 (Linux's `ixgbe_mbox_api_17`). Of the version only the
/// minor number differs.
pub const API_NEWEST: u8 = 7;

/// Largest MTU that a PF can have (Linux's `IXGBE_MAX_JUMBO_FRAME_SIZE` less header and FCS).
pub const PF_MTU_MAX: u32 = 9710;

/// An adapter's options. Two VFs belong to the same adapter if theirs are equal.
///
/// Its string, as [`Spec::parse`] takes and `Display` gives it, is `key=value,key=value`. What is not
/// named is as in [`Spec::default`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// `model=82599|x540|x550|x552|x553|e610`: which device.
    pub model: Model,
    /// `vfs=`: VFs, 1 to 63.
    pub vfs: usize,
    /// `uplink=gen|sink|loop|tap:NAME|pcap` and the options of each kind.
    pub uplink: UplinkSpec,
    /// `spoof=on|off`: the PF drops frames that a VF sends from an address or VLAN that is not its own.
    pub spoof_check: bool,
    /// `trust=on|off`: the PF trusts its VFs.
    pub trust: bool,
    /// `promisc=on|off`: the PF itself is promiscuous.
    pub pf_promiscuous: bool,
    /// `mdd=on|off`: the PF has switched on malicious-driver detection; only X550 and later have it.
    pub mdd: bool,
    /// `mtu=`: the PF's MTU in bytes, 68 to 9710.
    pub pf_mtu: u32,
    /// `vlan=`: a port VLAN that the PF has set for every VF, 1 to 4095.
    pub port_vlan: Option<u16>,
    /// `rate=`: most that each VF may send, in Mbit/s, 1 to 10000.
    pub rate: Option<u32>,
    /// `mac=zero`: the PF has assigned no addresses.
    pub zero_mac: bool,
    /// `rss-query=on`: the PF lets VFs of the 82599 and X540 ask for hash key and table.
    pub rss_query: bool,
    /// `api=1.0` to `1.7`: the minor number of the newest mailbox API of the PF.
    pub api: u8,
    /// `share=FILE`: a file by which several processes share the adapter.
    pub share: Option<PathBuf>,
    /// `drive=thread|caller`: who moves the adapter.
    pub drive: Drive,
    /// `core=`: the CPU that the adapter's thread is pinned to.
    pub core: Option<usize>,
}

/// Who moves an adapter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drive {
    /// A thread of its own.
    #[default]
    Thread,
    /// The program, by [`crate::Host::step_once`].
    Caller,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            model: Model::I82599,
            vfs: 2,
            uplink: UplinkSpec::default(),
            spoof_check: true,
            trust: false,
            pf_promiscuous: false,
            mdd: false,
            pf_mtu: 9000,
            port_vlan: None,
            rate: None,
            zero_mac: false,
            rss_query: false,
            api: API_NEWEST,
            share: None,
            drive: Drive::Thread,
            core: None,
        }
    }
}

impl std::str::FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Spec, SpecError> {
        Spec::parse(text)
    }
}

impl Spec {
    /// The options of a device string, `vfs=4,uplink=gen,size=64`; none in an empty one.
    ///
    /// # Errors
    /// A key is not known or there twice, a value is not allowed, or two options exclude each other.
    pub fn parse(text: &str) -> Result<Spec, SpecError> {
        parse::parse(text)
    }

    /// Whether every field is within its range, as those of a parsed one are.
    ///
    /// # Errors
    /// The first option that is not, as it would stand in a device string.
    pub fn check(&self) -> Result<(), SpecError> {
        let text = self.to_string();
        if Spec::parse(&text)? == *self {
            return Ok(());
        }
        Err(SpecError::new("options", &text, "a path holds a comma, or is no UTF-8"))
    }

    /// The string of those options that all processes of a shared adapter must agree on: all but
    /// `share`, `drive` and `core`.
    pub fn common(&self) -> String {
        let own = Spec { share: None, drive: Drive::Thread, core: None, ..self.clone() };
        own.to_string()
    }

    /// Receive and transmit queues of each VF: 4 up to 31 VFs, else 2 (82599 datasheet 7.10.2.7.2: 32
    /// or 64 pools, one of them the PF's).
    pub fn queues(&self) -> usize {
        if self.vfs < VFS_MAX.div_ceil(2) { 4 } else { 2 }
    }
}
