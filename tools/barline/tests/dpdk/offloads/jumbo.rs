//! Frames that take several buffers.

use super::packets::{Ip, L4, Packet};
use super::setup::{Setup, Wanted};
use super::verbose;
use super::wire::PEER;
use crate::kit::Paths;

/// Longest frame of an MTU of 9000, and shortest, without FCS.
const LONGEST: usize = 9014;
const SHORTEST: usize = 60;

/// Bytes of the headers of UDP over IPv4.
const HEADERS: usize = 14 + 20 + 8;

#[test]
fn frames_of_all_sizes_come_and_go() {
    // Buffers of 2 KiB and all lengths; of 1 KiB, which the adapter has least, and some.
    for (adapter, paths, buffer, step) in [
        ("model=82599", Paths::Vector, 2048, 1),
        ("model=82599", Paths::Scalar, 2048, 1),
        ("model=x550", Paths::Vector, 1024, 13),
        ("model=x550", Paths::Scalar, 1024, 13),
    ] {
        // Multi-segment packets to send; 128 bytes of headroom.
        let mbuf = format!("--mbuf-size={}", buffer + 128);
        let app = ["--max-pkt-len=9018", "--enable-scatter", "--tx-offloads=0x8000", &mbuf];
        let mut setup = Setup::start(&Wanted { adapter, app: &app, ..Wanted::plain(paths) });
        setup.uses(true, true);
        setup.forward("mac");
        let packets = (SHORTEST..=LONGEST).step_by(step).map(|len| {
            let mut packet = Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, len - HEADERS);
            packet.id = len as u16;
            packet
        });
        let packets: Vec<Packet> = packets.collect();
        let got = setup.exchange(packets.iter().map(|packet| (packet.bytes(), 1)));
        assert_eq!(got.len(), packets.len(), "{adapter}, {paths:?}");
        for (got, packet) in got.iter().zip(packets) {
            let right = Packet { from: setup.mac, to: PEER, ..packet }.bytes();
            assert!(*got == right, "{adapter}, {paths:?}, {} bytes: {got:02x?}", right.len());
        }
        setup.commands(&["stop", "set fwd rxonly", "set verbose 1", "start"]);
        let lens = [SHORTEST, buffer - 1, buffer, buffer + 1, 4 * buffer, LONGEST];
        let frames =
            lens.map(|len| Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, len - HEADERS).bytes());
        for (seen, len) in setup.show(frames).iter().zip(lens) {
            let what = format!("{adapter}, {paths:?}: {seen:?}");
            assert_eq!((seen.len, seen.segments), (len, len.div_ceil(buffer)), "{what}");
        }
        // A tag comes on top of the longest frame; a byte more is too long.
        setup.commands(&["vlan set filter on 0", "rx_vlan add 100 0"]);
        let longest = Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, LONGEST - HEADERS);
        let tagged = Packet { vlan: Some(100), ..longest.clone() };
        let [mut long, mut long_tagged] = [longest.bytes(), tagged.bytes()];
        long.push(0);
        long_tagged.push(0);
        let mark = verbose::mark(&setup.testpmd);
        setup.wire.send([long, tagged.bytes(), long_tagged, longest.bytes()]);
        let seen = verbose::wait(&setup.testpmd, mark, 2);
        let lens: Vec<usize> = seen.iter().map(|seen| seen.len).collect();
        assert_eq!(lens, [LONGEST + 4, LONGEST], "{adapter}, {paths:?}");
        setup.testpmd.quit();
    }
}
