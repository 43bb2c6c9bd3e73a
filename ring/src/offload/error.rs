//! Why a device cannot be asked for an offload.

use std::fmt;

use super::{IpVersion, L4Protocol};

/// Why a device cannot be asked for an offload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffloadError {
    /// The L2 header's length is out of range.
    L2Len(usize),
    /// The IP header's length is out of range for the version.
    L3Len(IpVersion, usize),
    /// The length of the header above IP is not one that it can have.
    L4Len(Option<L4Protocol>, usize),
    /// The segment size is out of range.
    Mss(u16),
    /// The headers are longer than devices keep of a packet that they cut.
    HeaderLen(usize),
    /// The request asks for nothing.
    Nothing,
    /// The IPv4 header checksum of an IPv6 packet.
    NoIpChecksum,
    /// Segmentation of something that is not TCP.
    SegmentsOf(Option<L4Protocol>),
    /// The first frame ends inside the headers.
    Truncated {
        /// Bytes that the headers take, at least.
        needed: usize,
        /// Bytes of the first frame.
        len: usize,
    },
    /// The Ethernet header announces something other than IP.
    EtherType(u16),
    /// The IP header's version is another one.
    Version(IpVersion, u8),
    /// A header states a length for itself that it cannot have.
    Malformed(&'static str, usize),
    /// The IP packet is a fragment.
    Fragment,
    /// An IPv6 extension header that is not a hop-by-hop one.
    ExtensionHeader(u8),
    /// Not TCP, UDP or SCTP.
    Protocol(u8),
    /// A header is not what the request says that it is.
    Mismatch {
        /// What is compared.
        what: &'static str,
        /// What the request says.
        asked: usize,
        /// What the packet's bytes say.
        found: usize,
    },
    /// The packet is longer or shorter than its headers say.
    PacketLen {
        /// Which header.
        what: &'static str,
        /// What it says.
        stated: usize,
        /// What it should say.
        actual: usize,
    },
    /// Segmentation of a packet that is all headers.
    NoPayload,
}

impl fmt::Display for OffloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            OffloadError::L2Len(n) => {
                write!(f, "an L2 header of {n} bytes: devices take 14 to 127")
            }
            OffloadError::L3Len(IpVersion::V4, n) => {
                write!(f, "an IPv4 header of {n} bytes: it has 20 to 60, a multiple of 4")
            }
            OffloadError::L3Len(IpVersion::V6, n) => write!(
                f,
                "IPv6 headers of {n} bytes: devices take 40 to 508, a multiple of 4"
            ),
            OffloadError::L4Len(None, n) => write!(
                f,
                "an L4 header of {n} bytes, and no protocol: name it in `l4`, or give 0 bytes"
            ),
            OffloadError::L4Len(Some(L4Protocol::Tcp), n) => {
                write!(f, "a TCP header of {n} bytes: it has 20 to 60, a multiple of 4")
            }
            OffloadError::L4Len(Some(l4), n) => {
                let len = if l4 == L4Protocol::Udp { 8 } else { 12 };
                write!(f, "header of {n} bytes for {}: it has {len}", name(Some(l4)))
            }
            OffloadError::Mss(n) => write!(f, "segments of {n} bytes: devices take 17 to 16383"),
            OffloadError::HeaderLen(n) => write!(
                f,
                "headers of {n} bytes: devices segment packets with up to 240; send segments of the right size"
            ),
            OffloadError::Nothing => f.write_str(
                "no checksum and no segmentation: ask for one, or use clear_offload to ask for none",
            ),
            OffloadError::NoIpChecksum => {
                f.write_str("IPv6 has no header checksum: ask for IPv4's on IPv4 packets only")
            }
            OffloadError::SegmentsOf(l4) => {
                write!(f, "segmentation of {}: devices segment TCP only", name(l4))
            }
            OffloadError::Truncated { needed, len } => write!(
                f,
                "the headers take {needed} bytes or more and the packet's first frame has {len}: put all headers into the first frame"
            ),
            OffloadError::EtherType(n) => write!(
                f,
                "EtherType {n:#06x}: only IPv4 (0x0800) and IPv6 (0x86dd) have checksums that devices insert"
            ),
            OffloadError::Version(ip, n) => {
                let version = if ip == IpVersion::V4 { 4 } else { 6 };
                write!(f, "the header of an IPv{version} packet has version {n}: it must be {version}")
            }
            OffloadError::Malformed(what, n) => {
                write!(f, "{what} says that it has {n} bytes: it is malformed")
            }
            OffloadError::Fragment => f.write_str(
                "a fragment: its checksum is over bytes that the device does not see; for IPv4 ask for the header checksum only (`l4: None`)",
            ),
            OffloadError::ExtensionHeader(n) => write!(
                f,
                "IPv6 extension header {n}: only a hop-by-hop one (0) may stand before TCP, UDP or SCTP; compute the checksum"
            ),
            OffloadError::Protocol(n) => write!(
                f,
                "IP protocol {n}: devices know the checksums of TCP (6), UDP (17) and SCTP (132); for IPv4 ask for the header checksum only (`l4: None`)"
            ),
            OffloadError::Mismatch { what, asked, found } => {
                write!(f, "{what} is {found} in the packet and {asked} in the request: they must agree")
            }
            OffloadError::PacketLen { what, stated, actual } => write!(
                f,
                "{what} says {stated} bytes and there are {actual}: correct it, or cut off padding with set_len"
            ),
            OffloadError::NoPayload => {
                f.write_str("no byte behind the headers: there is nothing to cut into segments")
            }
        }
    }
}

fn name(l4: Option<L4Protocol>) -> &'static str {
    match l4 {
        None => "no protocol",
        Some(L4Protocol::Tcp) => "TCP",
        Some(L4Protocol::Udp) => "UDP",
        Some(L4Protocol::Sctp) => "SCTP",
    }
}

impl std::error::Error for OffloadError {}
