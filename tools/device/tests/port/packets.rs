//! Packets, and what is right about them. Headers by RFC 791, 768 and 9293, checksums by RFC 1071.

use barline::MacAddress;

/// Bytes before the TCP or UDP header.
pub const L4: usize = 14 + 20;

/// Which packet.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    pub from: MacAddress,
    pub to: MacAddress,
    pub port: u16,
}

/// An Ethernet frame with an IPv4 header and what it carries; the checksum is there.
fn ipv4(flow: Flow, protocol: u8, l4: &[u8]) -> Vec<u8> {
    let mut frame = [flow.to.0, flow.from.0].concat();
    frame.extend([0x08, 0x00, 0x45, 0]);
    frame.extend(((20 + l4.len()) as u16).to_be_bytes());
    frame.extend([0x12, 0x34, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    let sum = !sum(&frame[14..34]);
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    frame.extend(l4);
    frame
}

/// A UDP datagram with its checksums.
pub fn udp(flow: Flow, payload: &[u8]) -> Vec<u8> {
    let mut l4 = flow.port.to_be_bytes().to_vec();
    l4.extend([0, 53]);
    l4.extend(((8 + payload.len()) as u16).to_be_bytes());
    l4.extend([0, 0]);
    l4.extend(payload);
    with_l4_checksum(ipv4(flow, 17, &l4), 6)
}

/// A TCP segment with its checksums; PSH and ACK.
pub fn tcp(flow: Flow, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let mut l4 = flow.port.to_be_bytes().to_vec();
    l4.extend([0, 80]);
    l4.extend(sequence.to_be_bytes());
    l4.extend([0, 0, 0, 1, 5 << 4, 0x18, 0x20, 0, 0, 0, 0, 0]);
    l4.extend(payload);
    with_l4_checksum(ipv4(flow, 6, &l4), 16)
}

fn with_l4_checksum(mut frame: Vec<u8>, at: usize) -> Vec<u8> {
    let sum = !sum(&pseudo(&frame));
    frame[L4 + at..L4 + at + 2].copy_from_slice(&sum.to_be_bytes());
    frame
}

/// What an L4 checksum is over: the pseudo-header and all that follows the IP header.
fn pseudo(frame: &[u8]) -> Vec<u8> {
    let mut bytes = frame[26..34].to_vec();
    bytes.extend([0, frame[23]]);
    bytes.extend(((frame.len() - L4) as u16).to_be_bytes());
    bytes.extend(&frame[L4..]);
    bytes
}

/// The ones' complement sum of 16-bit words.
fn sum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Whether the IPv4 header's checksum is right, and that of what follows.
pub fn checksums(frame: &[u8]) -> (bool, bool) {
    (sum(&frame[14..34]) == 0xffff, sum(&pseudo(frame)) == 0xffff)
}

/// Spoils both checksums.
pub fn spoil(mut frame: Vec<u8>) -> Vec<u8> {
    let l4 = L4 + if frame[23] == 6 { 16 } else { 6 };
    for at in [24, l4] {
        frame[at] ^= 0x5a;
    }
    frame
}

/// A frame that is no IP, of so many bytes, which can be told from others.
pub fn plain(flow: Flow, len: usize, number: u8) -> Vec<u8> {
    let mut frame = [flow.to.0, flow.from.0].concat();
    frame.extend([0x88, 0xb5]);
    frame.extend((14..len).map(|i| i as u8 ^ number));
    frame
}
