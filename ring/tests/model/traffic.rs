//! Packets with headers, and what a receiver makes of them: RFC 791, 8200, 9293, 768, 9260.

use super::{crc32c, packet_bytes, sum};

/// An IP header to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ip {
    /// IPv4 with this many words of options, 0 to 10.
    V4(usize),
    /// IPv6 with this many units of 8 bytes of hop-by-hop options.
    V6(usize),
}

/// A packet to build.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// VLAN tags among the bytes, as EtherType and tag.
    pub tags: Vec<(u16, u16)>,
    /// The IP header.
    pub ip: Ip,
    /// The protocol above it: 6, 17, 132, or anything else.
    pub protocol: u8,
    /// Words of TCP options, 0 to 10.
    pub options: usize,
    /// Bytes of payload.
    pub payload: usize,
    /// Its pattern, and what else is arbitrary.
    pub seed: u32,
}

impl Traffic {
    /// Bytes before the IP header.
    pub fn l2_len(&self) -> usize {
        14 + 4 * self.tags.len()
    }

    /// Bytes of the IP header.
    pub fn l3_len(&self) -> usize {
        match self.ip {
            Ip::V4(options) => 20 + 4 * options,
            Ip::V6(options) => 40 + 8 * options,
        }
    }

    /// Bytes of the header above it.
    pub fn l4_len(&self) -> usize {
        match self.protocol {
            6 => 20 + 4 * self.options,
            17 => 8,
            132 => 12,
            _ => 0,
        }
    }

    /// Bytes of all headers.
    pub fn header_len(&self) -> usize {
        self.l2_len() + self.l3_len() + self.l4_len()
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.header_len() + self.payload
    }

    /// The packet, with nonsense where checksums belong.
    pub fn bytes(&self) -> Vec<u8> {
        // Nonsense everywhere, then what has to be right.
        let mut bytes = packet_bytes(self.seed, self.len());
        let l2 = &mut bytes[12..self.l2_len()];
        let mut types: Vec<u8> = Vec::new();
        for (ethertype, tag) in &self.tags {
            types.extend([ethertype.to_be_bytes(), tag.to_be_bytes()].concat());
        }
        types.extend(if matches!(self.ip, Ip::V4(_)) { [0x08, 0x00] } else { [0x86, 0xdd] });
        l2.copy_from_slice(&types);
        let above_l2 = (self.len() - self.l2_len()) as u16;
        let (start, l3_len) = (self.l2_len(), self.l3_len());
        let (l3, l4) = bytes[start..].split_at_mut(l3_len);
        match self.ip {
            Ip::V4(options) => {
                l3[0] = 0x45 + options as u8;
                l3[2..4].copy_from_slice(&above_l2.to_be_bytes());
                // Don't fragment.
                l3[6..8].copy_from_slice(&[0x40, 0]);
                l3[9] = self.protocol;
            }
            Ip::V6(options) => {
                l3[0] = 0x60 | l3[0] & 0xf;
                l3[4..6].copy_from_slice(&(above_l2 - 40).to_be_bytes());
                l3[6] = self.protocol;
                if options > 0 {
                    (l3[6], l3[40], l3[41]) = (0, self.protocol, options as u8 - 1);
                }
            }
        }
        match self.protocol {
            6 => l4[12] = (5 + self.options as u8) << 4,
            17 => {
                let len = (above_l2 - l3_len as u16).to_be_bytes();
                l4[4..6].copy_from_slice(&len);
            }
            _ => {}
        }
        bytes
    }
}

/// Fails unless everything in a packet that is like `traffic` is right as a receiver sees it: lengths,
/// and the checksums that are said to be.
pub fn check(bytes: &[u8], traffic: &Traffic, ip_sum: bool, l4_sum: bool) {
    let be16 = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let (ip, l4) = (traffic.l2_len(), traffic.l2_len() + traffic.l3_len());
    let above_ip = bytes.len() - l4;
    let mut pseudo = match traffic.ip {
        Ip::V4(_) => {
            assert_eq!(be16(ip + 2), bytes.len() - ip, "IPv4 total length");
            assert!(!ip_sum || sum(&bytes[ip..l4]) == 0xffff, "IPv4 header checksum");
            bytes[ip + 12..ip + 20].to_vec()
        }
        Ip::V6(_) => {
            assert_eq!(be16(ip + 4), bytes.len() - ip - 40, "IPv6 payload length");
            bytes[ip + 8..ip + 40].to_vec()
        }
    };
    if !l4_sum {
        return;
    }
    if traffic.protocol == 132 {
        let mut zeroed = bytes[l4..].to_vec();
        zeroed[8..12].fill(0);
        assert_eq!(bytes[l4 + 8..l4 + 12], crc32c(&zeroed).to_le_bytes(), "SCTP checksum");
        return;
    }
    pseudo.extend((above_ip as u32).to_be_bytes());
    pseudo.extend([0, 0, 0, traffic.protocol]);
    pseudo.extend(&bytes[l4..]);
    assert_eq!(sum(&pseudo), 0xffff, "checksum of protocol {}", traffic.protocol);
}
