//! The RSS hash of a received packet and what it covers.

use crate::{Flags, FrameRef};

/// The hash of receive-side scaling (RSS).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RssHash {
    /// Its value.
    pub value: u32,
    /// What it covers.
    pub kind: RssKind,
}

/// Which fields of a packet an RSS hash covers. Those of Microsoft's that read addresses out of IPv6
/// extension headers count as the ones without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RssKind {
    /// The IPv4 addresses.
    Ipv4,
    /// The IPv4 addresses and TCP ports.
    TcpIpv4,
    /// The IPv4 addresses and UDP ports.
    UdpIpv4,
    /// The IPv6 addresses.
    Ipv6,
    /// The IPv6 addresses and TCP ports.
    TcpIpv6,
    /// The IPv6 addresses and UDP ports.
    UdpIpv6,
    /// The device contradicts itself about the packet.
    Unknown,
}

impl FrameRef<'_> {
    /// The RSS hash that the device computed, and what it covers. Of a packet in several frames the
    /// first one has it.
    #[inline]
    pub fn rss(&self) -> Option<RssHash> {
        let value = self.rss_hash()?;
        Some(RssHash { value, kind: RssKind::of(self.flags()) })
    }
}

impl RssKind {
    fn of(flags: Flags) -> RssKind {
        let [v4, v6, tcp, udp, l4] =
            [Flags::IPV4, Flags::IPV6, Flags::TCP, Flags::UDP, Flags::RSS_L4]
                .map(|flag| flags.contains(flag));
        match (v4, v6, l4, tcp, udp) {
            (true, false, false, ..) => RssKind::Ipv4,
            (true, false, true, true, false) => RssKind::TcpIpv4,
            (true, false, true, false, true) => RssKind::UdpIpv4,
            (false, true, false, ..) => RssKind::Ipv6,
            (false, true, true, true, false) => RssKind::TcpIpv6,
            (false, true, true, false, true) => RssKind::UdpIpv6,
            _ => RssKind::Unknown,
        }
    }
}
