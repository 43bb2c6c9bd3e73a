//! Packets made by etherparse, and what is right about those that come back.

use std::ops::Range;

use etherparse::{
    IpHeaders, IpNumber, Ipv4Extensions, Ipv4Header, Ipv6Extensions, Ipv6FlowLabel, Ipv6Header,
    NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TransportSlice, UdpHeader, VlanId,
};
use softnic::Mac;

use super::crc::crc32c;

/// The internet layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ip {
    V4,
    /// With eight bytes of options.
    V4Options,
    V6,
}

/// The transport layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum L4 {
    Tcp,
    Udp,
    /// UDP without a checksum.
    UdpUnsummed,
    Sctp,
}

/// A packet whose checksums are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub from: Mac,
    pub to: Mac,
    /// A tag with this VID.
    pub vlan: Option<u16>,
    pub ip: Ip,
    /// Source and destination of the internet layer, of which `ip` takes one pair.
    pub v4: [[u8; 4]; 2],
    pub v6: [[u8; 16]; 2],
    /// Identification of IPv4.
    pub id: u16,
    pub l4: L4,
    /// Source and destination.
    pub ports: [u16; 2],
    /// The rest of TCP's header; its ports and checksum do not count.
    pub tcp: TcpHeader,
    pub payload: Vec<u8>,
}

/// A checksum in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sum {
    Ip,
    L4,
}

impl Packet {
    /// A packet with so many bytes of payload.
    pub fn new(from: Mac, to: Mac, ip: Ip, l4: L4, payload: usize) -> Packet {
        Packet {
            from,
            to,
            vlan: None,
            ip,
            v4: [[10, 1, 2, 3], [10, 4, 5, 6]],
            v6: [[0x20; 16], [0x2a; 16]],
            id: 0x1234,
            l4,
            ports: [4711, 1234],
            tcp: TcpHeader { ack: true, window_size: 500, ..TcpHeader::default() },
            payload: (0..payload).map(|i| (i * 7 + i / 251) as u8).collect(),
        }
    }

    /// Its bytes without FCS, 60 at least.
    pub fn bytes(&self) -> Vec<u8> {
        let headers = match self.ip {
            Ip::V4 | Ip::V4Options => {
                let mut header = Ipv4Header::new(0, 64, IpNumber::UDP, self.v4[0], self.v4[1])
                    .expect("a length of 0 is allowed");
                header.identification = self.id;
                if self.ip == Ip::V4Options {
                    header.options = [1; 8].into();
                }
                IpHeaders::Ipv4(header, Ipv4Extensions::default())
            }
            Ip::V6 => {
                let header = Ipv6Header {
                    traffic_class: 0,
                    flow_label: Ipv6FlowLabel::ZERO,
                    payload_length: 0,
                    next_header: IpNumber::UDP,
                    hop_limit: 64,
                    source: self.v6[0],
                    destination: self.v6[1],
                };
                IpHeaders::Ipv6(header, Ipv6Extensions::default())
            }
        };
        let ethernet = PacketBuilder::ethernet2(self.from, self.to);
        let ip = match self.vlan {
            Some(vid) => ethernet.single_vlan(VlanId::try_new(vid).unwrap()).ip(headers),
            None => ethernet.ip(headers),
        };
        let [from, to] = self.ports;
        let mut frame = Vec::new();
        match self.l4 {
            L4::Tcp => {
                let header =
                    TcpHeader { source_port: from, destination_port: to, ..self.tcp.clone() };
                ip.tcp_header(header).write(&mut frame, &self.payload)
            }
            L4::Udp | L4::UdpUnsummed => ip.udp(from, to).write(&mut frame, &self.payload),
            L4::Sctp => ip.write(&mut frame, IpNumber::SCTP, &self.sctp()),
        }
        .unwrap();
        if self.l4 == L4::UdpUnsummed {
            frame[self.sum(Sum::L4)].fill(0);
        }
        frame.resize(frame.len().max(60), 0);
        frame
    }

    /// An SCTP packet: ports, verification tag, checksum, then what should be chunks.
    fn sctp(&self) -> Vec<u8> {
        let mut message: Vec<u8> = self.ports.iter().flat_map(|port| port.to_be_bytes()).collect();
        message.extend([1, 2, 3, 4, 0, 0, 0, 0]);
        message.extend(&self.payload);
        let crc = crc32c(&message);
        message[8..12].copy_from_slice(&crc);
        message
    }

    /// Where the internet layer begins.
    fn ip_at(&self) -> usize {
        if self.vlan.is_some() { 18 } else { 14 }
    }

    /// Where the transport layer begins.
    pub fn l4_at(&self) -> usize {
        self.ip_at()
            + match self.ip {
                Ip::V4 => 20,
                Ip::V4Options => 28,
                Ip::V6 => 40,
            }
    }

    fn sum(&self, which: Sum) -> Range<usize> {
        let (at, len) = match (which, self.l4) {
            (Sum::Ip, _) => (self.ip_at() + 10, 2),
            (Sum::L4, L4::Tcp) => (self.l4_at() + 16, 2),
            (Sum::L4, L4::Udp | L4::UdpUnsummed) => (self.l4_at() + 6, 2),
            (Sum::L4, L4::Sctp) => (self.l4_at() + 8, 4),
        };
        at..at + len
    }

    /// Its bytes with these checksums wrong.
    pub fn with_wrong(&self, sums: &[Sum]) -> Vec<u8> {
        let mut frame = self.bytes();
        for sum in sums {
            frame[self.sum(*sum)][1] ^= 0x5a;
        }
        frame
    }
}

/// Whether a frame's IPv4 header has the right checksum, and what that carries; none where there is
/// no such checksum.
#[track_caller]
pub fn checksums(frame: &[u8]) -> (Option<bool>, Option<bool>) {
    let packet = SlicedPacket::from_ethernet(frame)
        .unwrap_or_else(|error| panic!("no packet: {error}: {frame:02x?}"));
    let tcp_or_udp = |tcp: &dyn Fn(&etherparse::TcpSlice<'_>) -> u16,
                      udp: &dyn Fn(&UdpHeader, &[u8]) -> u16| {
        match &packet.transport {
            Some(TransportSlice::Tcp(slice)) => Some(tcp(slice) == slice.checksum()),
            Some(TransportSlice::Udp(slice)) if slice.checksum() != 0 => {
                Some(udp(&slice.to_header(), slice.payload()) == slice.checksum())
            }
            _ => None,
        }
    };
    match &packet.net {
        Some(NetSlice::Ipv4(slice)) => {
            let header = slice.header().to_header();
            let (from, to) = (header.source, header.destination);
            let l4 =
                tcp_or_udp(&|tcp| tcp.calc_checksum_ipv4(from, to).unwrap(), &|udp, payload| {
                    udp.calc_checksum_ipv4_raw(from, to, payload).unwrap()
                });
            (Some(header.calc_header_checksum() == header.header_checksum), l4)
        }
        Some(NetSlice::Ipv6(slice)) => {
            let header = slice.header().to_header();
            let (from, to) = (header.source, header.destination);
            let l4 =
                tcp_or_udp(&|tcp| tcp.calc_checksum_ipv6(from, to).unwrap(), &|udp, payload| {
                    udp.calc_checksum_ipv6_raw(from, to, payload).unwrap()
                });
            (None, l4)
        }
        _ => (None, None),
    }
}

#[test]
fn right_checksums_are_told_from_wrong_ones() {
    for ip in [Ip::V4, Ip::V4Options, Ip::V6] {
        for l4 in [L4::Tcp, L4::Udp] {
            let packet = Packet { vlan: Some(5), ..Packet::new([2; 6], [4; 6], ip, l4, 33) };
            let has_sum = (ip != Ip::V6).then_some(true);
            assert_eq!(checksums(&packet.bytes()), (has_sum, Some(true)));
            assert_eq!(checksums(&packet.with_wrong(&[Sum::L4])), (has_sum, Some(false)));
            if ip != Ip::V6 {
                let wrong = packet.with_wrong(&[Sum::Ip]);
                assert_eq!(checksums(&wrong), (Some(false), Some(true)));
            }
        }
    }
}
