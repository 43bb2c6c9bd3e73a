//! Receive-side scaling (RSS): how a device spreads packets over its receive queues.

/// Which packets are hashed over what, as Microsoft's specification of RSS names the kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RssKinds {
    /// IPv4: addresses.
    pub ipv4: bool,
    /// TCP over IPv4: addresses and ports.
    pub tcp_ipv4: bool,
    /// UDP over IPv4: addresses and ports.
    pub udp_ipv4: bool,
    /// IPv6: addresses.
    pub ipv6: bool,
    /// TCP over IPv6: addresses and ports.
    pub tcp_ipv6: bool,
    /// UDP over IPv6: addresses and ports.
    pub udp_ipv6: bool,
}

impl Default for RssKinds {
    /// Addresses, and the ports of TCP. Not those of UDP: fragments have none, and would be
    /// received on another queue than the rest of their flow.
    fn default() -> RssKinds {
        RssKinds {
            ipv4: true,
            tcp_ipv4: true,
            udp_ipv4: false,
            ipv6: true,
            tcp_ipv6: true,
            udp_ipv6: false,
        }
    }
}

/// How a device spreads packets over its receive queues: a Toeplitz hash over addresses and ports,
/// whose low bits select an entry of a table of queues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rss {
    /// The secret key of the hash, in the order in which it is shifted through.
    pub key: [u8; 40],
    /// Receive queue for each value of the hash's low bits: a power of two of entries, as many as the
    /// device has.
    pub table: Vec<u16>,
    /// What is hashed.
    pub kinds: RssKinds,
}
