//! The part of a checksum that software computes.

use super::{IpVersion, L4Protocol};

/// Ones' complement sum of 16-bit words in network byte order (RFC 1071), not folded.
#[inline]
fn sum(words: &[u8]) -> u32 {
    let (words, _) = words.as_chunks();
    words.iter().map(|&word| u32::from(u16::from_be_bytes(word))).sum()
}

/// The sum over the pseudo-header (RFC 9293 3.1, RFC 8200 8.1) that a device goes on from: folded, not
/// complemented. `len` is that of the packet above IP, 0 where the device adds it for each segment.
#[inline]
pub(super) fn pseudo_header(ip: IpVersion, header: &[u8], l4: L4Protocol, len: usize) -> u16 {
    let addresses = match ip {
        IpVersion::V4 => &header[12..20],
        IpVersion::V6 => &header[8..40],
    };
    let len = len as u32;
    let mut sum = sum(addresses) + u32::from(l4.number()) + (len >> 16) + (len & 0xffff);
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudo_headers_sum_up() {
        // RFC 1071's example, 00 01 f2 03 f4 f5 f6 f7, whose sum is 2ddf0, as the two addresses.
        let mut v4 = [0; 20];
        v4[12..].copy_from_slice(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(pseudo_header(IpVersion::V4, &v4, L4Protocol::Tcp, 0), 0xddf2 + 6);
        assert_eq!(pseudo_header(IpVersion::V4, &v4, L4Protocol::Udp, 8), 0xddf2 + 17 + 8);
        let mut v6 = [0; 40];
        v6[8..16].copy_from_slice(&v4[12..]);
        v6[24..32].copy_from_slice(&v4[12..]);
        // 2 * 2ddf0 = 5bbe0.
        assert_eq!(pseudo_header(IpVersion::V6, &v6, L4Protocol::Tcp, 0x2_0001), 0xbbe5 + 6 + 3);
    }
}
