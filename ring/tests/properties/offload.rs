//! Offloads: whatever mixture of packets and requests goes in, a receiver finds every checksum right,
//! every segment in its place, and every other byte as it was.

use std::collections::VecDeque;

use barline_ring::{Adv82576, Adv82599, IpVersion, L4Protocol, Pool, TxConfig, TxOffload};
use proptest::prelude::*;

use super::wire::ROOM;
use crate::model::{Ip, Model, Rig, Sent, Traffic, TxDevice, check, packet_bytes};

#[derive(Clone, Copy, Debug)]
enum Ask {
    Nothing,
    Checksums,
    IpChecksum,
    L4Checksum,
    Segments(u16),
}

#[derive(Clone, Debug)]
struct Spec {
    traffic: Traffic,
    vlan: Option<u16>,
    ask: Ask,
}

fn traffic() -> impl Strategy<Value = Traffic> {
    let tag = (prop_oneof![Just(0x8100u16), Just(0x88a8)], any::<u16>());
    let ip = prop_oneof![
        4 => Just(Ip::V4(0)),
        1 => (0usize..=10).prop_map(Ip::V4),
        3 => Just(Ip::V6(0)),
        1 => (0usize..4).prop_map(Ip::V6),
    ];
    let protocol = prop_oneof![3 => Just(6), 2 => Just(17), 1 => Just(132)];
    let payload = prop_oneof![3 => 0usize..200, 2 => 200..6 * ROOM];
    (prop::collection::vec(tag, 0..3), ip, protocol, 0usize..=10, payload, any::<u32>()).prop_map(
        |(tags, ip, protocol, options, payload, seed)| Traffic {
            tags,
            ip,
            protocol,
            options,
            payload,
            seed,
        },
    )
}

fn spec() -> impl Strategy<Value = Spec> {
    let vlan = prop_oneof![2 => Just(None), 1 => (0u16..3).prop_map(Some)];
    let ask = prop_oneof![
        1 => Just(Ask::Nothing),
        3 => Just(Ask::Checksums),
        1 => Just(Ask::IpChecksum),
        1 => Just(Ask::L4Checksum),
        2 => (17u16..2000).prop_map(Ask::Segments),
    ];
    (traffic(), vlan, ask).prop_map(|(traffic, vlan, ask)| Spec { traffic, vlan, ask })
}

impl Spec {
    /// The request, if one can be made.
    fn offload(&self) -> Option<TxOffload> {
        let Traffic { ip, protocol, .. } = self.traffic;
        let (ip, v4) = match ip {
            Ip::V4(_) => (IpVersion::V4, true),
            Ip::V6(_) => (IpVersion::V6, false),
        };
        let all = TxOffload {
            l2_len: self.traffic.l2_len(),
            ip,
            l3_len: self.traffic.l3_len(),
            ip_checksum: v4,
            l4: Some(match protocol {
                6 => L4Protocol::Tcp,
                17 => L4Protocol::Udp,
                _ => L4Protocol::Sctp,
            }),
            l4_len: self.traffic.l4_len(),
            mss: None,
        };
        let segments = protocol == 6 && self.traffic.payload > 0;
        match self.ask {
            Ask::Checksums => Some(all),
            Ask::IpChecksum => v4.then_some(TxOffload { l4: None, l4_len: 0, ..all }),
            Ask::L4Checksum => Some(TxOffload { ip_checksum: false, ..all }),
            Ask::Segments(mss) if segments => Some(TxOffload { mss: Some(mss), ..all }),
            Ask::Segments(_) | Ask::Nothing => None,
        }
    }

    /// Fails unless this is what a receiver has to get of it.
    fn compare(&self, sent: &mut VecDeque<Sent>) {
        let Some(offload) = self.offload() else {
            let sent = sent.pop_front().unwrap();
            assert_eq!((&sent.bytes, sent.vlan), (&self.traffic.bytes(), self.vlan));
            return;
        };
        let original = self.traffic.bytes();
        let headers = self.traffic.header_len();
        let mut payload = &original[self.traffic.len() - self.traffic.payload..];
        let mss = offload.mss.map_or(usize::MAX, usize::from);
        let mut segment = 0;
        loop {
            let Sent { bytes, vlan, .. } = sent.pop_front().expect("a segment");
            assert_eq!(vlan, self.vlan);
            check(&bytes, &self.traffic, offload.ip_checksum, offload.l4.is_some());
            let (part, rest) = payload.split_at(mss.min(payload.len()));
            assert!(bytes[headers..] == *part, "payload");
            self.headers(&bytes[..headers], &original[..headers], segment, rest.is_empty());
            (payload, segment) = (rest, segment + 1);
            if payload.is_empty() {
                return;
            }
        }
    }

    /// Fails unless only those fields of a header changed that the device is to change.
    fn headers(&self, sent: &[u8], original: &[u8], segment: usize, last: bool) {
        let offload = self.offload().unwrap();
        let (ip, l4) = (offload.l2_len, offload.l2_len + offload.l3_len);
        let mut expected = original.to_vec();
        let mut sent = sent.to_vec();
        let mut same = |range: std::ops::Range<usize>| {
            expected[range.clone()].fill(0);
            sent[range].fill(0);
        };
        if offload.ip_checksum {
            same(ip + 10..ip + 12);
        }
        match offload.l4 {
            Some(L4Protocol::Tcp) => same(l4 + 16..l4 + 18),
            Some(L4Protocol::Udp) => same(l4 + 6..l4 + 8),
            Some(L4Protocol::Sctp) => same(l4 + 8..l4 + 12),
            None => {}
        }
        if let Some(mss) = offload.mss {
            // The lengths were checked already.
            match offload.ip {
                IpVersion::V4 => {
                    same(ip + 2..ip + 4);
                    let id = u16::from_be_bytes([original[ip + 4], original[ip + 5]]);
                    let id = id.wrapping_add(segment as u16);
                    expected[ip + 4..ip + 6].copy_from_slice(&id.to_be_bytes());
                }
                IpVersion::V6 => same(ip + 4..ip + 6),
            }
            let sequence = u32::from_be_bytes(original[l4 + 4..l4 + 8].try_into().unwrap());
            let sequence = sequence.wrapping_add(segment as u32 * u32::from(mss));
            expected[l4 + 4..l4 + 8].copy_from_slice(&sequence.to_be_bytes());
            if !last {
                expected[l4 + 13] &= !0x09;
            }
        }
        assert_eq!(sent, expected);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Fill(Vec<Spec>),
    Push,
    Step(usize),
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => prop::collection::vec(spec(), 1..20).prop_map(Op::Fill),
        6 => Just(Op::Push),
        6 => prop_oneof![Just(usize::MAX), 0usize..80].prop_map(Op::Step),
        1 => Just(Op::Restart),
    ]
}

/// Takes note of what went out.
fn compare(device: &mut TxDevice, taken: &mut VecDeque<Spec>) {
    let mut sent = std::mem::take(&mut device.sent).into();
    while !VecDeque::is_empty(&sent) {
        let spec = taken.pop_front().expect("something was sent that was not taken");
        spec.compare(&mut sent);
    }
}

fn run<F: Model>(ops: &[Op], len: usize) {
    for rig in Rig::each(600, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let config = TxConfig { max_packet: 7 * ROOM, ..rig.tx_config(len) };
        let (mut tx, mut device) = rig.tx::<F>(config);
        let mut batch = pool.batch(100);
        let (mut queued, mut taken) = (VecDeque::new(), VecDeque::new());
        for op in ops {
            match op {
                Op::Fill(specs) => {
                    for spec in specs {
                        let Some(mut packet) = batch.alloc(spec.traffic.len()) else { break };
                        packet.copy_from(&spec.traffic.bytes());
                        packet.head().set_vlan(spec.vlan);
                        if let Some(offload) = spec.offload() {
                            packet.set_offload(&offload).unwrap();
                            assert_eq!(packet.as_ref().offload(), Some(offload));
                            if matches!(spec.ask, Ask::Checksums) {
                                assert_eq!(packet.request_checksums(), Ok(offload));
                            }
                        }
                        queued.push_back(spec.clone());
                    }
                }
                Op::Push => {
                    let mut left = tx.push(&mut batch);
                    while left > 0 {
                        let spec: Spec = queued.pop_front().unwrap();
                        left -= spec.traffic.len().div_ceil(ROOM);
                        taken.push_back(spec);
                    }
                }
                Op::Step(max) => {
                    device.step(*max);
                }
                Op::Restart => {
                    compare(&mut device, &mut taken);
                    rig.restart_tx(&mut tx, &mut device);
                    taken.clear();
                }
            }
            compare(&mut device, &mut taken);
            tx.reap(&pool);
            assert_eq!(tx.counters().invalid.value(), 0);
        }
        device.step(usize::MAX);
        compare(&mut device, &mut taken);
        assert!(taken.is_empty(), "taken and never sent");
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

/// A request for anything, some of it plausible.
fn any_offload() -> impl Strategy<Value = TxOffload> {
    let len = || prop_oneof![3 => (0usize..16).prop_map(|n| 4 * n), 1 => 0usize..600, 1 => any::<usize>()];
    let l2 = prop_oneof![3 => Just(14), 1 => len()];
    let ip = prop_oneof![Just(IpVersion::V4), Just(IpVersion::V6)];
    let l4 = prop::option::of(prop_oneof![
        Just(L4Protocol::Tcp),
        Just(L4Protocol::Udp),
        Just(L4Protocol::Sctp),
    ]);
    (l2, ip, len(), any::<bool>(), l4, len(), any::<Option<u16>>()).prop_map(
        |(l2_len, ip, l3_len, ip_checksum, l4, l4_len, mss)| TxOffload {
            l2_len,
            ip,
            l3_len: l3_len.wrapping_add(20),
            ip_checksum,
            l4,
            l4_len,
            mss,
        },
    )
}

proptest! {
    #![proptest_config(super::cases())]

    #[test]
    fn a_receiver_finds_everything_right(
        ops in prop::collection::vec(op(), 1..40),
        bits in 6u32..9,
    ) {
        run::<Adv82599>(&ops, 1 << bits);
        run::<Adv82576>(&ops, 1 << bits);
    }

    /// Headers with holes in them, cut off anywhere, and requests for anything: refused, or done.
    #[test]
    fn no_bytes_and_no_request_break_anything(
        traffic in traffic(),
        holes in prop::collection::vec((0usize..80, any::<u8>()), 0..4),
        len in prop_oneof![Just(usize::MAX), 1usize..120],
        offload in any_offload(),
        mss in any::<u16>(),
        moves in prop::collection::vec((0usize..3, 0usize..200), 0..8),
    ) {
        for rig in Rig::each(64, ROOM) {
            let pool = Pool::new(&rig.arena, 64);
            let limits = TxConfig { max_packet: 1 << 14, ..rig.tx_config(64) };
            let (mut tx, mut device) = rig.tx::<Adv82599>(limits);
            let mut batch = pool.batch(64);
            let mut bytes = traffic.bytes();
            bytes.truncate(len);
            for &(at, value) in &holes {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
            }
            for ask in 0..3 {
                let mut packet = batch.alloc(bytes.len()).unwrap();
                packet.copy_from(&bytes);
                let made = match ask {
                    0 => packet.request_checksums().is_ok(),
                    1 => packet.request_segmentation(mss).is_ok(),
                    _ => packet.set_offload(&offload).is_ok(),
                };
                prop_assert_eq!(packet.as_ref().offload().is_some(), made);
                if !made {
                    let all: Vec<u8> = packet.as_ref().frames().flat_map(|f| f.data().to_vec()).collect();
                    prop_assert!(all == bytes, "refused, and changed all the same");
                }
                // Whatever is done to the first frame, its headers stay in it.
                for &(what, n) in &moves {
                    let mut head = packet.head();
                    let _ = match what {
                        0 => head.prepend(n),
                        1 => head.trim_front(n),
                        _ => head.set_len(n),
                    };
                    if let Some(offload) = packet.as_ref().offload() {
                        prop_assert!(offload.header_len() <= packet.head().data().len());
                        prop_assert!((14..128).contains(&offload.l2_len));
                    }
                }
            }
            let frames = batch.len();
            prop_assert_eq!(tx.push(&mut batch), frames);
            // The model fails the test over headers that are not inside of what is sent.
            device.step(usize::MAX);
            let sent = tx.counters().packets.value() + tx.counters().invalid.value();
            prop_assert_eq!(sent, 3);
            drop(batch);
            rig.release_tx(tx, device);
            drop(pool);
            rig.check_all_home();
        }
    }

    /// Bytes that are nothing in particular, behind an Ethernet header.
    #[test]
    fn noise_is_refused_or_understood(
        noise in prop::collection::vec(any::<u8>(), 0..100),
        ipv4 in any::<bool>(),
    ) {
        let mut bytes = packet_bytes(1, 12);
        bytes.extend(if ipv4 { [8, 0] } else { [0x86, 0xdd] });
        bytes.extend(noise);
        if let Ok(offload) = TxOffload::checksums(&bytes) {
            prop_assert!(offload.header_len() <= bytes.len());
            prop_assert_eq!(bytes[14] >> 4, if ipv4 { 4 } else { 6 });
        }
    }
}
