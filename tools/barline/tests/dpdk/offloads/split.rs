//! Packets that testpmd sends from several buffers (`set txpkts`).

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

use super::packets::{Ip, L4, Packet, checksums};
use super::setup::{Setup, Wanted};
use super::wire::PEER;
use crate::kit::Paths;

/// The csum engine copies each packet into buffers of such lengths.
#[test]
fn packets_are_put_together_from_their_pieces() {
    for paths in Paths::ALL {
        let app = ["--tx-offloads=0x8000"];
        let mut setup = Setup::start(&Wanted { app: &app, ..Wanted::plain(paths) });
        setup.reconfigure(&["csum set ip hw 0", "csum set udp hw 0", "csum set tcp hw 0"]);
        setup.uses(false, true);
        // The headers are in the first, and 40 are the most that there may be.
        let most = format!("94{}", ",30".repeat(39));
        for pieces in ["100,1,300,60", "94,400,7,200,1,1,90,300", "80", &most] {
            setup.commands(&[&format!("set txpkts {pieces}"), "set txsplit on"]);
            let told = setup.testpmd.command("show config txpkts");
            assert!(told.contains(&format!("Segment sizes: {pieces}\n")), "{told}");
            setup.forward("csum");
            let packets: Vec<Packet> = (0..1434)
                .step_by(7)
                .map(|payload| {
                    let l4 = if payload % 2 == 0 { L4::Tcp } else { L4::Udp };
                    let ip = if payload % 3 == 0 { Ip::V6 } else { Ip::V4 };
                    Packet::new(PEER, setup.mac, ip, l4, payload)
                })
                .collect();
            let got = setup.exchange(packets.iter().map(|packet| (packet.bytes(), 1)));
            assert_eq!(got.len(), packets.len(), "{pieces}");
            for (packet, got) in packets.iter().zip(&got) {
                let right = Packet { from: setup.mac, to: PEER, ..packet.clone() };
                assert!(*got == right.bytes(), "{paths:?}, {pieces}: {right:?}\n{got:02x?}");
            }
            setup.commands(&["stop"]);
        }
        setup.testpmd.quit();
    }
}

/// The txonly engine makes packets of its own, whose bytes behind the headers nobody has set.
#[test]
fn txonly_sends_packets_of_the_length_of_all_their_pieces() {
    for paths in Paths::ALL {
        // Slowly, since nothing holds it up that finds no room on the way to this process.
        let adapter = "model=82599,rate=20";
        let app = ["--tx-offloads=0x8000"];
        let mut setup = Setup::start(&Wanted { adapter, app: &app, ..Wanted::plain(paths) });
        setup.uses(false, true);
        let mut all = 0;
        for (pieces, len) in [("64", 64), ("64,128,500", 692), ("42,1,1457,9,5", 1514)] {
            setup.commands(&[&format!("set txpkts {pieces}")]);
            setup.forward("txonly");
            let mut got = setup.wire.receive(100);
            setup.commands(&["stop"]);
            // What is sent after all that makes its end known.
            setup.forward("mac");
            let last = Packet::new(PEER, setup.mac, Ip::V6, L4::Tcp, 100);
            setup.wire.send([last.bytes()]);
            let right = Packet { from: setup.mac, to: PEER, ..last }.bytes();
            while got.last() != Some(&right) {
                got.extend(setup.wire.receive(1));
            }
            setup.commands(&["stop"]);
            all += got.len() as u64;
            got.pop();
            check(&got, len, setup.mac, pieces);
        }
        assert_eq!(setup.testpmd.stats(0).tx_packets, all, "{paths:?}");
        setup.testpmd.quit();
    }
}

#[track_caller]
fn check(frames: &[Vec<u8>], len: usize, from: softnic::Mac, pieces: &str) {
    for frame in frames {
        assert_eq!(frame.len(), len, "{pieces}");
        assert_eq!((&frame[..6], &frame[6..12]), (&PEER[..], &from[..]));
        let packet = SlicedPacket::from_ethernet(frame).unwrap();
        let (Some(NetSlice::Ipv4(ip)), Some(TransportSlice::Udp(udp))) =
            (packet.net, packet.transport)
        else {
            panic!("no UDP: {frame:02x?}");
        };
        assert_eq!(usize::from(ip.header().total_len()), len - 14);
        assert_eq!(usize::from(udp.length()), len - 14 - 20);
        assert_eq!(checksums(frame).0, Some(true), "{pieces}");
    }
}
