//! TCP segmentation: testpmd's csum engine has long packets cut up (`tso set`).

use etherparse::TcpHeader;

use super::packets::{Ip, L4, Packet, checksums};
use super::setup::{Setup, Wanted};
use super::wire::PEER;
use crate::kit::Paths;

const MSS: usize = 800;

/// The segments of a packet, sent to the peer.
///
/// Each has the next identification (IPv4) and goes on in the sequence. FIN and PSH are the last one's,
/// CWR is the first one's (82599 datasheet 7.2.4.7, and the values of DTXTCPFLGL and DTXTCPFLGH after
/// power-on).
fn segments(packet: &Packet, mss: usize) -> Vec<Packet> {
    let chunks: Vec<&[u8]> = packet.payload.chunks(mss).collect();
    let last = chunks.len() - 1;
    let segment = |(n, payload): (usize, &&[u8])| Packet {
        from: packet.to,
        to: PEER,
        id: packet.id.wrapping_add(n as u16),
        tcp: TcpHeader {
            sequence_number: packet.tcp.sequence_number.wrapping_add((n * mss) as u32),
            fin: packet.tcp.fin && n == last,
            psh: packet.tcp.psh && n == last,
            cwr: packet.tcp.cwr && n == 0,
            ..packet.tcp.clone()
        },
        payload: payload.to_vec(),
        ..packet.clone()
    };
    chunks.iter().enumerate().map(segment).collect()
}

/// Packets of several lengths, with and without TCP options and a VLAN tag in them.
fn packets(mac: softnic::Mac) -> Vec<Packet> {
    let mut all = Vec::new();
    for (n, payload) in
        [1, MSS - 1, MSS, MSS + 1, 2 * MSS, 5 * MSS - 1, 5 * MSS + 1, 8800].into_iter().enumerate()
    {
        for ip in [Ip::V4, Ip::V4Options, Ip::V6] {
            for vlan in [None, Some(100)] {
                let mut tcp = TcpHeader {
                    // It wraps within the longest ones.
                    sequence_number: 0xffff_f800,
                    acknowledgment_number: 77,
                    ack: true,
                    psh: true,
                    fin: n % 2 == 0,
                    cwr: n % 3 == 0,
                    ece: n % 3 == 1,
                    window_size: 1234,
                    ..TcpHeader::default()
                };
                if n % 4 == 1 {
                    // Two of no meaning, and a timestamp.
                    tcp.set_options_raw(&[1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
                }
                let packet = Packet::new(PEER, mac, ip, L4::Tcp, payload);
                all.push(Packet { vlan, id: 0xfffe, tcp, ..packet });
            }
        }
    }
    all
}

#[test]
fn long_tcp_packets_are_cut_up_and_each_segment_is_right() {
    for model in ["82599", "x550"] {
        for paths in Paths::ALL {
            let adapter = format!("model={model}");
            // Packets of several buffers are received and sent.
            let app = ["--max-pkt-len=9018", "--tx-offloads=0x8000", "--enable-rx-cksum"];
            let mut setup =
                Setup::start(&Wanted { adapter: &adapter, app: &app, ..Wanted::plain(paths) });
            setup.reconfigure(&[
                "csum set ip hw 0",
                "csum set tcp hw 0",
                "csum parse-tunnel off 0",
                &format!("tso set {MSS} 0"),
            ]);
            setup.uses(true, true);
            setup.commands(&["vlan set filter on 0", "rx_vlan add 100 0"]);
            setup.forward("csum");
            let packets = packets(setup.mac);
            let cut: Vec<Vec<Packet>> =
                packets.iter().map(|packet| segments(packet, MSS)).collect();
            let counts = cut.iter().map(Vec::len);
            let got = setup.exchange(packets.iter().map(Packet::bytes).zip(counts));
            let wanted = cut.concat();
            assert_eq!(got.len(), wanted.len());
            for (n, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
                let what = format!("{model}, {paths:?}, segment {n}");
                assert!(*got == wanted.bytes(), "{what}: {wanted:?}\n{got:02x?}");
                let has_ip = wanted.ip != Ip::V6;
                assert_eq!(checksums(got), (has_ip.then_some(true), Some(true)), "{what}");
            }
            setup.testpmd.quit();
        }
    }
}
