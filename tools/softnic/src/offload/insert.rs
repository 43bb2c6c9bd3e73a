//! Checksums that the adapter puts into frames, as the 82599 does (datasheet 7.2.5).
//!
//! It sums what is there, the checksum field included. So a driver leaves the IPv4 field zero, and puts
//! the pseudo header's sum into that of TCP or UDP.

use super::checksum::{Sum, crc32c};

/// TUCMD.L4T of a context descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer4 {
    Udp,
    Tcp,
    Sctp,
}

impl Layer4 {
    /// Where the checksum is in the header, and how many bytes it has.
    const fn field(self) -> (usize, usize) {
        match self {
            Layer4::Udp => (6, 2),
            Layer4::Tcp => (16, 2),
            Layer4::Sctp => (8, 4),
        }
    }

    /// Bytes of the header up to the end of its checksum.
    pub(crate) const fn needed(self) -> usize {
        let (at, len) = self.field();
        at + len
    }
}

/// Puts in the checksum of an IPv4 header, all of `header`.
pub(crate) fn ipv4(header: &mut [u8]) {
    let checksum = Sum::default().bytes(header).checksum();
    if let Some(field) = header.get_mut(10..12) {
        field.copy_from_slice(&checksum.to_be_bytes());
    }
}

/// Puts in the checksum of layer 4, all of `message`. `length` is what the pseudo header lacks.
pub(crate) fn layer4(message: &mut [u8], kind: Layer4, length: u32) {
    let (at, len) = kind.field();
    if message.len() < at + len {
        return;
    }
    if kind == Layer4::Sctp {
        let crc = crc32c([&message[..at], &[0; 4], &message[at + 4..]]);
        message[at..at + 4].copy_from_slice(&crc);
        return;
    }
    let checksum = match Sum::default().bytes(message).number(length).checksum() {
        // RFC 768: zero would say that there is none.
        0 if kind == Layer4::Udp => 0xffff,
        checksum => checksum,
    };
    message[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
}
