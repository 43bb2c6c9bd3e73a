//! Headers of a packet, as far as offloads need them.

use super::{IpVersion, L4Protocol, OffloadError, TxOffload};

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;

/// 802.1Q, 802.1ad.
const VLAN: [u16; 2] = [0x8100, 0x88a8];

/// IPv6's next header for hop-by-hop options.
const HOP_BY_HOP: u8 = 0;

/// IPv6's next header for fragments.
const FRAGMENT: u8 = 44;

/// Next headers that are IPv6 extension headers, which hop-by-hop options and fragments are too:
/// routing, ESP, AH, destination options, mobility, HIP, Shim6 (IANA's registry).
const EXTENSIONS: [u8; 7] = [43, 50, 51, 60, 135, 139, 140];

/// An IP header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    ip: IpVersion,
    /// Bytes, with options and extension headers.
    pub(super) len: usize,
    /// The protocol behind it.
    pub(super) protocol: u8,
    /// Bytes of the IP packet, as the header has it.
    pub(super) total: usize,
    pub(super) fragment: bool,
}

/// The bytes `from..from + len`, which must be in the first frame.
#[inline]
fn part(bytes: &[u8], from: usize, len: usize) -> Result<&[u8], OffloadError> {
    let needed = from + len;
    bytes.get(from..needed).ok_or(OffloadError::Truncated { needed, len: bytes.len() })
}

#[inline]
fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// The request for all checksums, and the IP header.
#[inline]
pub(super) fn read(bytes: &[u8]) -> Result<(TxOffload, Network), OffloadError> {
    let (l2_len, ip) = ethernet(bytes)?;
    let network = network(ip, bytes, l2_len)?;
    let l4 = network.transport()?;
    let l4_len = transport_len(l4, bytes, l2_len + network.len)?;
    let offload = TxOffload {
        l2_len,
        ip,
        l3_len: network.len,
        ip_checksum: ip == IpVersion::V4,
        l4: Some(l4),
        l4_len,
        mss: None,
    };
    Ok((offload, network))
}

/// Length of an Ethernet header with up to two tags, and what follows it.
#[inline]
fn ethernet(bytes: &[u8]) -> Result<(usize, IpVersion), OffloadError> {
    let mut len = super::MIN_L2;
    for _ in 0..2 {
        if VLAN.contains(&be16(part(bytes, len - 2, 2)?, 0)) {
            len += 4;
        }
    }
    match be16(part(bytes, len - 2, 2)?, 0) {
        IPV4 => Ok((len, IpVersion::V4)),
        IPV6 => Ok((len, IpVersion::V6)),
        other => Err(OffloadError::EtherType(other)),
    }
}

/// The IP header at byte `at`.
#[inline]
pub(super) fn network(ip: IpVersion, bytes: &[u8], at: usize) -> Result<Network, OffloadError> {
    let (version, fixed) = match ip {
        IpVersion::V4 => (4, 20),
        IpVersion::V6 => (6, 40),
    };
    let header = part(bytes, at, fixed)?;
    if header[0] >> 4 != version {
        return Err(OffloadError::Version(ip, header[0] >> 4));
    }
    match ip {
        IpVersion::V4 => {
            let len = usize::from(header[0] & 0xf) * 4;
            if len < fixed {
                return Err(OffloadError::Malformed("the IPv4 header", len));
            }
            part(bytes, at, len)?;
            let total = usize::from(be16(header, 2));
            // More fragments, or an offset.
            let fragment = be16(header, 6) & 0x3fff != 0;
            Ok(Network { ip, len, protocol: header[9], total, fragment })
        }
        IpVersion::V6 => {
            let total = fixed + usize::from(be16(header, 4));
            let (mut len, mut protocol) = (fixed, header[6]);
            if protocol == HOP_BY_HOP {
                let options = part(bytes, at + len, 8)?;
                protocol = options[0];
                len += 8 + 8 * usize::from(options[1]);
                part(bytes, at, len)?;
            }
            Ok(Network { ip, len, protocol, total, fragment: protocol == FRAGMENT })
        }
    }
}

impl Network {
    /// The protocol behind the header, if a device can do something for it.
    #[inline]
    pub(super) fn transport(&self) -> Result<L4Protocol, OffloadError> {
        if self.fragment {
            return Err(OffloadError::Fragment);
        }
        match self.protocol {
            6 => Ok(L4Protocol::Tcp),
            17 => Ok(L4Protocol::Udp),
            132 => Ok(L4Protocol::Sctp),
            other if self.ip == IpVersion::V6 && EXTENSIONS.contains(&other) => {
                Err(OffloadError::ExtensionHeader(other))
            }
            other => Err(OffloadError::Protocol(other)),
        }
    }
}

/// Length of the header at byte `at`.
#[inline]
pub(super) fn transport_len(
    l4: L4Protocol,
    bytes: &[u8],
    at: usize,
) -> Result<usize, OffloadError> {
    let len = match l4 {
        L4Protocol::Tcp => {
            let len = usize::from(part(bytes, at, 20)?[12] >> 4) * 4;
            if len < 20 {
                return Err(OffloadError::Malformed("the TCP header", len));
            }
            len
        }
        L4Protocol::Udp => 8,
        L4Protocol::Sctp => 12,
    };
    part(bytes, at, len)?;
    Ok(len)
}

/// What a UDP header says of the datagram's length.
pub(super) fn udp_len(bytes: &[u8], at: usize) -> usize {
    usize::from(be16(bytes, at + 4))
}
