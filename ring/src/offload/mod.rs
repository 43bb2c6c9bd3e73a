//! What a device is asked to do for a packet that it sends: insert checksums, cut into segments.
//!
//! A request stands in the flags and the `meta` word of a packet's first frame; the bytes are made
//! ready for the device when it is made. The transmit ring turns it into a context descriptor.

mod apply;
mod batch;
#[cfg(test)]
mod batch_tests;
#[cfg(target_arch = "x86_64")]
mod by_four;
mod check;
mod checksum;
mod error;
#[cfg(target_arch = "x86_64")]
mod four_udp;
mod headers;
mod lengths;
mod plain_ipv4;

pub use error::OffloadError;
pub use lengths::Lengths;

/// Shortest L2 header that devices take: Ethernet's.
const MIN_L2: usize = 14;

/// Version of the Internet Protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IpVersion {
    /// IPv4 (RFC 791).
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

/// A protocol above IP whose checksum devices insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum L4Protocol {
    /// TCP (RFC 9293).
    Tcp,
    /// UDP (RFC 768).
    Udp,
    /// SCTP (RFC 9260), whose checksum is a CRC32c.
    Sctp,
}

/// What a device is asked to do for a packet, and where it finds the headers.
///
/// [`TxOffload::checksums`] and [`TxOffload::segmentation`] fill it from a packet's bytes;
/// [`PacketMut::set_offload`](crate::PacketMut::set_offload) checks it against them and makes the
/// request. Lengths are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxOffload {
    /// All that stands before the IP header, 14 to 127: the Ethernet header, with the VLAN tags that
    /// are among the bytes.
    pub l2_len: usize,
    /// Which IP header follows.
    pub ip: IpVersion,
    /// The IP header with its options or extension headers, a multiple of 4: 20 to 60 for IPv4, 40
    /// to 508 for IPv6.
    pub l3_len: usize,
    /// Insert the IPv4 header checksum. Segmentation of IPv4 always does.
    pub ip_checksum: bool,
    /// Insert the checksum of this protocol, whose header follows; `None` when it is something else
    /// or its checksum is to stay as it is.
    pub l4: Option<L4Protocol>,
    /// The header that `l4` names: TCP's with its options (20 to 60, a multiple of 4), 8 for UDP, 12
    /// for SCTP. 0 with `None`.
    pub l4_len: usize,
    /// Cut the TCP payload into segments of this many bytes (17 to 16383), the last one shorter, each
    /// with a copy of the headers which the device brings up to date.
    pub mss: Option<u16>,
}

impl TxOffload {
    /// All checksums of a packet that starts with these bytes: Ethernet, with up to two VLAN tags
    /// among the bytes or none; IPv4 with any options, or IPv6 with no extension header but a
    /// hop-by-hop one; TCP, UDP or SCTP.
    ///
    /// # Errors
    /// The bytes are too few or something else. Fragments are refused, since no device knows the
    /// rest; so are other extension headers, which may change the address that a checksum is over.
    pub fn checksums(bytes: &[u8]) -> Result<TxOffload, OffloadError> {
        Ok(headers::read(bytes)?.0)
    }

    /// Segmentation of a TCP packet that starts with these bytes into segments of `mss` bytes, with
    /// all checksums.
    ///
    /// # Errors
    /// As for [`TxOffload::checksums`]. Whether `mss` is in range and the packet TCP is checked when
    /// the request is made.
    pub fn segmentation(bytes: &[u8], mss: u16) -> Result<TxOffload, OffloadError> {
        Ok(TxOffload { mss: Some(mss), ..TxOffload::checksums(bytes)? })
    }

    /// Bytes of all headers.
    pub fn header_len(&self) -> usize {
        self.l2_len + self.l3_len + self.l4_len
    }
}

impl L4Protocol {
    /// IANA's protocol number.
    pub(crate) fn number(self) -> u8 {
        match self {
            L4Protocol::Tcp => 6,
            L4Protocol::Udp => 17,
            L4Protocol::Sctp => 132,
        }
    }
}
