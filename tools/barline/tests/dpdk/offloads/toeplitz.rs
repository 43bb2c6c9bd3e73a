//! The hash of receive-side scaling, as Microsoft's specification has it: bit by bit.

use super::packets::{Ip, L4, Packet};

/// The key of Microsoft's "Verifying the RSS Hash Calculation", which is the PF's in the adapter.
pub const MICROSOFT: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
    0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
    0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// What of a packet is hashed, beyond its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub tcp: bool,
    pub udp: bool,
}

/// The hash of a packet.
pub fn hash(key: &[u8; 40], packet: &Packet, ports: Ports) -> u32 {
    let [from, to] = packet.ports;
    let mut input = match packet.ip {
        Ip::V4 | Ip::V4Options => packet.v4.concat(),
        Ip::V6 => packet.v6.concat(),
    };
    let with_ports = match packet.l4 {
        L4::Tcp => ports.tcp,
        L4::Udp | L4::UdpUnsummed => ports.udp,
        L4::Sctp => false,
    };
    if with_ports {
        input.extend(from.to_be_bytes());
        input.extend(to.to_be_bytes());
    }
    toeplitz(key, &input)
}

/// For each bit of the input that is set, from the first on, 32 bits of the key are added: those from
/// the bit of the same number on.
pub fn toeplitz(key: &[u8; 40], input: &[u8]) -> u32 {
    let bit = |bytes: &[u8], at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let window = |at: usize| (0..32).fold(0, |word, i| word << 1 | u32::from(bit(key, at + i)));
    (0..8 * input.len()).filter(|at| bit(input, *at) == 1).fold(0, |sum, at| sum ^ window(at))
}

/// Microsoft's first vectors: source, destination, ports; for IPv4 and IPv6, without and with ports.
#[test]
fn the_published_hashes_come_out() {
    let v4 = [[66, 9, 149, 187], [161, 142, 100, 80]].concat();
    let ports = [2794u16.to_be_bytes(), 1766u16.to_be_bytes()].concat();
    assert_eq!(toeplitz(&MICROSOFT, &v4), 0x323e_8fc2);
    assert_eq!(toeplitz(&MICROSOFT, &[v4, ports.clone()].concat()), 0x51cc_c178);
    let words =
        [[0x3ffe, 0x2501, 0x200, 0x1fff, 0, 0, 0, 7], [0x3ffe, 0x2501, 0x200, 3, 0, 0, 0, 1]];
    let v6: Vec<u8> = words.concat().into_iter().flat_map(u16::to_be_bytes).collect();
    assert_eq!(toeplitz(&MICROSOFT, &v6), 0x2cc1_8cd5);
    assert_eq!(toeplitz(&MICROSOFT, &[v6, ports].concat()), 0x4020_7d3d);
}
