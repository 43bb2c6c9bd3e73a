//! Packets with IP headers.

use barline::MacAddress;

/// The sum that the internet's checksums are made of.
fn sum(bytes: &[u8]) -> u32 {
    let words =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
    words.sum()
}

fn fold(sum: u32) -> u16 {
    let once = (sum & 0xffff) + (sum >> 16);
    !((once & 0xffff) + (once >> 16)) as u16
}

/// A segment of TCP, all but its checksum.
fn tcp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut tcp = [&port.to_be_bytes()[..], &[0, 80], &[0, 0, 0, 1], &[0; 4]].concat();
    tcp.extend([0x50, 0x10, 0x20, 0, 0, 0, 0, 0]);
    [&tcp[..], payload].concat()
}

fn udp(port: u16) -> Vec<u8> {
    [&port.to_be_bytes()[..], &[0, 53], &[0, 8 + TEXT.len() as u8], &[0, 0], TEXT].concat()
}

/// Makes frames long enough.
const TEXT: &[u8] = b"twenty bytes of text";

/// The checksum of what is above IP, put at `at`.
fn seal(mut l4: Vec<u8>, at: usize, addresses: &[u8], protocol: u8) -> Vec<u8> {
    let pseudo = sum(addresses) + u32::from(protocol) + l4.len() as u32;
    let checksum = fold(pseudo + sum(&l4));
    l4[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    l4
}

fn ethernet(to: MacAddress, from: MacAddress, ethertype: u16, rest: &[u8]) -> Vec<u8> {
    let mut frame = [&to.0[..], &from.0, &ethertype.to_be_bytes(), rest].concat();
    frame.resize(frame.len().max(60), 0);
    frame
}

fn ipv4(to: MacAddress, from: MacAddress, protocol: u8, l4: Vec<u8>, checksum: usize) -> Vec<u8> {
    let addresses = [10, 0, 0, 1, 10, 0, 0, 2];
    let l4 = seal(l4, checksum, &addresses, protocol);
    let length = (20 + l4.len() as u16).to_be_bytes();
    let mut header = [0x45, 0, length[0], length[1], 0, 0, 0, 0, 64, protocol, 0, 0].to_vec();
    header.extend(addresses);
    let checksum = fold(sum(&header)).to_be_bytes();
    header[10..12].copy_from_slice(&checksum);
    ethernet(to, from, 0x0800, &[header, l4].concat())
}

/// TCP over IPv4 from a port.
pub fn tcp4(to: MacAddress, from: MacAddress, port: u16) -> Vec<u8> {
    tcp4_with(to, from, port, TEXT)
}

/// The same with a payload.
pub fn tcp4_with(to: MacAddress, from: MacAddress, port: u16, payload: &[u8]) -> Vec<u8> {
    ipv4(to, from, 6, tcp(port, payload), 16)
}

/// UDP over IPv4 from a port.
pub fn udp4(to: MacAddress, from: MacAddress, port: u16) -> Vec<u8> {
    ipv4(to, from, 17, udp(port), 6)
}

/// TCP over IPv6 from a port.
pub fn tcp6(to: MacAddress, from: MacAddress, port: u16) -> Vec<u8> {
    let addresses: [u8; 32] = std::array::from_fn(|i| if i % 16 == 0 { 0xfd } else { i as u8 });
    let l4 = seal(tcp(port, TEXT), 16, &addresses, 6);
    let mut header = vec![0x60, 0, 0, 0, 0, l4.len() as u8, 6, 64];
    header.extend(addresses);
    ethernet(to, from, 0x86dd, &[header, l4].concat())
}
