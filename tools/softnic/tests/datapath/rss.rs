//! Receive-side scaling: hashes that Microsoft has published, and the queues that they choose.

use etherparse::PacketBuilder;

use super::rig::Rig;
use super::rx_ring::{Got, RxRing};

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

const VFPSRTYPE: usize = 0x300;
const VFMRQC: usize = 0x3000;
const VFRSSRK: usize = 0x3100;
const VFRETA: usize = 0x3200;

/// The key of Microsoft's "Verifying the RSS Hash Calculation", which is the PF's in this adapter.
const KEY: [u8; 40] = [
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
    0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
    0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
];

/// Its first two vectors for IPv4 and its first for IPv6.
const FROM: [([u8; 4], u16); 2] = [([66, 9, 149, 187], 2794), ([199, 92, 111, 2], 14230)];
const TO: [([u8; 4], u16); 2] = [([161, 142, 100, 80], 1766), ([65, 69, 140, 83], 4739)];
const HASHES: [(u32, u32); 2] = [(0x323e_8fc2, 0x51cc_c178), (0xd718_262a, 0xc626_b0ea)];
const FROM6: [u16; 8] = [0x3ffe, 0x2501, 0x200, 0x1fff, 0, 0, 0, 7];
const TO6: [u16; 8] = [0x3ffe, 0x2501, 0x200, 3, 0, 0, 0, 1];
const HASHES6: (u32, u32) = (0x2cc1_8cd5, 0x4020_7d3d);

fn v6(words: [u16; 8]) -> [u8; 16] {
    std::net::Ipv6Addr::from(words).octets()
}

/// Packets whose hashes are known: IPv4 with TCP, with UDP and as a fragment, IPv6 with TCP and UDP.
fn packets(mac: [u8; 6]) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for (from, to) in FROM.into_iter().zip(TO) {
        let ip = || PacketBuilder::ethernet2(PEER, mac).ipv4(from.0, to.0, 64);
        let (mut tcp, mut udp) = (Vec::new(), Vec::new());
        ip().tcp(from.1, to.1, 1, 1).write(&mut tcp, &[1; 20]).unwrap();
        ip().udp(from.1, to.1).write(&mut udp, &[1; 20]).unwrap();
        let mut fragment = tcp.clone();
        fragment[20] = 0x20;
        packets.extend([tcp, udp, fragment]);
    }
    let ip = || PacketBuilder::ethernet2(PEER, mac).ipv6(v6(FROM6), v6(TO6), 64);
    let (mut tcp, mut udp) = (Vec::new(), Vec::new());
    ip().tcp(2794, 1766, 1, 1).write(&mut tcp, &[1; 20]).unwrap();
    ip().udp(2794, 1766).write(&mut udp, &[1; 20]).unwrap();
    packets.extend([tcp, udp]);
    packets
}

/// Sends the packets one by one and returns for each the queue and the report.
fn steered(rig: &mut Rig, rings: &mut [RxRing], packets: &[Vec<u8>]) -> Vec<(usize, Got)> {
    let mut all = Vec::new();
    for packet in packets {
        rig.wire(packet);
        rig.settle();
        let got: Vec<_> = rings
            .iter_mut()
            .enumerate()
            .flat_map(|(n, ring)| ring.poll(rig).into_iter().map(move |got| (n, got)))
            .collect();
        assert_eq!(got.len(), 1, "each comes once");
        all.extend(got);
    }
    all
}

fn rings(rig: &mut Rig, count: usize) -> Vec<RxRing> {
    (0..count).map(|queue| RxRing::start(rig, 0, queue, 64, 2, 0)).collect()
}

fn types_and_hashes(got: &[(usize, Got)]) -> Vec<(u64, u32)> {
    got.iter().map(|(_, got)| (got.first & 0xf, got.hash())).collect()
}

#[test]
fn the_pf_of_an_82599_hashes_addresses_and_the_ports_of_tcp() {
    for model in ["82599", "x540"] {
        let mut rig = Rig::new(&format!("vfs=2,model={model}"));
        let mac = rig.open(0);
        let mut rings = rings(&mut rig, 4);
        rig.adapter.write(0, VFPSRTYPE, 2 << 29);
        let got = steered(&mut rig, &mut rings, &packets(mac));
        let [(a, a_tcp), (b, b_tcp)] = HASHES;
        let expected = [
            (1, a_tcp),
            (2, a),
            (2, a),
            (1, b_tcp),
            (2, b),
            (2, b),
            (3, HASHES6.1),
            (5, HASHES6.0),
        ];
        assert_eq!(types_and_hashes(&got), expected);
        for (queue, got) in got {
            assert_eq!(queue, got.hash() as usize % 4, "the table has the queues in turn");
        }
    }
}

#[test]
fn a_vf_says_how_many_of_its_queues_are_used() {
    for (options, rqpl, queues) in
        [("vfs=2", 0, 1), ("vfs=2", 1, 2), ("vfs=2", 2, 4), ("vfs=2", 7, 4), ("vfs=40", 2, 2)]
    {
        let mut rig = Rig::new(options);
        let mac = rig.open(0);
        let mut rings = rings(&mut rig, queues);
        rig.adapter.write(0, VFPSRTYPE, rqpl << 29);
        for (queue, got) in steered(&mut rig, &mut rings, &packets(mac)) {
            assert_eq!(queue, got.hash() as usize % queues, "{options}, RQPL {rqpl}");
        }
    }
}

#[test]
fn what_is_not_ip_comes_to_queue_0_without_a_hash() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let mut rings = rings(&mut rig, 4);
    rig.adapter.write(0, VFPSRTYPE, 2 << 29);
    let got = steered(&mut rig, &mut rings, &[super::rig::frame(mac, PEER, 60, 1)]);
    assert_eq!((got[0].0, got[0].1.first), (0, 0));
}

#[test]
fn frames_for_a_queue_that_is_off_are_lost_and_room_is_of_the_others() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let mut rings = rings(&mut rig, 4);
    rig.adapter.write(0, VFPSRTYPE, 2 << 29);
    let hash = HASHES[0].1;
    rings[hash as usize % 4].stop(&mut rig);
    rig.end.lock().unwrap().ask_room = Some((0, 60));
    rig.wire(&packets(mac)[0]);
    rig.settle();
    assert_eq!(rig.counters(0).rx_no_descriptor, 1);
    assert!(rings.iter_mut().all(|ring| ring.poll(&mut rig).is_empty()));
    assert_eq!(rig.end.lock().unwrap().room, 63);
}

/// Sets up a VF's own RSS.
fn set_up_own(rig: &mut Rig, mrqc: u32, key: [u8; 40], table: impl Fn(usize) -> u8) {
    for (at, word) in key.chunks(4).enumerate() {
        let word = u32::from_le_bytes(word.try_into().unwrap());
        rig.adapter.write(0, VFRSSRK + 4 * at, word);
    }
    for at in 0..16 {
        let word = u32::from_le_bytes(std::array::from_fn(|i| table(4 * at + i)));
        rig.adapter.write(0, VFRETA + 4 * at, word);
    }
    rig.adapter.write(0, VFMRQC, mrqc);
}

#[test]
fn from_x550_on_a_vf_has_a_key_fields_and_table_of_its_own() {
    const ALL: u32 = 0x00f3_0000;
    let mut rig = Rig::new("vfs=2,model=x550");
    let mac = rig.open(0);
    let mut rings = rings(&mut rig, 4);
    let got = steered(&mut rig, &mut rings, &packets(mac));
    assert!(got.iter().all(|(queue, got)| *queue == 0 && got.first & 0xf == 0), "off at first");

    let table = |at: usize| (at / 3 % 4) as u8;
    set_up_own(&mut rig, ALL | 1, KEY, table);
    let got = steered(&mut rig, &mut rings, &packets(mac));
    let [(a, a_tcp), (b, b_tcp)] = HASHES;
    let expected = [
        (1, a_tcp),
        (7, a_tcp),
        (2, a),
        (1, b_tcp),
        (7, b_tcp),
        (2, b),
        (3, HASHES6.1),
        (8, HASHES6.1),
    ];
    assert_eq!(types_and_hashes(&got), expected);
    for (queue, got) in &got {
        assert_eq!(*queue, usize::from(table(got.hash() as usize % 64)));
    }

    // Only addresses of IPv4; another key; entries that name no queue of the VF.
    let mut key = KEY;
    key[1] ^= 0x80;
    set_up_own(&mut rig, 0x0002_0001, key, |at| 0xfc | at as u8);
    let got = steered(&mut rig, &mut rings, &packets(mac));
    let types: Vec<u64> = got.iter().map(|(_, got)| got.first & 0xf).collect();
    assert_eq!(types, [2, 2, 2, 2, 2, 2, 0, 0]);
    assert_ne!(got[0].1.hash(), a);
    assert_eq!(got[0].1.hash(), got[1].1.hash());
    assert!(got.iter().all(|(queue, got)| *queue == got.hash() as usize % 4));
}
