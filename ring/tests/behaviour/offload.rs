//! Asking for offloads: what becomes of a packet's bytes, and what is refused.

use barline_ring::{Flags, IpVersion, L4Protocol, OffloadError, Pool, TxOffload};

use super::contexts::{append, traffic};
use crate::model::{Ip, Report, Rig, Sum, Traffic};

const ROOM: usize = 1024;

#[test]
fn headers_are_made_ready_for_checksums() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(8);
    // Addresses 192.168.0.1 and 192.168.0.199: they sum up to c0a8 + 0001 + c0a8 + 00c7 = 18218, so
    // 8219 with the carry.
    let addresses = [192, 168, 0, 1, 192, 168, 0, 199];
    for (protocol, offset, payload) in [(6, 16, 600), (17, 6, 600), (17, 6, 601)] {
        let udp = Traffic { payload, ..traffic(Ip::V4(0), protocol) };
        let mut bytes = udp.bytes();
        bytes[26..34].copy_from_slice(&addresses);
        let mut packet = batch.alloc(udp.len()).unwrap();
        packet.copy_from(&bytes);
        packet.request_checksums().unwrap();
        bytes[24..26].fill(0);
        let above_ip = (udp.len() - 34) as u16;
        let sum = 0x8219 + u16::from(protocol) + above_ip;
        bytes[34 + offset..][..2].copy_from_slice(&sum.to_be_bytes());
        assert!(packet.head().data() == bytes, "protocol {protocol}");
        batch.clear();
    }
    // Segments: no lengths, and none in the sum.
    let tcp = traffic(Ip::V4(0), 6);
    let mut bytes = tcp.bytes();
    bytes[26..34].copy_from_slice(&addresses);
    let mut packet = batch.alloc(tcp.len()).unwrap();
    packet.copy_from(&bytes);
    packet.request_segmentation(100).unwrap();
    for zeroed in [16..18, 24..26] {
        bytes[zeroed].fill(0);
    }
    bytes[50..52].copy_from_slice(&(0x8219u16 + 6).to_be_bytes());
    assert!(packet.head().data() == bytes);
    // IPv6 has a length and no checksum.
    let tcp = traffic(Ip::V6(0), 6);
    let mut bytes = tcp.bytes();
    bytes[22..54].fill(0);
    bytes[22..30].copy_from_slice(&addresses);
    let mut packet = batch.alloc(tcp.len()).unwrap();
    packet.copy_from(&bytes);
    packet.request_segmentation(100).unwrap();
    bytes[18..20].fill(0);
    bytes[70..72].copy_from_slice(&(0x8219u16 + 6).to_be_bytes());
    assert!(packet.head().data() == bytes);
    // SCTP's is the device's alone.
    let sctp = traffic(Ip::V6(1), 132);
    let mut bytes = sctp.bytes();
    append(&mut batch, &sctp);
    let mut packets: Vec<_> = batch.packets_mut().collect();
    let packet = packets.last_mut().unwrap();
    packet.request_checksums().unwrap();
    bytes[14 + 48 + 8..][..4].fill(0);
    assert!(packet.head().data() == bytes);
}

#[test]
fn a_request_is_told_and_cleared() {
    for rig in Rig::each(64, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut device) = rig.rx::<barline_ring::Adv82599>(64, 4);
        let mut batch = pool.batch(8);
        let tcp = Traffic { payload: 1500, ..traffic(Ip::V4(0), 6) };
        let report = Report {
            types: 0b1_0001,
            rss: Some((1, 0xdead_beef)),
            vlan: Some(9),
            ip: Sum::Good,
            l4: Sum::Good,
            ..Report::good(0, true)
        };
        let fragments = device.cut(&tcp.bytes(), &report);
        device.send(fragments);
        device.step(2);
        rx.poll(&mut batch);
        let mut packet = batch.packets_mut().next().unwrap();
        assert_eq!(packet.as_ref().head().rss().unwrap().value, 0xdead_beef);
        let asked = packet.request_checksums().unwrap();
        let expected = TxOffload {
            l2_len: 14,
            ip: IpVersion::V4,
            l3_len: 20,
            ip_checksum: true,
            l4: Some(L4Protocol::Tcp),
            l4_len: 20,
            mss: None,
        };
        assert_eq!((asked, asked.header_len()), (expected, 54));
        assert_eq!(packet.as_ref().offload(), Some(expected));
        // What reception knew is gone, but not the tag, and the packet is whole.
        let request = Flags::IPV4 | Flags::TCP | Flags::IP_CHECKSUM | Flags::L4_CHECKSUM;
        let head = packet.as_ref().head();
        assert_eq!(head.flags(), request | Flags::VLAN | Flags::MORE);
        assert_eq!((head.vlan(), head.rss_hash(), head.rss()), (Some(9), None, None));
        assert_eq!(packet.as_ref().frame_count(), 2);
        // Another request takes its place; IPv4 segments always have a header checksum.
        let segments = TxOffload { ip_checksum: false, mss: Some(1400), ..expected };
        packet.set_offload(&segments).unwrap();
        let segments = TxOffload { ip_checksum: true, ..segments };
        assert_eq!(packet.as_ref().offload(), Some(segments));
        assert!(packet.as_ref().head().flags().contains(Flags::SEGMENT));
        packet.clear_offload();
        assert_eq!(packet.as_ref().offload(), None);
        let request = Flags::IPV4 | Flags::TCP | Flags::VLAN | Flags::MORE;
        assert_eq!(packet.as_ref().head().flags(), request);
        drop(batch);
        rig.release_rx(rx, device);
    }
}

/// A packet that cannot have what it asks for, why, and what the message says.
type Refusal = (Vec<u8>, fn(TxOffload) -> TxOffload, OffloadError, &'static str);

/// The packet's bytes with some of them changed.
fn with(traffic: &Traffic, changes: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = traffic.bytes();
    changes.iter().for_each(|&(at, value)| bytes[at] = value);
    bytes
}

fn refusals() -> Vec<Refusal> {
    use OffloadError as E;
    let same: fn(TxOffload) -> TxOffload = |all| all;
    let v4 = traffic(Ip::V4(0), 6);
    let v6 = traffic(Ip::V6(0), 6);
    let udp = traffic(Ip::V4(0), 17);
    let mismatch = |what, asked, found| E::Mismatch { what, asked, found };
    let packet_len = |what, stated, actual| E::PacketLen { what, stated, actual };
    vec![
        // The request by itself.
        (v4.bytes(), |all| TxOffload { l2_len: 13, ..all }, E::L2Len(13), "13 bytes"),
        (v4.bytes(), |all| TxOffload { l2_len: 128, ..all }, E::L2Len(128), "14 to 127"),
        (
            v4.bytes(),
            |all| TxOffload { l3_len: 16, ..all },
            E::L3Len(IpVersion::V4, 16),
            "20 to 60",
        ),
        (v4.bytes(), |all| TxOffload { l3_len: 64, ..all }, E::L3Len(IpVersion::V4, 64), "64"),
        (v4.bytes(), |all| TxOffload { l3_len: 22, ..all }, E::L3Len(IpVersion::V4, 22), "of 4"),
        (
            v6.bytes(),
            |all| TxOffload { l3_len: 36, ..all },
            E::L3Len(IpVersion::V6, 36),
            "40 to 508",
        ),
        (v6.bytes(), |all| TxOffload { l3_len: 512, ..all }, E::L3Len(IpVersion::V6, 512), "512"),
        (
            v4.bytes(),
            |all| TxOffload { l4_len: 16, ..all },
            E::L4Len(Some(L4Protocol::Tcp), 16),
            "16 bytes: it has 20 to 60",
        ),
        (
            v4.bytes(),
            |all| TxOffload { l4_len: usize::MAX, ..all },
            E::L4Len(Some(L4Protocol::Tcp), usize::MAX),
            "TCP",
        ),
        (
            udp.bytes(),
            |all| TxOffload { l4_len: 12, ..all },
            E::L4Len(Some(L4Protocol::Udp), 12),
            "UDP: it has 8",
        ),
        (
            traffic(Ip::V4(0), 132).bytes(),
            |all| TxOffload { l4_len: 8, ..all },
            E::L4Len(Some(L4Protocol::Sctp), 8),
            "SCTP: it has 12",
        ),
        (v4.bytes(), |all| TxOffload { l4: None, ..all }, E::L4Len(None, 20), "give 0"),
        (
            v4.bytes(),
            |all| TxOffload { ip_checksum: false, l4: None, l4_len: 0, ..all },
            E::Nothing,
            "clear_offload",
        ),
        (v6.bytes(), |all| TxOffload { ip_checksum: true, ..all }, E::NoIpChecksum, "IPv6"),
        (v4.bytes(), |all| TxOffload { mss: Some(16), ..all }, E::Mss(16), "17 to 16383"),
        (v4.bytes(), |all| TxOffload { mss: Some(16384), ..all }, E::Mss(16384), "16384"),
        (
            udp.bytes(),
            |all| TxOffload { mss: Some(100), ..all },
            E::SegmentsOf(Some(L4Protocol::Udp)),
            "of UDP",
        ),
        (
            v4.bytes(),
            |all| TxOffload { l4: None, l4_len: 0, mss: Some(100), ..all },
            E::SegmentsOf(None),
            "TCP only",
        ),
        (
            traffic(Ip::V6(21), 6).bytes(),
            |all| TxOffload { mss: Some(100), ..all },
            E::HeaderLen(242),
            "up to 240",
        ),
        // The request and the bytes.
        (
            v4.bytes(),
            |all| TxOffload { l3_len: 24, ..all },
            mismatch("the IP header's length", 24, 20),
            "20 in the packet and 24",
        ),
        (
            v4.bytes(),
            |all| TxOffload { l4_len: 24, ..all },
            mismatch("the L4 header's length", 24, 20),
            "must agree",
        ),
        (
            v4.bytes(),
            |all| TxOffload { l4: Some(L4Protocol::Udp), l4_len: 8, ..all },
            mismatch("the protocol above IP", 17, 6),
            "17 in the request",
        ),
        (
            with(&v4, &[(15, 0x75)]),
            |all| TxOffload { l2_len: 15, ..all },
            E::Version(IpVersion::V4, 7),
            "it must be 4",
        ),
        (
            v4.bytes(),
            |all| TxOffload { ip: IpVersion::V6, l3_len: 40, ip_checksum: false, ..all },
            E::Version(IpVersion::V6, 4),
            "has version 4",
        ),
        // The bytes by themselves.
        (with(&v4, &[(12, 8), (13, 6)]), same, E::EtherType(0x0806), "0x0806"),
        (with(&v4, &[(14, 0x44)]), same, E::Malformed("the IPv4 header", 16), "16"),
        (with(&v4, &[(46, 0x4f)]), same, E::Malformed("the TCP header", 16), "malformed"),
        (with(&v4, &[(20, 0x20)]), same, E::Fragment, "fragment"),
        (with(&v4, &[(21, 1)]), same, E::Fragment, "l4: None"),
        (with(&v6, &[(20, 44)]), same, E::Fragment, "fragment"),
        (with(&v4, &[(23, 1)]), same, E::Protocol(1), "protocol 1:"),
        (with(&v6, &[(20, 58)]), same, E::Protocol(58), "58"),
        (with(&v6, &[(20, 43)]), same, E::ExtensionHeader(43), "header 43"),
        (with(&v6, &[(20, 60)]), same, E::ExtensionHeader(60), "hop-by-hop"),
        (
            with(&v4, &[(17, 0xff)]),
            same,
            packet_len("the IP header", 0x2ff, 640),
            "767 bytes and there are 640",
        ),
        (with(&v6, &[(19, 0)]), same, packet_len("the IP header", 552, 660), "set_len"),
        (with(&udp, &[(39, 0)]), same, packet_len("the UDP header", 512, 608), "UDP"),
        (
            Traffic { payload: 0, ..v4.clone() }.bytes(),
            |all| TxOffload { mss: Some(100), ..all },
            E::NoPayload,
            "nothing to cut",
        ),
        (v4.bytes()[..13].to_vec(), same, E::Truncated { needed: 14, len: 13 }, "14 bytes"),
        (v4.bytes()[..33].to_vec(), same, E::Truncated { needed: 34, len: 33 }, "has 33"),
        (v4.bytes()[..53].to_vec(), same, E::Truncated { needed: 54, len: 53 }, "first frame"),
        (
            traffic(Ip::V6(3), 17).bytes()[..70].to_vec(),
            same,
            E::Truncated { needed: 78, len: 70 },
            "78",
        ),
    ]
}

#[test]
fn what_devices_cannot_do_is_refused_and_nothing_changes() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(8);
    for (i, (bytes, ask, error, words)) in refusals().into_iter().enumerate() {
        let mut packet = batch.alloc(bytes.len()).unwrap();
        packet.copy_from(&bytes);
        let asked =
            TxOffload::checksums(&bytes).map(ask).and_then(|offload| packet.set_offload(&offload));
        assert_eq!(asked, Err(error), "case {i}");
        assert!(error.to_string().contains(words), "case {i}: {error}");
        assert!(packet.head().data() == bytes, "case {i}");
        assert_eq!(packet.as_ref().head().flags(), Flags::empty());
        assert_eq!(packet.as_ref().offload(), None);
        batch.clear();
    }
}

#[test]
fn all_headers_are_in_the_first_frame() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(8);
    let tcp = Traffic { payload: 2000, ..traffic(Ip::V4(0), 6) };
    for (first, result) in [(53, false), (54, true)] {
        let mut packet = batch.alloc(tcp.len()).unwrap();
        // A first frame of that length; the rest of the packet is anywhere.
        packet.copy_from(&tcp.bytes());
        assert!(packet.head().set_len(first));
        let error = OffloadError::Truncated { needed: 54, len: 53 };
        let asked = packet.request_segmentation(1000);
        assert_eq!(asked.err(), (!result).then_some(error));
        batch.clear();
    }
}

#[test]
fn up_to_two_tags_may_be_among_the_bytes() {
    for (tags, result) in [
        (vec![(0x8100, 7)], Ok(18)),
        (vec![(0x88a8, 7), (0x8100, 8)], Ok(22)),
        (vec![(0x8100, 7), (0x8100, 8), (0x8100, 9)], Err(OffloadError::EtherType(0x8100))),
    ] {
        let bytes = Traffic { tags, ..traffic(Ip::V6(0), 17) }.bytes();
        assert_eq!(TxOffload::checksums(&bytes).map(|offload| offload.l2_len), result);
    }
}

#[test]
fn a_batch_is_asked_for_as_its_packets_are() {
    let rig = Rig::new(256, ROOM);
    let pool = Pool::new(&rig.arena, 256);
    let (mut one_by_one, mut at_once) = (pool.batch(120), pool.batch(120));
    let good = [4, 6].into_iter().flat_map(|version| {
        let ip = if version == 4 { Ip::V4(0) } else { Ip::V6(0) };
        [6, 17, 132].map(|protocol| traffic(ip, protocol).bytes())
    });
    // Over several frames, with options, with tags, and what cannot be asked for.
    let long = Traffic { payload: 2 * ROOM, ..traffic(Ip::V4(0), 17) }.bytes();
    let odd =
        [Traffic { tags: vec![(0x8100, 5)], ..traffic(Ip::V4(8), 6) }.bytes(), long, vec![0; 60]];
    let refusals = refusals().into_iter().map(|refusal| refusal.0);
    let packets: Vec<Vec<u8>> = good.chain(odd).chain(refusals).collect();
    for bytes in &packets {
        for batch in [&mut one_by_one, &mut at_once] {
            batch.alloc(bytes.len()).unwrap().copy_from(bytes);
        }
    }
    let refused = one_by_one
        .packets_mut()
        .map(|mut packet| packet.request_checksums())
        .filter(Result::is_err);
    let refused = refused.count();
    assert!((1..packets.len()).contains(&refused));
    assert_eq!(at_once.request_checksums(), refused);
    for (i, (a, b)) in one_by_one.packets().zip(at_once.packets()).enumerate() {
        assert_eq!(a.offload(), b.offload(), "packet {i}");
        assert!(a.frames().map(|f| f.data()).eq(b.frames().map(|f| f.data())), "packet {i}");
        assert!(a.frames().map(|f| f.flags()).eq(b.frames().map(|f| f.flags())), "packet {i}");
    }
}
