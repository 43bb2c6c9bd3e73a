//! Offloads as descriptors ask for them: what leaves is compared with what another crate builds.

use etherparse::PacketBuilder;

use super::rig::Rig;
use super::rx_ring::RxRing;
use super::tx_ring::*;

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

fn started(options: &str) -> (Rig, TxRing, [u8; 6]) {
    let mut rig = Rig::new(options);
    let mac = rig.open(0);
    let ring = TxRing::with_room(&mut rig, 0, 0, 64, 0, 16 * 1024);
    (rig, ring, mac)
}

/// A packet with right checksums.
fn built(from: [u8; 6], to: [u8; 6], v6: bool, tcp: bool, payload: &[u8]) -> Vec<u8> {
    let ethernet = PacketBuilder::ethernet2(from, to);
    let ip = if v6 {
        ethernet.ipv6([0x20; 16], [0x30; 16], 64)
    } else {
        ethernet.ipv4([10, 1, 2, 3], [10, 4, 5, 6], 64)
    };
    let mut packet = Vec::new();
    if tcp {
        ip.tcp(1111, 2222, 1000, 512).ack(77).fin().psh().write(&mut packet, payload).unwrap();
    } else {
        ip.udp(1111, 2222).write(&mut packet, payload).unwrap();
    }
    packet
}

/// The ones' complement sum of 16-bit words, as RFC 1071 has it, not inverted.
fn sum(parts: &[&[u8]]) -> u16 {
    let bytes = parts.concat();
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |b| u32::from(*b)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// What a driver leaves to the device: no IPv4 checksum, the pseudo header's sum with the length `len`
/// in place of that of TCP or UDP.
fn prepared(packet: &[u8], v6: bool, tcp: bool, len: usize) -> Vec<u8> {
    let mut packet = packet.to_vec();
    let l4 = if v6 { 54 } else { 34 };
    if !v6 {
        packet[24..26].fill(0);
    }
    let addresses = if v6 { &packet[22..54] } else { &packet[26..34] };
    let protocol = if tcp { 6 } else { 17 };
    let pseudo = sum(&[addresses, &[0, protocol], &(len as u16).to_be_bytes()]);
    let field = l4 + if tcp { 16 } else { 6 };
    packet[field..field + 2].copy_from_slice(&pseudo.to_be_bytes());
    packet
}

#[test]
fn checksums_are_inserted_where_the_context_says() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    for (v6, tcp) in [(false, false), (false, true), (true, false), (true, true)] {
        let expected = built(mac, PEER, v6, tcp, &[7; 777]);
        let l4 = expected.len() - if v6 { 54 } else { 34 };
        let packet = prepared(&expected, v6, tcp, l4);
        let kind = (if v6 { 0 } else { V4 }) | if tcp { L4_TCP } else { L4_UDP };
        let index = u64::from(tcp);
        ring.put(&rig, context([14, if v6 { 40 } else { 20 }, 0], 0, 0, kind | idx(index)));
        let work = TXSM | idx(index) | if v6 { 0 } else { IXSM };
        ring.put_packet(&rig, &[&packet[..40], &packet[40..]], work, CC, packet.len());
        ring.ring_doorbell(&mut rig);
        rig.settle();
        assert_eq!(rig.taken(), [expected], "IPv6 {v6}, TCP {tcp}");
    }
}

#[test]
fn one_checksum_without_the_other() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    let expected = built(mac, PEER, false, false, &[7; 100]);
    let packet = prepared(&expected, false, false, expected.len() - 34);
    ring.put(&rig, context([14, 20, 0], 0, 0, V4 | L4_UDP));
    for work in [IXSM, TXSM] {
        ring.put_packet(&rig, &[&packet], work, 0, packet.len());
    }
    ring.ring_doorbell(&mut rig);
    rig.settle();
    let taken = rig.taken();
    assert_eq!((&taken[0][24..26], &taken[0][40..42]), (&expected[24..26], &packet[40..42]));
    assert_eq!((&taken[1][24..26], &taken[1][40..42]), (&packet[24..26], &expected[40..42]));
}

#[test]
fn an_sctp_packet_gets_its_crc() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    let message = [0, 7, 0, 9, 1, 2, 3, 4, 0, 0, 0, 0, 1, 1, 0, 5, 9, 0, 0, 0];
    let mut packet = Vec::new();
    let builder = PacketBuilder::ethernet2(mac, PEER).ipv4([1; 4], [2; 4], 9);
    builder.write(&mut packet, etherparse::IpNumber::SCTP, &message).unwrap();
    ring.put(&rig, context([14, 20, 0], 0, 0, V4 | L4_SCTP));
    ring.put_packet(&rig, &[&packet], TXSM, 0, packet.len());
    ring.ring_doorbell(&mut rig);
    rig.settle();
    // Computed bit by bit, as RFC 9260, appendix A, describes it.
    let crc = !message.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 }
        })
    });
    assert_eq!(rig.taken()[0][42..46], crc.to_le_bytes());
}

#[test]
fn a_long_packet_leaves_in_segments() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    let payload: Vec<u8> = (0..10_000u32).map(|i| (i / 7) as u8).collect();
    for v6 in [false, true] {
        let whole = built(mac, PEER, v6, true, &payload);
        let packet = prepared(&whole, v6, true, 0);
        let ip = if v6 { 40 } else { 20 };
        let headers = 14 + ip as usize + 20;
        ring.put(&rig, context([14, ip, 20], 0, 1460, L4_TCP | if v6 { 0 } else { V4 }));
        let work = TSE | TXSM | if v6 { 0 } else { IXSM };
        let (a, b) = packet.split_at(3000);
        let at = ring.put_packet(&rig, &[&a[..headers], &a[headers..], b], work, 0, payload.len());
        ring.ring_doorbell(&mut rig);
        assert_eq!(rig.settle(), 7);
        assert!(ring.is_done(&rig, at));
        let mut sent = 0;
        for (n, got) in rig.taken().into_iter().enumerate() {
            let part = &payload[sent..payload.len().min(sent + 1460)];
            let ethernet = PacketBuilder::ethernet2(mac, PEER);
            let ip = if v6 {
                ethernet.ipv6([0x20; 16], [0x30; 16], 64)
            } else {
                let mut header = etherparse::Ipv4Header::new(
                    0,
                    64,
                    etherparse::IpNumber::TCP,
                    [10, 1, 2, 3],
                    [10, 4, 5, 6],
                )
                .unwrap();
                // etherparse numbers no packets; the device counts on from what is there.
                header.identification = u16::from_be_bytes([whole[18], whole[19]]) + n as u16;
                ethernet.ip(etherparse::IpHeaders::Ipv4(header, Default::default()))
            };
            let tcp = ip.tcp(1111, 2222, 1000 + sent as u32, 512).ack(77);
            let tcp = if n == 6 { tcp.fin().psh() } else { tcp };
            let mut expected = Vec::new();
            tcp.write(&mut expected, part).unwrap();
            assert_eq!(got, expected, "segment {n}");
            sent += part.len();
        }
        assert_eq!(sent, payload.len());
    }
    assert_eq!(rig.counters(0).tx_packets, 14);
}

#[test]
fn a_packet_of_many_segments_is_the_last_of_its_pass() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    let packet = prepared(&built(mac, PEER, false, true, &[1; 10_000]), false, true, 0);
    ring.put(&rig, context([14, 20, 20], 0, 10, V4 | L4_TCP));
    for _ in 0..2 {
        ring.put_packet(&rig, &[&packet], TSE | IXSM | TXSM, 0, 10_000);
    }
    ring.ring_doorbell(&mut rig);
    assert_eq!([rig.step(), rig.step(), rig.step()], [1000, 1000, 0]);
}

#[test]
fn segments_carry_the_tag_of_their_context() {
    let (mut rig, mut ring, mac) = started("vfs=2");
    assert_eq!(rig.ask(0, &[0x0001_0004, 5])[0] >> 31, 1, "VLAN 5");
    let whole = built(mac, PEER, false, false, &[1; 3000]);
    let packet = prepared(&whole, false, false, 0);
    ring.put(&rig, context([14, 20, 8], 0x6005, 1000, V4 | L4_UDP));
    ring.put_packet(&rig, &[&packet], TSE | IXSM | TXSM | VLE, 0, 3000);
    ring.ring_doorbell(&mut rig);
    assert_eq!(rig.settle(), 3);
    for got in rig.taken() {
        assert_eq!(got[12..18], [0x81, 0x00, 0x60, 0x05, 0x08, 0x00]);
        assert_eq!(
            softnic::Facts::of(&got),
            softnic::Facts::of(&{
                let mut right = built(mac, PEER, false, false, &[1; 1000]);
                right.splice(12..12, [0x81, 0x00, 0x60, 0x05]);
                right
            })
        );
    }
}

/// Extended status and packet type of what arrives.
#[test]
fn received_checksums_are_judged() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let mut ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
    let good = built(PEER, mac, false, true, &[1; 30]);
    let (mut bad_ip, mut bad_l4) = (good.clone(), good.clone());
    bad_ip[22] ^= 1;
    bad_l4[60] ^= 1;
    for packet in [&good, &bad_ip, &bad_l4] {
        rig.wire(packet);
    }
    rig.settle();
    let status: Vec<u64> = ring.poll(&mut rig).iter().map(|got| got.second & 0xffff_ffff).collect();
    // DD, EOP, L4CS, IPCS; IPE; L4E.
    assert_eq!(status, [0x63, 0x8000_0063, 0x4000_0063]);
    rig.wire(&good);
    rig.settle();
    assert_eq!(ring.poll(&mut rig)[0].first >> 4 & 0x1fff, 0x11, "IPv4, TCP");
}

/// Linux's ixgbe has the parser look at frames between VFs from X550 on only.
#[test]
fn frames_between_vfs_are_parsed_from_x550_on() {
    for (model, status, kind) in [("82599", 0x4_0003, 0), ("x550", 0x4_0063, 0x11)] {
        let mut rig = Rig::new(&format!("vfs=2,model={model}"));
        let (from, to) = (rig.open(0), rig.open(1));
        let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
        let mut rx = RxRing::start(&mut rig, 1, 0, 64, 2, 0);
        let packet = built(from, to, false, true, &[1; 30]);
        tx.put(&rig, context([14, 20, 20], 0, 0, V4 | L4_TCP));
        tx.put_packet(&rig, &[&packet], 0, CC, packet.len());
        tx.ring_doorbell(&mut rig);
        rig.settle();
        let got = rx.poll(&mut rig);
        assert_eq!((got.len(), &got[0].bytes), (1, &packet));
        assert_eq!((got[0].second & 0xffff_ffff, got[0].first >> 4 & 0x1fff), (status, kind));
        assert_eq!(got[0].first & 0xf, 0, "no RSS: it is not set up");
    }
}
