//! What the adapter says of received packets, as DPDK prints it.
//!
//! DPDK looks at the two error bits only: where the adapter has checked nothing, it says "good".

use etherparse::Ipv4Header;
use softnic::Mac;

use super::packets::{Ip, L4, Packet, Sum};
use super::setup::{Setup, Wanted, address};
use super::verbose;
use super::wire::PEER;
use crate::kit::{Options, Paths, Peer, Run, Testpmd};

/// A frame, its type, and whether DPDK takes its checksums for right: IPv4's and that behind it.
struct Case {
    frame: Vec<u8>,
    packet_type: &'static str,
    right: (bool, bool),
}

fn cases(from: Mac, to: Mac) -> Vec<Case> {
    let packet = |ip, l4| Packet::new(from, to, ip, l4, 50);
    let types = [
        (Ip::V4, L4::Tcp, "L2_ETHER L3_IPV4 L4_TCP"),
        (Ip::V4, L4::Udp, "L2_ETHER L3_IPV4 L4_UDP"),
        (Ip::V4, L4::Sctp, "L2_ETHER L3_IPV4 L4_SCTP"),
        (Ip::V4, L4::UdpUnsummed, "L2_ETHER L3_IPV4 L4_UDP"),
        (Ip::V4Options, L4::Tcp, "L2_ETHER L3_IPV4_EXT L4_TCP"),
        (Ip::V4Options, L4::Udp, "L2_ETHER L3_IPV4_EXT L4_UDP"),
        (Ip::V6, L4::Tcp, "L2_ETHER L3_IPV6 L4_TCP"),
        (Ip::V6, L4::Udp, "L2_ETHER L3_IPV6 L4_UDP"),
        (Ip::V6, L4::Sctp, "L2_ETHER L3_IPV6 L4_SCTP"),
    ];
    let mut cases = Vec::new();
    for (ip, l4, packet_type) in types {
        let packet = packet(ip, l4);
        let mut add = |wrong: &[Sum]| {
            let right = (!wrong.contains(&Sum::Ip), !wrong.contains(&Sum::L4));
            cases.push(Case { frame: packet.with_wrong(wrong), packet_type, right });
        };
        add(&[]);
        if l4 != L4::UdpUnsummed {
            add(&[Sum::L4]);
        }
        if ip != Ip::V6 {
            add(&[Sum::Ip]);
            // One byte more or less of the header does not concern what is behind it.
            if l4 != L4::UdpUnsummed {
                add(&[Sum::Ip, Sum::L4]);
            }
        }
    }
    let plain = |frame, packet_type| Case { frame, packet_type, right: (true, true) };
    // A first fragment, whose checksum cannot be known.
    let mut fragment = packet(Ip::V4, L4::Udp).with_wrong(&[Sum::L4]);
    let (mut header, _) = Ipv4Header::from_slice(&fragment[14..]).unwrap();
    (header.dont_fragment, header.more_fragments) = (false, true);
    header.header_checksum = header.calc_header_checksum();
    fragment[14..34].copy_from_slice(&header.to_bytes());
    cases.push(plain(fragment, "L2_ETHER L3_IPV4"));
    let mut other = packet(Ip::V4, L4::Udp).bytes();
    other[12..14].copy_from_slice(&[0x88, 0xb5]);
    cases.push(plain(other, "L2_ETHER"));
    cases
}

#[test]
fn packet_types_and_wrong_checksums_are_told() {
    for model in ["82599", "x550"] {
        for paths in Paths::ALL {
            let adapter = format!("model={model}");
            let app = ["--enable-rx-cksum"];
            let wanted = Wanted { adapter: &adapter, app: &app, ..Wanted::plain(paths) };
            let mut setup = Setup::start(&wanted);
            setup.uses(false, false);
            setup.commands(&["set fwd rxonly", "set verbose 1", "start"]);
            let cases = cases(PEER, setup.mac);
            let seen = setup.show(cases.iter().map(|case| case.frame.clone()));
            assert_eq!(seen.len(), cases.len());
            for (n, (case, seen)) in cases.iter().zip(&seen).enumerate() {
                let told = (seen.sum("IP"), seen.sum("L4"));
                let (ip, l4) = case.right;
                let what = format!("{model}, {paths:?}, case {n}: {seen:?}");
                assert_eq!(seen.packet_type, case.packet_type, "{what}");
                assert_eq!(told, (Some(ip), Some(l4)), "{what}");
                assert_eq!((seen.len, seen.segments), (case.frame.len(), 1), "{what}");
            }
            setup.testpmd.quit();
        }
    }
}

/// What comes from another VF is parsed from X550 on only: before, nothing of it is wrong, since nobody
/// has looked.
#[test]
fn of_frames_from_another_vf_the_same_is_told_from_x550_on() {
    for (model, parses) in [("82599", false), ("x540", false), ("x550", true)] {
        let run = Run::new(&format!("vfs=2,uplink=sink,model={model}"));
        let mut peer = Peer::open(&run, 0);
        let app = &["--enable-rx-cksum"];
        let mut testpmd = Testpmd::start(&run, &Options { app, ..Options::VF1 });
        for line in ["set fwd rxonly", "set verbose 1", "start"] {
            testpmd.command(line);
        }
        let mac = address(testpmd.info(0).text("MAC address"));
        let cases = cases(peer.mac().0, mac);
        let frames: Vec<Vec<u8>> = cases.iter().map(|case| case.frame.clone()).collect();
        let mark = verbose::mark(&testpmd);
        peer.send(&frames);
        let seen = verbose::wait(&testpmd, mark, cases.len());
        assert_eq!(seen.len(), cases.len());
        for (n, (case, seen)) in cases.iter().zip(&seen).enumerate() {
            let (ip, l4) = if parses { case.right } else { (true, true) };
            let packet_type = if parses { case.packet_type } else { "L2_ETHER" };
            assert_eq!(seen.packet_type, packet_type, "{model}, case {n}: {seen:?}");
            let told = (seen.sum("IP"), seen.sum("L4"));
            assert_eq!(told, (Some(ip), Some(l4)), "{model}, case {n}: {seen:?}");
        }
        testpmd.quit();
    }
}
