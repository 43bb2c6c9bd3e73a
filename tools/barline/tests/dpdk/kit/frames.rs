//! Frames that tell which they are: a number, and bytes that follow from it.

use barline::MacAddress;
use etherparse::PacketBuilder;

/// Shortest and longest frame of an Ethernet without FCS.
pub const SHORTEST: usize = 60;
pub const STANDARD: usize = 1514;

/// The simple mixture of sizes: 7 of 64 bytes, 4 of 594, 1 of 1518, each with FCS.
const IMIX: [usize; 12] = [60, 590, 60, 60, 590, 60, 1514, 60, 590, 60, 590, 60];

/// Addresses and ports of what [`Kind`] makes.
const IPV4: [[u8; 4]; 2] = [[10, 1, 2, 3], [10, 4, 5, 6]];
const IPV6: [[u8; 16]; 2] = [[0x20; 16], [0x2a; 16]];
const PORTS: [u16; 2] = [4711, 53];

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The EtherType for experiments (IEEE 802), and no protocol.
    Plain,
    Udp4,
    Tcp4,
    Udp6,
    Tcp6,
}

impl Kind {
    /// Those with a five-tuple.
    pub const TUPLES: [Kind; 4] = [Kind::Udp4, Kind::Tcp4, Kind::Udp6, Kind::Tcp6];

    /// Bytes of the headers.
    pub fn header(self) -> usize {
        14 + match self {
            Kind::Plain => 0,
            Kind::Udp4 => 20 + 8,
            Kind::Tcp4 => 20 + 20,
            Kind::Udp6 => 40 + 8,
            Kind::Tcp6 => 40 + 20,
        }
    }
}

/// Between whom.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub from: MacAddress,
    pub to: MacAddress,
}

/// The frame of that number, of `len` bytes without FCS, or of as many as its headers and the number
/// take if these are more. Its checksums are right.
pub fn frame(kind: Kind, way: Way, number: u32, len: usize) -> Vec<u8> {
    let payload = payload(number, len.saturating_sub(kind.header()).max(4));
    let mut frame = Vec::with_capacity(len);
    if kind == Kind::Plain {
        frame.extend(way.to.0);
        frame.extend(way.from.0);
        frame.extend([0x88, 0xb5]);
        frame.extend(payload);
        return frame;
    }
    let ethernet = PacketBuilder::ethernet2(way.from.0, way.to.0);
    let ip = match kind {
        Kind::Udp4 | Kind::Tcp4 => ethernet.ipv4(IPV4[0], IPV4[1], 64),
        _ => ethernet.ipv6(IPV6[0], IPV6[1], 64),
    };
    let written = match kind {
        Kind::Udp4 | Kind::Udp6 => ip.udp(PORTS[0], PORTS[1]).write(&mut frame, &payload),
        _ => ip.tcp(PORTS[0], PORTS[1], number, 1024).write(&mut frame, &payload),
    };
    written.expect("a frame of a length that its protocols allow");
    frame
}

/// The number, and bytes that no other number has.
fn payload(number: u32, len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len + 8);
    bytes.extend(number.to_le_bytes());
    let mut word = u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    while bytes.len() < len {
        word = word.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        bytes.extend((word ^ word >> 32).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Every length from the shortest to the longest standard frame, without FCS.
pub fn all_sizes() -> impl Iterator<Item = usize> {
    SHORTEST..=STANDARD
}

/// Lengths of a mixture, without FCS.
pub fn imix(count: usize) -> impl Iterator<Item = usize> {
    IMIX.into_iter().cycle().take(count)
}

/// The frame with the two addresses of its Ethernet header exchanged.
pub fn swap_macs(mut frame: Vec<u8>) -> Vec<u8> {
    frame[..12].rotate_left(6);
    frame
}

/// The frame with the addresses of Ethernet and IP, and the ports, exchanged. No checksum changes by
/// that, since each is a sum.
pub fn swap_tuple(kind: Kind, frame: Vec<u8>) -> Vec<u8> {
    let mut frame = swap_macs(frame);
    let (ip, address) = match kind {
        Kind::Plain => return frame,
        Kind::Udp4 | Kind::Tcp4 => (14 + 12, 4),
        Kind::Udp6 | Kind::Tcp6 => (14 + 8, 16),
    };
    let ports = ip + 2 * address;
    frame[ip..ports].rotate_left(address);
    frame[ports..ports + 4].rotate_left(2);
    frame
}
