//! The parser of received frames, against packets that another crate builds.

use etherparse::{IpNumber, PacketBuilder};
use proptest::prelude::*;

use super::facts::Transport;
use super::headers::Network;
use super::*;

const IPCS: u32 = 0x40;
const L4CS: u32 = 0x20;
const IPE: u32 = 0x8000_0000;
const L4E: u32 = 0x4000_0000;

/// `IXGBE_RXDADV_PKTTYPE_*`, from bit 0 on.
const IPV4: u16 = 0x01;
const IPV4_EX: u16 = 0x02;
const IPV6: u16 = 0x04;
const IPV6_EX: u16 = 0x08;
const TCP: u16 = 0x10;
const UDP: u16 = 0x20;
const SCTP: u16 = 0x40;

fn ethernet() -> etherparse::PacketBuilderStep<etherparse::Ethernet2Header> {
    PacketBuilder::ethernet2([2; 6], [4; 6])
}

macro_rules! built {
    ($builder:expr, $protocol:expr, $payload:expr) => {{
        let mut frame = Vec::new();
        $builder.write(&mut frame, $protocol, $payload).unwrap();
        frame
    }};
    ($builder:expr, $payload:expr) => {{
        let mut frame = Vec::new();
        $builder.write(&mut frame, $payload).unwrap();
        frame
    }};
}

fn udp4(payload: &[u8]) -> Vec<u8> {
    built!(ethernet().ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(7, 9), payload)
}

fn tcp6(payload: &[u8]) -> Vec<u8> {
    built!(ethernet().ipv6([1; 16], [2; 16], 64).tcp(7, 9, 1, 1), payload)
}

#[test]
fn protocols_and_right_checksums_are_found() {
    let tcp4 = built!(ethernet().ipv4([1; 4], [2; 4], 9).tcp(1, 2, 3, 4), &[5; 11]);
    let facts = Facts::of(&tcp4);
    assert_eq!((facts.packet_type, facts.status), (IPV4 | TCP, IPCS | L4CS));
    let flow = facts.flow;
    assert_eq!((flow.network, flow.transport), (Network::V4, Transport::Tcp));
    assert_eq!((flow.addresses, flow.ports), (26, 34));

    let facts = Facts::of(&udp4(&[1, 2, 3]));
    assert_eq!((facts.packet_type, facts.status), (IPV4 | UDP, IPCS | L4CS));
    let facts = Facts::of(&tcp6(&[1, 2, 3]));
    assert_eq!((facts.packet_type, facts.status), (IPV6 | TCP, L4CS));
    assert_eq!((facts.flow.addresses, facts.flow.ports), (22, 54));
    let udp6 = built!(ethernet().ipv6([1; 16], [2; 16], 64).udp(7, 9), &[0; 3]);
    let facts = Facts::of(&udp6);
    assert_eq!((facts.packet_type, facts.status), (IPV6 | UDP, L4CS));
}

#[test]
fn a_tag_is_looked_behind_and_padding_is_not_summed() {
    let id = etherparse::VlanId::try_new(5).unwrap();
    let mut tagged =
        built!(ethernet().single_vlan(id).ipv4([1; 4], [2; 4], 9).udp(1, 2), &[1, 2, 3]);
    tagged.resize(60, 0xff);
    let facts = Facts::of(&tagged);
    assert_eq!((facts.packet_type, facts.status), (IPV4 | UDP, IPCS | L4CS));
    assert_eq!((facts.flow.addresses, facts.flow.ports), (30, 38));
}

#[test]
fn each_wrong_checksum_is_told_apart() {
    let right = udp4(&[1, 2, 3]);
    let changed = |at: usize| {
        let mut frame = right.clone();
        frame[at] ^= 0x10;
        Facts::of(&frame).status
    };
    assert_eq!(changed(22), IPCS | L4CS | IPE, "time to live");
    assert_eq!(changed(42), IPCS | L4CS | L4E, "payload");
    assert_eq!(changed(27), IPCS | L4CS | IPE | L4E, "address");
    let mut tcp = tcp6(&[1, 2, 3]);
    tcp[25] ^= 1;
    assert_eq!(Facts::of(&tcp).status, L4CS | L4E);
}

#[test]
fn a_datagram_without_a_checksum_is_not_judged() {
    let mut frame = udp4(&[1, 2, 3]);
    frame[40..42].copy_from_slice(&[0, 0]);
    let facts = Facts::of(&frame);
    assert_eq!((facts.packet_type, facts.status), (IPV4 | UDP, IPCS));
    assert_eq!(facts.flow.transport, Transport::Udp, "it has ports all the same");
}

#[test]
fn a_fragment_has_no_transport() {
    let mut frame = udp4(&[1; 40]);
    frame[20] = 0x20;
    let facts = Facts::of(&frame);
    assert_eq!((facts.packet_type, facts.status & !IPE), (IPV4, IPCS));
    assert_eq!((facts.flow.network, facts.flow.transport), (Network::V4, Transport::Other));

    let mut extended = tcp6(&[1, 2, 3]);
    extended[20] = 44;
    extended.splice(54..54, [6, 0, 0, 1, 0, 0, 0, 9]);
    let len = (extended.len() - 54) as u16;
    extended[18..20].copy_from_slice(&len.to_be_bytes());
    let facts = Facts::of(&extended);
    assert_eq!((facts.packet_type, facts.status), (IPV6 | IPV6_EX, 0));
    assert_eq!(facts.flow.transport, Transport::Other);
}

#[test]
fn options_and_extension_headers_are_passed_over() {
    let options = [1; 8];
    let header = built!(
        ethernet()
            .ip(etherparse::IpHeaders::Ipv4(
                etherparse::Ipv4Header {
                    options: options.into(),
                    ..etherparse::Ipv4Header::new(0, 9, IpNumber::UDP, [1; 4], [2; 4]).unwrap()
                },
                etherparse::Ipv4Extensions::default(),
            ))
            .udp(1, 2),
        &[1, 2, 3]
    );
    let facts = Facts::of(&header);
    assert_eq!((facts.packet_type, facts.status), (IPV4 | IPV4_EX | UDP, IPCS | L4CS));
    assert_eq!(facts.flow.ports, 42);

    let mut frame = tcp6(&[1, 2, 3]);
    frame[20] = 0;
    frame.splice(54..54, [6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let len = (frame.len() - 54) as u16;
    frame[18..20].copy_from_slice(&len.to_be_bytes());
    let facts = Facts::of(&frame);
    assert_eq!((facts.packet_type, facts.status), (IPV6 | IPV6_EX | TCP, L4CS));
    assert_eq!(facts.flow.ports, 70);
}

#[test]
fn sctp_is_summed_its_own_way() {
    let chunk = [1, 2, 3, 4, 5];
    let mut message = vec![0, 7, 0, 9, 1, 2, 3, 4, 0, 0, 0, 0];
    message.extend(chunk);
    let crc = crc32c::crc32c(&message);
    message[8..12].copy_from_slice(&crc.to_le_bytes());
    let mut frame = built!(ethernet().ipv4([1; 4], [2; 4], 9), IpNumber::SCTP, &message);
    let facts = Facts::of(&frame);
    assert_eq!((facts.packet_type, facts.status), (IPV4 | SCTP, IPCS | L4CS));
    assert_eq!(facts.flow.transport, Transport::Other, "RSS knows no SCTP");
    *frame.last_mut().unwrap() ^= 1;
    assert_eq!(Facts::of(&frame).status, IPCS | L4CS | L4E);
}

#[test]
fn what_is_cut_off_is_not_there() {
    let whole = udp4(&[1; 30]);
    for len in 0..whole.len() {
        let facts = Facts::of(&whole[..len]);
        let expected = if len < 34 { (0, 0) } else { (IPV4, IPCS) };
        assert_eq!((facts.packet_type, facts.status), expected, "{len} bytes");
    }
}

proptest! {
    #[test]
    fn anything_can_be_parsed(mut frame in prop::collection::vec(any::<u8>(), 0..200), pick in 0..4) {
        let types = [[8, 0, 0x45], [8, 0, 0x4f], [0x86, 0xdd, 0x60], [0x81, 0, 0]];
        for (to, from) in frame.iter_mut().skip(12).zip(types[pick as usize]) {
            *to = from;
        }
        let facts = Facts::of(&frame);
        let flow = facts.flow;
        if flow.network == Network::V4 {
            prop_assert!(usize::from(flow.addresses) + 8 <= frame.len());
        }
        if flow.transport != Transport::Other {
            prop_assert!(usize::from(flow.ports) + 4 <= frame.len());
        }
    }

    #[test]
    fn built_packets_are_right_until_a_bit_flips(
        payload in prop::collection::vec(any::<u8>(), 0..1500), tcp: bool, v6: bool, flip: usize,
    ) {
        let mut frame = match (v6, tcp) {
            (false, false) => udp4(&payload),
            (false, true) => built!(ethernet().ipv4([9; 4], [8; 4], 9).tcp(1, 2, 3, 4), &payload),
            (true, false) => built!(ethernet().ipv6([9; 16], [8; 16], 9).udp(1, 2), &payload),
            (true, true) => tcp6(&payload),
        };
        let facts = Facts::of(&frame);
        prop_assert_eq!(facts.status & (IPE | L4E), 0);
        prop_assert_eq!(facts.status & L4CS, L4CS);
        // Behind the headers, a flipped bit is always a wrong checksum.
        let start = usize::from(facts.flow.ports) + 8;
        if start + 12 < frame.len() {
            let at = start + 12 + flip % (frame.len() - start - 12);
            frame[at] ^= 1 << (flip % 8);
            prop_assert_eq!(Facts::of(&frame).status & L4E, L4E);
        }
    }
}
