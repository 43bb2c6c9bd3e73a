//! Frames that take several buffers.

use super::packets::{Ip, L4, Packet};
use super::setup::{Setup, Wanted};
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
        let mut count = 0;
        let wanted: Vec<Packet> = packets.collect();
        setup.wire.send(wanted.iter().map(Packet::bytes));
        while count < wanted.len() {
            for got in setup.wire.receive(1) {
                let right = Packet { from: setup.mac, to: PEER, ..wanted[count].clone() };
                let len = right.bytes().len();
                assert!(got == right.bytes(), "{adapter}, {paths:?}, {len} bytes: {got:02x?}");
                count += 1;
            }
        }
        setup.commands(&["stop", "set fwd rxonly", "set verbose 1", "start"]);
        let lens = [SHORTEST, buffer - 1, buffer, buffer + 1, 4 * buffer, LONGEST];
        let frames =
            lens.map(|len| Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, len - HEADERS).bytes());
        for (seen, len) in setup.show(frames).iter().zip(lens) {
            let what = format!("{adapter}, {paths:?}: {seen:?}");
            assert_eq!((seen.len, seen.segments), (len, len.div_ceil(buffer)), "{what}");
        }
        setup.testpmd.quit();
    }
}
