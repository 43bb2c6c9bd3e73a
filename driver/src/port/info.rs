//! What a port's device is and can do.

use crate::nic::Vf;
use crate::transport::Identity;

/// What a port's device is and can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The driver, by the name that Linux's has: `igbvf` or `ixgbevf`.
    pub driver: &'static str,
    /// The device, such as `82576 VF`.
    pub model: &'static str,
    /// PCI vendor id.
    pub vendor: u16,
    /// PCI device id.
    pub device: u16,
    /// PCI revision id.
    pub revision: u8,
    /// Queue pairs that the VF may use.
    pub queues: u16,
    /// Longest frame in bytes, with FCS and without VLAN tag, that the device takes; the PF may allow
    /// less.
    pub max_frame: u16,
    /// Most frames (buffers) that one transmitted packet may have.
    pub max_tx_frames: usize,
    /// Unicast addresses that the VF may have besides its own.
    pub unicast: usize,
    /// Multicast groups that the VF may ask for by name.
    pub multicast: usize,
    /// Entries of the table of receive queues that RSS selects from; 0 where a VF cannot set RSS up.
    pub rss_table: usize,
    /// What the device does with packets.
    pub offloads: Offloads,
}

/// What a device does with packets by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offloads {
    /// Checks IPv4, TCP and UDP checksums of what it receives.
    pub rx_checksum: bool,
    /// Hashes what it receives over addresses and ports.
    pub rss_hash: bool,
    /// Takes VLAN tags out of what it receives, if asked to ([`Config::vlan_strip`](crate::Config)).
    pub vlan_strip: bool,
    /// Puts VLAN tags into what it sends.
    pub vlan_insert: bool,
    /// Puts IPv4, TCP, UDP and SCTP checksums into what it sends.
    pub tx_checksum: bool,
    /// Cuts TCP segments to size (TSO).
    pub tcp_segmentation: bool,
}

impl Offloads {
    /// What Intel's advanced descriptors can ask for and tell, which all devices here have; what needs
    /// a register besides is off.
    const ADVANCED: Offloads = Offloads {
        rx_checksum: true,
        rss_hash: true,
        vlan_strip: false,
        vlan_insert: true,
        tx_checksum: true,
        tcp_segmentation: true,
    };
}

impl Info {
    pub(super) fn new(identity: &Identity, vf: &dyn Vf) -> Info {
        let (about, limits) = (vf.about(), vf.limits());
        Info {
            driver: about.driver,
            model: about.model,
            vendor: identity.vendor,
            device: identity.device,
            revision: identity.revision,
            queues: limits.queues,
            max_frame: limits.max_frame,
            max_tx_frames: limits.max_tx_chain,
            unicast: limits.unicast,
            multicast: limits.multicast,
            rss_table: limits.rss_table,
            offloads: Offloads { vlan_strip: limits.vlan_strip, ..Offloads::ADVANCED },
        }
    }
}
