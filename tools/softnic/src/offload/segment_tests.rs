//! Checksums and segments, against what another crate makes of them.

use etherparse::{PacketBuilder, PacketHeaders, TransportHeader};
use proptest::prelude::*;

use super::checksum::Sum;
use super::headers::Network;
use super::*;

/// Bits of a write-back: IP and layer 4 checksums are right.
const RIGHT: u32 = 0x60;

/// A packet with right checksums, as another crate builds it: headers of 14, 20 or 40, and 20 or 8 bytes.
fn built(v6: bool, tcp: bool, payload: &[u8]) -> Vec<u8> {
    let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let ip = if v6 {
        ethernet.ipv6([0x20; 16], [0x30; 16], 64)
    } else {
        ethernet.ipv4([10, 1, 2, 3], [10, 4, 5, 6], 64)
    };
    let mut packet = Vec::new();
    if tcp {
        let step = ip.tcp(1111, 2222, 0xffff_ff00, 512).ack(77).fin().psh().cwr();
        step.write(&mut packet, payload).unwrap();
    } else {
        ip.udp(1111, 2222).write(&mut packet, payload).unwrap();
    }
    packet
}

/// What drivers leave to the device: an IPv4 checksum of zero, and the sum of the pseudo header, with or
/// without the length, in the field of layer 4.
fn prepare(packet: &mut [u8], v6: bool, tcp: bool, with_length: bool) -> (usize, usize) {
    let l4 = if v6 { 54 } else { 34 };
    if !v6 {
        packet[24..26].fill(0);
    }
    let addresses = if v6 { &packet[22..54] } else { &packet[26..34] };
    let length = if with_length { packet.len() - l4 } else { 0 };
    let sum = Sum::default().bytes(addresses).number(if tcp { 6 } else { 17 });
    let pseudo = sum.number(length as u32).folded();
    let field = l4 + if tcp { 16 } else { 6 };
    packet[field..field + 2].copy_from_slice(&pseudo.to_be_bytes());
    (l4, field)
}

fn kind(tcp: bool) -> Layer4 {
    if tcp { Layer4::Tcp } else { Layer4::Udp }
}

#[test]
fn udp_never_says_that_it_has_no_checksum() {
    let mut packet = built(false, false, &[0, 0]);
    let (l4, field) = prepare(&mut packet, false, false, true);
    // A payload with which the sum comes to zero.
    layer4_checksum(&mut packet[l4..], Layer4::Udp, 0);
    let complement = [packet[field], packet[field + 1]];
    packet[42..44].copy_from_slice(&complement);
    prepare(&mut packet, false, false, true);
    ipv4_checksum(&mut packet[14..34]);
    layer4_checksum(&mut packet[l4..], Layer4::Udp, 0);
    assert_eq!(packet[field..field + 2], [0xff, 0xff]);
    assert_eq!(Facts::of(&packet).status, RIGHT);
}

#[test]
fn sctp_gets_its_crc() {
    let mut message = vec![0, 7, 0, 9, 1, 2, 3, 4, 9, 9, 9, 9, 5, 6, 7];
    layer4_checksum(&mut message, Layer4::Sctp, 0);
    let found = <[u8; 4]>::try_from(&message[8..12]).unwrap();
    message[8..12].fill(0);
    assert_eq!(u32::from_le_bytes(found), crc32c::crc32c(&message));
}

#[test]
fn what_has_no_room_for_a_checksum_is_left_alone() {
    for kind in [Layer4::Udp, Layer4::Tcp, Layer4::Sctp] {
        let mut short = vec![1; kind.needed() - 1];
        layer4_checksum(&mut short, kind, 0);
        assert!(short.iter().all(|byte| *byte == 1));
    }
    let mut short = [1; 11];
    ipv4_checksum(&mut short);
    assert_eq!(short, [1; 11]);
}

proptest! {
    #[test]
    fn inserted_checksums_are_those_of_another_crate(
        payload in prop::collection::vec(any::<u8>(), 0..1500), v6: bool, tcp: bool,
    ) {
        let expected = built(v6, tcp, &payload);
        let mut packet = expected.clone();
        let (l4, _) = prepare(&mut packet, v6, tcp, true);
        if !v6 {
            ipv4_checksum(&mut packet[14..34]);
        }
        layer4_checksum(&mut packet[l4..], kind(tcp), 0);
        prop_assert_eq!(packet, expected);
    }

    #[test]
    fn segments_are_whole_packets_with_the_payload_in_order(
        payload in prop::collection::vec(any::<u8>(), 1..20_000),
        mss in 1usize..4000, v6: bool, tcp: bool,
    ) {
        let mut packet = built(v6, tcp, &payload);
        prepare(&mut packet, v6, tcp, false);
        let ip = if v6 { 40 } else { 20 };
        let l4 = if tcp { 20 } else { 8 };
        let how = Segmentation {
            mac: 14, ip, l4, mss, v4: !v6, kind: kind(tcp), ip_checksum: !v6, l4_checksum: true,
        };
        let count = how.count(packet.len());
        prop_assert_eq!(count, payload.len().div_ceil(mss));
        let id = u16::from_be_bytes([packet[18], packet[19]]);
        let mut seen = Vec::new();
        let mut segment = vec![0; how.headers() + mss];
        for at in 0..count {
            let len = how.write(&packet, at, &mut segment);
            let segment = &segment[..len];
            let facts = Facts::of(segment);
            prop_assert_eq!(facts.status, if v6 { 0x20 } else { RIGHT }, "segment {}", at);
            prop_assert_eq!(facts.flow.network == Network::V6, v6);
            let parsed = PacketHeaders::from_ethernet_slice(segment).unwrap();
            if !v6 {
                let expected = id.wrapping_add(at as u16);
                prop_assert_eq!(u16::from_be_bytes([segment[18], segment[19]]), expected);
            }
            if let Some(TransportHeader::Tcp(header)) = parsed.transport {
                let offset = 0xffff_ff00u32.wrapping_add(seen.len() as u32);
                prop_assert_eq!(header.sequence_number, offset);
                prop_assert_eq!((header.fin, header.psh), (at + 1 == count, at + 1 == count));
                prop_assert_eq!(header.cwr, at == 0);
                prop_assert!(header.ack);
            }
            let part = parsed.payload.slice();
            prop_assert!(part.len() == mss || at + 1 == count);
            seen.extend_from_slice(part);
        }
        prop_assert_eq!(seen, payload);
    }
}
