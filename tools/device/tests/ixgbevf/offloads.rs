//! What the device does with checksums and segments.

use barline::Flags;

use crate::kit::{BEYOND, Rig, config};
use crate::packet::{tcp4, tcp4_with, tcp6, udp4};

#[test]
fn checksums_are_looked_at() {
    for model in ["82599", "x540", "x550"] {
        // Before the X550 what another VF sends is not looked at: it goes over the wire, and back.
        let rig = Rig::new(&format!("model={model},uplink=loop"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        let good = tcp4(BEYOND, b.mac(), 7);
        for (at, ip, l4) in [
            (None, Flags::IP_GOOD, Flags::L4_GOOD),
            (Some(24), Flags::IP_BAD, Flags::L4_GOOD),
            (Some(50), Flags::IP_GOOD, Flags::L4_BAD),
        ] {
            let mut bytes = good.clone();
            if let Some(at) = at {
                bytes[at] ^= 0x55;
            }
            a.send(&bytes);
            let flags = b.take_one().flags;
            let seen = [Flags::IP_GOOD, Flags::IP_BAD, Flags::L4_GOOD, Flags::L4_BAD]
                .map(|flag| flags.contains(flag));
            let wanted = [
                ip == Flags::IP_GOOD,
                ip == Flags::IP_BAD,
                l4 == Flags::L4_GOOD,
                l4 == Flags::L4_BAD,
            ];
            assert_eq!(seen, wanted, "{model}: byte {at:?}");
            assert!(flags.contains(Flags::IPV4) && flags.contains(Flags::TCP));
        }
    }
}

/// An 82599 says so of datagrams that have none, too.
#[test]
fn a_wrong_checksum_of_udp_is_told_from_the_x540_on() {
    for (model, told) in [("82599", false), ("x540", true), ("x550", true), ("e610", true)] {
        let rig = Rig::new(&format!("model={model},uplink=loop"));
        let mut node = rig.node(0, config());
        let mut bytes = udp4(BEYOND, node.mac(), 7);
        bytes[40] ^= 0x55;
        node.send(&bytes);
        let flags = node.take_one().flags;
        assert_eq!((flags.contains(Flags::L4_BAD), flags.contains(Flags::L4_GOOD)), (told, false));
    }
}

#[test]
fn checksums_are_put_in() {
    for model in ["82599", "x540", "x550"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        for (right, places) in [
            (tcp4(b.mac(), a.mac(), 7), &[24, 50][..]),
            (udp4(b.mac(), a.mac(), 7), &[24, 40]),
            (tcp6(b.mac(), a.mac(), 7), &[70]),
        ] {
            let mut wrong = right.clone();
            places.iter().for_each(|&at| wrong[at..at + 2].fill(0xee));
            a.send_by(0, &wrong, |packet| {
                packet.request_checksums().unwrap();
            });
            assert_eq!(b.take_one().bytes, right, "{model}");
        }
    }
}

#[test]
fn segments_are_cut() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        let payload: Vec<u8> = (0..5000).map(|i| (i / 7) as u8).collect();
        let bytes = tcp4_with(b.mac(), a.mac(), 7, &payload);
        a.send_by(0, &bytes, |packet| {
            packet.request_segmentation(1400).unwrap();
        });
        let got = b.take(4);
        let lengths: Vec<_> = got.iter().map(|got| got.bytes.len() - 54).collect();
        let number = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all << 8 | u32::from(*byte));
        let sequence: Vec<_> = got.iter().map(|got| number(&got.bytes[38..42])).collect();
        assert_eq!(lengths, [1400, 1400, 1400, 800], "{model}");
        assert_eq!(sequence, [0, 1400, 2800, 4200].map(|at| sequence[0] + at), "{model}");
        let cut: Vec<u8> = got.iter().flat_map(|got| got.bytes[54..].to_vec()).collect();
        assert_eq!(cut, payload, "{model}");
        for got in got.iter().filter(|_| model == "x550") {
            assert!(got.flags.contains(Flags::IP_GOOD) && got.flags.contains(Flags::L4_GOOD));
        }
    }
}
