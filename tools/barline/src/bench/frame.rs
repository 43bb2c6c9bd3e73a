//! The frames that `tx` sends.

use std::net::Ipv4Addr;

use barline::MacAddress;

/// Bytes of the FCS, which a frame's size counts and a buffer does not hold.
pub const FCS: usize = 4;

/// Bytes of the Ethernet, IPv4 and UDP headers.
pub const HEADER: usize = ETHERNET + IP + UDP;

const ETHERNET: usize = 14;
const IP: usize = 20;
const UDP: usize = 8;

/// Addresses for measurements (RFC 2544, C.2.2).
const FROM: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const TO: Ipv4Addr = Ipv4Addr::new(198, 19, 0, 1);

/// UDP's port for what is to be thrown away (RFC 863).
const DISCARD: u16 = 9;

/// The first port that nobody has registered (RFC 6335): each queue has a flow of its own.
const FIRST_PORT: u16 = 49152;

/// The headers of a frame of `len` bytes without FCS, 60 or more.
pub fn header(len: usize, to: MacAddress, from: MacAddress, queue: u16) -> [u8; HEADER] {
    let mut ip = [0; IP];
    ip[0] = 0x45; // Version 4, a header of five words.
    ip[2..4].copy_from_slice(&((len - ETHERNET) as u16).to_be_bytes());
    ip[6] = 0x40; // Do not fragment.
    ip[8] = 64; // Time to live.
    ip[9] = 17; // UDP.
    ip[12..16].copy_from_slice(&FROM.octets());
    ip[16..].copy_from_slice(&TO.octets());
    let checksum = checksum(&ip);
    ip[10..12].copy_from_slice(&checksum.to_be_bytes());

    let mut header = [0; HEADER];
    let (ethernet, rest) = header.split_at_mut(ETHERNET);
    ethernet[..6].copy_from_slice(&to.0);
    ethernet[6..12].copy_from_slice(&from.0);
    ethernet[12..].copy_from_slice(&[0x08, 0x00]);
    let (to_ip, udp) = rest.split_at_mut(IP);
    to_ip.copy_from_slice(&ip);
    udp[..2].copy_from_slice(&(FIRST_PORT + queue).to_be_bytes());
    udp[2..4].copy_from_slice(&DISCARD.to_be_bytes());
    // Without a checksum, which UDP over IPv4 may leave 0.
    udp[4..6].copy_from_slice(&((len - ETHERNET - IP) as u16).to_be_bytes());
    header
}

/// The internet checksum of an even number of bytes (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(2).map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded + (folded >> 16)) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_checksum_are_right() {
        let header = header(60, MacAddress([2; 6]), MacAddress([4; 6]), 1);
        assert_eq!(header[..14], [2, 2, 2, 2, 2, 2, 4, 4, 4, 4, 4, 4, 8, 0]);
        assert_eq!(header[16..18], 46_u16.to_be_bytes());
        assert_eq!(header[38..40], 26_u16.to_be_bytes());
        assert_eq!(header[34..36], 49153_u16.to_be_bytes());
        // A header with its checksum in it sums up to nothing.
        assert_eq!(checksum(&header[14..34]), 0);
    }

    #[test]
    fn a_checksum_known_from_elsewhere() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&bytes), !0xddf2); // RFC 1071, 3.
    }
}
