//! Only to testpmd, or only from it.

use etherparse::{NetHeaders, PacketHeaders, TransportHeader};

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Got, Options, Paths, Peer, PortStats, Run, Testpmd, until, until_is};

#[test]
fn rxonly_counts_frames_of_all_sizes() {
    for paths in Paths::ALL {
        let run = Run::new("vfs=2,uplink=sink");
        let mut peer = Peer::open(&run, 0);
        let options = Options { paths, app: &["--forward-mode=rxonly"], ..Options::VF1 };
        let mut testpmd = Testpmd::start(&run, &options);
        testpmd.assert_plain(paths);
        testpmd.command("start");
        let way = Way { from: peer.mac(), to: testpmd.mac(0) };
        let (mut frames_sent, mut bytes_sent) = (0, 0);
        let lens: Vec<_> = frames::all_sizes().chain(frames::imix(1200)).collect();
        // No more at once than testpmd's ring takes.
        for lens in lens.chunks(100) {
            let frames: Vec<_> = (frames_sent as u32..)
                .zip(lens)
                .map(|(number, len)| frames::frame(Kind::Plain, way, number, *len))
                .collect();
            peer.send(&frames);
            frames_sent += lens.len() as u64;
            // The device counts the FCS.
            bytes_sent += lens.iter().map(|len| *len as u64 + 4).sum::<u64>();
            let all = |stats: &PortStats| stats.rx_packets == frames_sent;
            until_is("testpmd's port has them all", || testpmd.stats(0), all);
            let next = || testpmd.command("show port 0 rxq 0 desc 0 status");
            until_is("testpmd has taken them", next, |answer| answer.contains("AVAILABLE"));
        }
        let forwarded = testpmd.stop();
        assert_eq!((forwarded.received, forwarded.sent), (frames_sent, 0));
        let stats = testpmd.stats(0);
        assert_eq!((stats.rx_packets, stats.rx_bytes), (frames_sent, bytes_sent), "{stats:?}");
        assert_eq!((stats.rx_errors, stats.rx_missed, stats.rx_nombuf), (0, 0, 0), "{stats:?}");
        assert_eq!(stats.tx_packets, 0);
        testpmd.quit();
    }
}

/// Bytes without FCS of what txonly sends by default.
const GENERATED: usize = 64;

/// What testpmd's txonly sends, by its defaults: UDP between two addresses for benchmarks (RFC 2544).
#[track_caller]
fn check_generated(got: &Got, way: Way) {
    let len = GENERATED;
    assert_eq!(got.bytes.len(), len);
    assert_eq!((&got.bytes[..6], &got.bytes[6..12]), (&way.to.0[..], &way.from.0[..]));
    let packet = PacketHeaders::from_ethernet_slice(&got.bytes).unwrap();
    let (Some(NetHeaders::Ipv4(ip, _)), Some(TransportHeader::Udp(udp))) =
        (packet.net, packet.transport)
    else {
        panic!("no UDP over IPv4: {got:02x?}");
    };
    assert_eq!((ip.source, ip.destination), ([198, 18, 0, 1], [198, 18, 0, 2]));
    assert_eq!((udp.source_port, udp.destination_port), (9, 9));
    assert_eq!(usize::from(ip.total_len), len - 14);
    assert_eq!(usize::from(udp.length), len - 34);
    assert_eq!(ip.header_checksum, ip.calc_header_checksum());
}

#[test]
fn txonly_sends_whole_udp_packets_and_each_arrives() {
    // Slow enough for a busy machine to receive all of them: some 14,000 frames a second.
    const ENOUGH: usize = 2000;
    for paths in Paths::ALL {
        let run = Run::new("vfs=2,uplink=sink,rate=10");
        let mut peer = Peer::open_with(
            &run,
            0,
            barline::Config { rx_ring: 4096, ..barline::Config::default() },
        );
        let eth_peer = format!("--eth-peer=0,{}", peer.mac());
        let app: &[&str] = &["--forward-mode=txonly", &eth_peer];
        let mut testpmd = Testpmd::start(&run, &Options { paths, app, ..Options::VF1 });
        testpmd.assert_plain(paths);
        let way = Way { from: testpmd.mac(0), to: peer.mac() };
        testpmd.command("start");
        let mut got = peer.receive(ENOUGH);
        testpmd.command("stop");
        // What it had queued is still being sent.
        let mut stats = testpmd.stats(0);
        until("the device has sent as many as came", || {
            got.extend(peer.poll());
            stats = testpmd.stats(0);
            got.len() as u64 == stats.tx_packets
        });
        for packet in &got {
            check_generated(packet, way);
        }
        let bytes = (GENERATED as u64 + 4) * stats.tx_packets;
        assert_eq!((stats.tx_bytes, stats.tx_errors), (bytes, 0), "{stats:?}");
        assert_eq!(stats.rx_packets, 0, "{stats:?}");
        testpmd.quit();
    }
}
