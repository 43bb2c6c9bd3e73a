//! VLANs: which tags reach testpmd, what it is told of them, and those that it has put in.

use super::packets::{Ip, L4, Packet, checksums};
use super::setup::{Setup, Wanted};
use super::verbose::{self, Seen};
use super::wire::PEER;
use crate::kit::Paths;

/// A packet to be told from others by its length.
fn packet(setup: &Setup, vlan: Option<u16>, payload: usize) -> Packet {
    Packet { vlan, ..Packet::new(PEER, setup.mac, Ip::V4, L4::Udp, payload) }
}

/// Sends packets of these VLANs, and one without a tag at the end; tells of those that came before it.
#[track_caller]
fn coming(setup: &Setup, vlans: &[u16]) -> Vec<Seen> {
    const LAST: usize = 333;
    let tagged = vlans.iter().map(|vid| packet(setup, Some(*vid), 100).bytes());
    let last = packet(setup, None, LAST);
    let mark = verbose::mark(&setup.testpmd);
    setup.wire.send(tagged.chain([last.bytes()]));
    let mut count = 1;
    loop {
        let mut seen = verbose::wait(&setup.testpmd, mark, count);
        if seen.last().is_some_and(|seen| seen.len == last.bytes().len()) {
            seen.pop();
            return seen;
        }
        count = seen.len() + 1;
    }
}

#[test]
fn only_vlans_that_were_asked_for_come_and_their_tags_are_told_or_stay() {
    for paths in Paths::ALL {
        let mut setup = Setup::start(&Wanted::plain(paths));
        setup.uses(false, false);
        setup.commands(&["set fwd rxonly", "set verbose 1", "start"]);
        let len = packet(&setup, Some(100), 100).bytes().len();
        assert_eq!(coming(&setup, &[100, 200, 4095]), []);
        setup.commands(&["vlan set filter on 0", "rx_vlan add 100 0", "rx_vlan add 4000 0"]);
        for round in 0..2 {
            // The tag is in the packet, and told.
            let seen = coming(&setup, &[99, 100, 101, 4000]);
            assert_eq!(seen.len(), 2, "{paths:?}: {seen:?}");
            for (seen, vid) in seen.iter().zip([100, 4000]) {
                assert_eq!((seen.ether_type, seen.len), (0x8100, len), "{paths:?}: {seen:?}");
                assert_eq!(seen.vlan, Some(vid), "{paths:?}: {seen:?}");
                assert!(!seen.has("VLAN_STRIPPED"), "{paths:?}: {seen:?}");
            }
            // It is only told.
            setup.commands(&["vlan set strip on 0"]);
            let seen = coming(&setup, &[99, 100, 101, 4000]);
            assert_eq!(seen.len(), 2, "{paths:?}: {seen:?}");
            for (seen, vid) in seen.iter().zip([100, 4000]) {
                assert_eq!((seen.ether_type, seen.len), (0x0800, len - 4), "{paths:?}: {seen:?}");
                assert_eq!(seen.vlan, Some(vid), "{paths:?}: {seen:?}");
                assert!(seen.has("VLAN_STRIPPED"), "{paths:?}: {seen:?}");
            }
            // Priority and drop eligibility belong to the tag.
            let mut urgent = packet(&setup, Some(100), 100).bytes();
            urgent[14] |= 0xf0;
            let seen = setup.show([urgent]);
            assert_eq!(seen[0].vlan, Some(0xf000 | 100), "{paths:?}: {seen:?}");
            setup.commands(&["vlan set strip off 0"]);
            if round == 0 {
                // The PF forgets it all as the port is stopped, and DPDK asks again.
                setup.commands(&["stop"]);
                setup.reconfigure(&[]);
                setup.commands(&["start"]);
            }
        }
        setup.commands(&["rx_vlan rm 100 0"]);
        let seen = coming(&setup, &[100, 4000]);
        assert_eq!(seen.iter().map(|seen| seen.vlan).collect::<Vec<_>>(), [Some(4000)]);
        setup.testpmd.quit();
    }
}

#[test]
fn tags_are_put_in_and_those_of_others_are_not_sent() {
    for model in ["82599", "x550"] {
        for paths in Paths::ALL {
            let adapter = format!("model={model}");
            let app = ["--enable-rx-cksum"];
            let wanted = Wanted { adapter: &adapter, app: &app, ..Wanted::plain(paths) };
            let mut setup = Setup::start(&wanted);
            setup.commands(&["vlan set filter on 0", "rx_vlan add 100 0"]);
            let sent = |setup: &mut Setup, lines: &[&str], payload| {
                setup.commands(&["stop"]);
                setup.reconfigure(lines);
                setup.forward("mac");
                let packet = packet(setup, None, payload);
                setup.wire.send([packet.bytes()]);
                Packet { from: setup.mac, to: PEER, ..packet }
            };
            setup.commands(&["start"]);
            for payload in [0, 14, 15, 18, 19, 700, 1472] {
                let packet = sent(&mut setup, &["tx_vlan set 0 100"], payload);
                setup.uses(false, true);
                let got = setup.wire.receive(1);
                let mut bytes = packet.bytes();
                bytes.splice(12..12, [0x81, 0, 0, 100]);
                assert_eq!(got, [bytes], "{model}, {paths:?}, {payload} bytes");
                assert_eq!(checksums(&got[0]), (Some(true), Some(true)));
            }
            // A VLAN that is not its own: the PF lets nothing out (spoof=on) until it is.
            setup.commands(&["set verbose 1"]);
            let mark = verbose::mark(&setup.testpmd);
            sent(&mut setup, &["tx_vlan set 0 200"], 10);
            verbose::wait(&setup.testpmd, mark, 1);
            setup.commands(&["set verbose 0", "stop", "rx_vlan add 200 0", "start"]);
            let second = packet(&setup, None, 20);
            setup.wire.send([second.bytes()]);
            let right = Packet { from: setup.mac, to: PEER, vlan: Some(200), ..second };
            assert_eq!(setup.wire.receive(1), [right.bytes()], "{model}, {paths:?}");
            setup.testpmd.quit();
        }
    }
}

#[test]
fn a_queue_strips_tags_by_itself() {
    for paths in Paths::ALL {
        let mut setup = Setup::start(&Wanted { queues: 2, ..Wanted::plain(paths) });
        setup.commands(&["vlan set filter on 0", "rx_vlan add 100 0", "vlan set stripq on 0,1"]);
        setup.commands(&["set fwd rxonly", "set verbose 1", "start"]);
        let flow = |port| {
            let mut packet = packet(&setup, Some(100), 100);
            packet.l4 = L4::Tcp;
            packet.ports[0] = port;
            packet.bytes()
        };
        let seen = setup.show((0..64).map(flow));
        let len = flow(0).len();
        for seen in &seen {
            let stripped = seen.queue == 1;
            assert_eq!(seen.len, if stripped { len - 4 } else { len }, "{paths:?}: {seen:?}");
            assert_eq!(seen.has("VLAN_STRIPPED"), stripped, "{paths:?}: {seen:?}");
            assert_eq!(seen.vlan, Some(100), "{paths:?}: {seen:?}");
        }
        let first = seen.iter().filter(|seen| seen.queue == 0).count();
        assert!((10..=54).contains(&first), "{paths:?}: {first} of 64 came to queue 0");
        setup.testpmd.quit();
    }
}
