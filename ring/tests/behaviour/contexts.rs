//! What a transmit ring makes of requests: context and data descriptors, bit by bit.

use barline_ring::{
    Adv82576, Adv82599, AdvI350, AdvX540, FrameBatch, IpVersion, L4Protocol, Pool, TxConfig,
    TxOffload, handoff,
};

use super::tx::fill;
use crate::model::{Ip, Model, Report, Rig, Sum, Traffic, check, packet_bytes};

const ROOM: usize = 1024;

/// Values of Linux's ixgbe_type.h, which igbvf's vf.h has under names of its own.
mod header {
    pub const DTYP_CTXT: u32 = 0x0020_0000;
    pub const DTYP_DATA: u32 = 0x0030_0000;
    pub const DCMD_EOP: u32 = 0x0100_0000;
    pub const DCMD_IFCS: u32 = 0x0200_0000;
    pub const DCMD_RS: u32 = 0x0800_0000;
    pub const DCMD_DEXT: u32 = 0x2000_0000;
    pub const DCMD_VLE: u32 = 0x4000_0000;
    pub const DCMD_TSE: u32 = 0x8000_0000;
    pub const CC: u32 = 0x80;
    pub const POPTS_IXSM: u32 = 0x100;
    pub const POPTS_TXSM: u32 = 0x200;
    pub const PAYLEN_SHIFT: u32 = 14;
    pub const IDX_SHIFT: u32 = 4;
    pub const MACLEN_SHIFT: u32 = 9;
    pub const VLAN_SHIFT: u32 = 16;
    pub const TUCMD_IPV4: u32 = 0x400;
    pub const TUCMD_L4T_UDP: u32 = 0;
    pub const TUCMD_L4T_TCP: u32 = 0x800;
    pub const TUCMD_L4T_SCTP: u32 = 0x1000;
    pub const L4LEN_SHIFT: u32 = 8;
    pub const MSS_SHIFT: u32 = 16;
}
use header::*;

/// A packet with 600 bytes of payload.
pub fn traffic(ip: Ip, protocol: u8) -> Traffic {
    Traffic { tags: Vec::new(), ip, protocol, options: 0, payload: 600, seed: 5 }
}

/// Appends the packet.
pub fn append(batch: &mut FrameBatch<'_>, traffic: &Traffic) {
    batch.alloc(traffic.len()).unwrap().copy_from(&traffic.bytes());
}

/// A descriptor's two words as the four of the headers.
fn dwords([first, second]: [u64; 2]) -> [u32; 4] {
    [first as u32, (first >> 32) as u32, second as u32, (second >> 32) as u32]
}

/// One packet, what is asked for it, and the descriptors that are to come of it.
struct Case {
    traffic: Traffic,
    vlan: Option<u16>,
    ask: fn(TxOffload) -> Option<TxOffload>,
    /// `vlan_macip_lens`, `type_tucmd_mlhl` without type and DEXT, `mss_l4len_idx` without the index.
    context: [u32; 3],
    /// `cmd_type_len` and `olinfo_status` without what every descriptor has.
    data: [u32; 2],
}

fn cases() -> Vec<Case> {
    let lens = |mac: u32, ip: u32| mac << MACLEN_SHIFT | ip;
    let l4 = |len: u32| len << L4LEN_SHIFT;
    let both = POPTS_IXSM | POPTS_TXSM;
    let paylen = |bytes: u32| bytes << PAYLEN_SHIFT;
    let tagged = Traffic { tags: vec![(0x8100, 5)], ..traffic(Ip::V4(0), 17) };
    let long = Traffic { options: 10, ..traffic(Ip::V4(10), 6) };
    vec![
        Case {
            traffic: traffic(Ip::V4(0), 6),
            vlan: Some(0xe123),
            ask: |_| None,
            context: [0xe123 << VLAN_SHIFT | lens(14, 0), 0, 0],
            data: [DCMD_VLE, paylen(654)],
        },
        Case {
            traffic: traffic(Ip::V4(0), 6),
            vlan: None,
            ask: Some,
            context: [lens(14, 20), TUCMD_IPV4 | TUCMD_L4T_TCP, l4(20)],
            data: [0, both | paylen(654)],
        },
        Case {
            traffic: tagged,
            vlan: Some(1),
            ask: Some,
            context: [1 << VLAN_SHIFT | lens(18, 20), TUCMD_IPV4 | TUCMD_L4T_UDP, l4(8)],
            data: [DCMD_VLE, both | paylen(646)],
        },
        Case {
            traffic: traffic(Ip::V6(2), 132),
            vlan: None,
            ask: Some,
            context: [lens(14, 56), TUCMD_L4T_SCTP, l4(12)],
            data: [0, POPTS_TXSM | paylen(682)],
        },
        // Each checksum alone.
        Case {
            traffic: traffic(Ip::V4(0), 6),
            vlan: None,
            ask: |all| Some(TxOffload { ip_checksum: false, ..all }),
            context: [lens(14, 20), TUCMD_IPV4 | TUCMD_L4T_TCP, l4(20)],
            data: [0, POPTS_TXSM | paylen(654)],
        },
        Case {
            traffic: traffic(Ip::V4(3), 6),
            vlan: None,
            ask: |all| Some(TxOffload { l4: None, l4_len: 0, ..all }),
            context: [lens(14, 32), TUCMD_IPV4, 0],
            data: [0, POPTS_IXSM | paylen(666)],
        },
        // Segments: the payload counts no headers.
        Case {
            traffic: long,
            vlan: Some(0xfff),
            ask: |all| Some(TxOffload { mss: Some(536), ..all }),
            context: [
                0xfff << VLAN_SHIFT | lens(14, 60),
                TUCMD_IPV4 | TUCMD_L4T_TCP,
                536 << MSS_SHIFT | l4(60),
            ],
            data: [DCMD_VLE | DCMD_TSE, both | paylen(600)],
        },
        Case {
            traffic: traffic(Ip::V6(0), 6),
            vlan: None,
            ask: |all| Some(TxOffload { mss: Some(16383), ..all }),
            context: [lens(14, 40), TUCMD_L4T_TCP, 16383 << MSS_SHIFT | l4(20)],
            data: [DCMD_TSE, POPTS_TXSM | paylen(600)],
        },
    ]
}

fn every_field<F: Model>() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let mut batch = pool.batch(8);
        let always = F::CHIP.is_ten_gigabit();
        let (index, cc) = if always { (1 << IDX_SHIFT, CC) } else { (0, 0) };
        for case in cases() {
            let jumbo = TxConfig { max_packet: 16500, ..rig.tx_config(64) };
            let (mut tx, mut device) = rig.tx::<F>(jumbo);
            let len = case.traffic.len();
            append(&mut batch, &case.traffic);
            let mut packet = batch.packets_mut().next().unwrap();
            packet.head().set_vlan(case.vlan);
            if let Some(offload) = (case.ask)(TxOffload::checksums(&case.traffic.bytes()).unwrap())
            {
                packet.set_offload(&offload).unwrap();
            }
            tx.push(&mut batch);
            device.fetch();
            let mut words = device.words.iter().copied().map(dwords);
            if always {
                // What DPDK calls the default context of a VF.
                let first = [14 << MACLEN_SHIFT, 0, DTYP_CTXT | DCMD_DEXT, 0];
                assert_eq!(words.next(), Some(first));
            }
            let [lens, tucmd, mss] = case.context;
            let context = [lens, 0, tucmd | DTYP_CTXT | DCMD_DEXT, mss | index];
            assert_eq!(words.next(), Some(context));
            let [.., cmd, olinfo] = words.next().unwrap();
            let every = DTYP_DATA | DCMD_DEXT | DCMD_IFCS | DCMD_EOP | DCMD_RS | len as u32;
            assert_eq!(cmd, case.data[0] | every);
            assert_eq!(olinfo, case.data[1] | cc | index);
            assert_eq!(words.next(), None);
            rig.release_tx(tx, device);
        }
    }
}

#[test]
fn every_field_is_where_headers_have_it_for_the_82576() {
    every_field::<Adv82576>();
}

#[test]
fn every_field_is_where_headers_have_it_for_the_i350() {
    every_field::<AdvI350>();
}

#[test]
fn every_field_is_where_headers_have_it_for_the_82599() {
    every_field::<Adv82599>();
}

#[test]
fn every_field_is_where_headers_have_it_for_the_x540() {
    every_field::<AdvX540>();
}

#[test]
fn the_first_context_comes_once_and_only_with_a_packet() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82599>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        for _ in 0..2 {
            // A packet that is not sent does not count, and leaves the ring empty.
            assert_eq!(tx.push(&mut batch), 0);
            fill(&mut batch, 0, &[16]);
            assert_eq!((tx.push(&mut batch), tx.pending()), (1, 0));
            for (burst, contexts) in [(3, 1), (3, 0), (60, 0)] {
                fill(&mut batch, 0, &vec![60; burst]);
                assert_eq!(tx.push(&mut batch), burst);
                assert_eq!(tx.pending(), burst + contexts);
                device.step(usize::MAX);
                assert_eq!(device.contexts.drain(..).count(), contexts);
                assert_eq!(tx.reap(&pool), burst as u64);
                assert_eq!(tx.pending(), 0);
            }
            rig.restart_tx(&mut tx, &mut device);
        }
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_context_is_written_when_it_differs_from_the_last() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 128);
        let (mut tx, mut device) = rig.tx::<Adv82599>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        let (tcp, udp) = (traffic(Ip::V4(0), 6), traffic(Ip::V4(0), 17));
        // A packet, its tag, whether it asks for checksums, and the contexts that it costs.
        let steps = [
            (&tcp, None, true, 2),
            (&tcp, None, true, 0),
            (&tcp, None, false, 0),
            (&udp, None, false, 0),
            (&tcp, None, true, 0),
            (&udp, None, true, 1),
            (&udp, Some(1), true, 1),
            (&udp, Some(1), true, 0),
            (&udp, Some(2), true, 1),
            (&udp, Some(2), false, 1),
            (&tcp, Some(2), false, 0),
            (&tcp, Some(2), true, 1),
        ];
        for (i, (traffic, tag, ask, contexts)) in steps.into_iter().enumerate() {
            append(&mut batch, traffic);
            let mut packet = batch.packets_mut().next().unwrap();
            packet.head().set_vlan(tag);
            if ask {
                packet.request_checksums().unwrap();
            }
            tx.push(&mut batch);
            device.step(usize::MAX);
            assert_eq!(device.contexts.drain(..).count(), contexts, "step {i}");
            let sent = device.sent.pop().unwrap();
            assert_eq!(sent.vlan, tag);
            check(&sent.bytes, traffic, ask, ask);
            tx.reap(&pool);
        }
        drop(batch);
        rig.release_tx(tx, device);
    }
}

#[test]
fn what_was_received_is_sent_on_without_requests() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut rx_device) = rig.rx::<Adv82599>(64, 4);
        let (mut tx, mut tx_device) = rig.tx::<Adv82599>(rig.tx_config(64));
        let mut batch = pool.batch(16);
        for (types, vlan) in (0..128).flat_map(|types| [(types, None), (types, Some(9))]) {
            let report = Report {
                types,
                vlan,
                rss: Some((1 + types % 15, u32::MAX - u32::from(types))),
                ip: Sum::Bad,
                l4: Sum::Bad,
                ..Report::good(0, true)
            };
            let bytes = packet_bytes(u32::from(types), 100);
            let fragments = rx_device.cut(&bytes, &report);
            rx_device.send(fragments);
            rx_device.step(1);
            rx.poll(&mut batch);
            assert_eq!(batch.packets().next().unwrap().offload(), None);
            tx.push(&mut batch);
            tx_device.step(usize::MAX);
            let sent = tx_device.sent.pop().unwrap();
            assert_eq!((sent.bytes, sent.vlan), (bytes, vlan));
        }
        assert_eq!(
            tx_device.contexts.len(),
            2,
            "the first one and the tag's, whatever else is known"
        );
        drop(batch);
        rig.release_rx(rx, rx_device);
        rig.release_tx(tx, tx_device);
    }
}

#[test]
fn a_tag_that_is_not_there_is_no_part_of_a_context() {
    for rig in Rig::each(128, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut rx, mut rx_device) = rig.rx::<Adv82599>(64, 4);
        let (mut tx, mut tx_device) = rig.tx::<Adv82599>(rig.tx_config(64));
        let mut batch = pool.batch(4);
        // The device says that there is no tag, and leaves something in the field all the same.
        for tag in [1, 2] {
            let report = Report { vlan: Some(tag), ..Report::good(0, true) };
            let mut fragments = rx_device.cut(&traffic(Ip::V4(0), 6).bytes(), &report);
            fragments[0].words[1] &= !(1 << 3);
            rx_device.send(fragments);
        }
        rx_device.step(2);
        assert_eq!(rx.poll(&mut batch), 2);
        for mut packet in batch.packets_mut() {
            packet.request_checksums().unwrap();
        }
        tx.push(&mut batch);
        tx_device.step(usize::MAX);
        let tags: Vec<_> = tx_device.contexts.iter().map(|context| context.tag).collect();
        assert_eq!(tags, [0, 0], "the first context, and one for both packets");
        drop(batch);
        rig.release_rx(rx, rx_device);
        rig.release_tx(tx, tx_device);
    }
}

#[test]
fn segments_have_to_fit_into_the_largest_frame() {
    for rig in Rig::each(128, 16384) {
        let pool = Pool::new(&rig.arena, 128);
        let limits = TxConfig { max_packet: 1514, ..rig.tx_config(64) };
        let (mut tx, mut device) = rig.tx::<Adv82599>(limits);
        let mut batch = pool.batch(64);
        let ipv4 = traffic(Ip::V4(0), 6);
        let ipv6 = traffic(Ip::V6(0), 6);
        // A payload, an MSS, and how many segments come of it: none when they would be too long, or the
        // packet longer than PAYLEN and its headers can say.
        let steps = [
            (&ipv4, 600, 1460, 1),
            (&ipv4, 1460, 1460, 1),
            (&ipv4, 1461, 1460, 2),
            (&ipv4, 1461, 1461, 0),
            (&ipv4, 600, 1461, 0),
            (&ipv6, 14400, 1440, 10),
            (&ipv6, 14400, 1441, 0),
            (&ipv4, 262_143 - 54, 1400, 188),
            (&ipv4, 262_144 - 54, 1400, 0),
        ];
        for (template, payload, mss, segments) in steps {
            let bytes = template.bytes();
            let len = template.header_len() + payload;
            let mut packet = batch.alloc(len).unwrap();
            packet.copy_from(&packet_bytes(1, len));
            packet.head().data()[..template.header_len()]
                .copy_from_slice(&bytes[..template.header_len()]);
            packet.request_segmentation(mss).unwrap();
            let invalid = tx.counters().invalid.value();
            tx.push(&mut batch);
            assert!(batch.is_empty());
            device.step(usize::MAX);
            assert_eq!(device.sent.len(), segments, "{payload} in segments of {mss}");
            for sent in device.sent.drain(..) {
                assert!(sent.bytes.len() <= 1514);
                check(&sent.bytes, template, true, true);
            }
            let refused = u64::from(segments == 0);
            assert_eq!(tx.counters().invalid.value() - invalid, refused);
            tx.reap(&pool);
        }
        // The payload was taken away after the request.
        append(&mut batch, &ipv4);
        let mut packet = batch.packets_mut().next().unwrap();
        packet.request_segmentation(1000).unwrap();
        assert!(packet.head().set_len(54) && !packet.head().set_len(53));
        let invalid = tx.counters().invalid.value();
        tx.push(&mut batch);
        assert_eq!(tx.counters().invalid.value() - invalid, 1);
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn a_request_moves_with_the_start_of_the_packet() {
    for rig in Rig::each(64, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82599>(rig.tx_config(64));
        let mut batch = pool.batch(4);
        let inner = traffic(Ip::V4(0), 6);
        append(&mut batch, &inner);
        let mut packet = batch.packets_mut().next().unwrap();
        packet.request_checksums().unwrap();
        // A tunnel's headers go in front, the device sees to the inner checksums.
        assert!(!packet.head().prepend(127 - 14 + 1), "127 bytes are the most");
        assert!(packet.head().prepend(50));
        packet.head().data()[..50].copy_from_slice(&packet_bytes(9, 50));
        assert_eq!(packet.as_ref().offload().unwrap().l2_len, 64);
        assert!(packet.head().trim_front(30));
        assert!(!packet.head().trim_front(21), "14 bytes are the least");
        assert_eq!(packet.as_ref().offload().unwrap().l2_len, 34);
        tx.push(&mut batch);
        device.step(usize::MAX);
        let sent = device.sent.pop().unwrap();
        assert_eq!(sent.bytes[..20], packet_bytes(9, 50)[30..]);
        check(&sent.bytes[20..], &inner, true, true);
        // Without a request it may be anything.
        append(&mut batch, &inner);
        let mut packet = batch.packets_mut().next().unwrap();
        packet.request_checksums().unwrap();
        packet.clear_offload();
        let mut head = packet.head();
        assert!(head.prepend(120) && head.trim_front(140) && head.set_len(17));
        drop(batch);
        rig.release_tx(tx, device);
    }
}

#[test]
fn a_request_crosses_a_hand_off() {
    for rig in Rig::each(64, ROOM) {
        let (near, far) = (Pool::new(&rig.arena, 64), Pool::new(&rig.arena, 64));
        let (mut tx, mut device) = rig.tx::<AdvI350>(rig.tx_config(64));
        let (mut sender, mut receiver) = handoff(&rig.arena, 8);
        let (mut from, mut to) = (near.batch(4), far.batch(4));
        let segments = Traffic { payload: 2000, ..traffic(Ip::V6(0), 6) };
        append(&mut from, &segments);
        let asked = from.packets_mut().next().unwrap().request_segmentation(900).unwrap();
        let expected = TxOffload {
            l2_len: 14,
            ip: IpVersion::V6,
            l3_len: 40,
            ip_checksum: false,
            l4: Some(L4Protocol::Tcp),
            l4_len: 20,
            mss: Some(900),
        };
        assert_eq!(asked, expected);
        sender.send(&mut from);
        receiver.recv(&mut to);
        assert_eq!(to.packets().next().unwrap().offload(), Some(expected));
        tx.push(&mut to);
        device.step(usize::MAX);
        let lens: Vec<_> = device.sent.iter().map(|sent| sent.bytes.len() - 74).collect();
        assert_eq!(lens, [900, 900, 200]);
        drop((from, to));
        rig.release_tx(tx, device);
    }
}

#[test]
fn headers_of_segments_do_not_outgrow_what_devices_keep() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(1);
    // 14 + 120 + 20 bytes of headers, of 240 that devices keep.
    append(&mut batch, &Traffic { payload: 500, ..traffic(Ip::V6(10), 6) });
    let mut packet = batch.packets_mut().next().unwrap();
    packet.request_segmentation(100).unwrap();
    assert!(!packet.head().prepend(87), "one too many");
    assert!(packet.head().prepend(86));
    assert_eq!(packet.as_ref().offload().unwrap().header_len(), 240);
    // What goes in one piece has no such limit.
    packet.clear_offload();
    assert!(packet.head().prepend(1));
}
