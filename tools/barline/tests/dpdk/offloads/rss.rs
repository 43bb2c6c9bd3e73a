//! Packets spread over queues, by a hash that DPDK is told.

use super::packets::{Ip, L4, Packet};
use super::setup::{Setup, Wanted};
use super::toeplitz::{MICROSOFT, Ports, hash};
use super::wire::PEER;
use crate::kit::Paths;

/// Packets of many flows, of all that is hashed and of what is not.
pub fn flows(mac: softnic::Mac, count: u16) -> Vec<Packet> {
    let mut all = Vec::new();
    for n in 0..count {
        for ip in [Ip::V4, Ip::V6] {
            for l4 in [L4::Tcp, L4::Udp] {
                let mut packet = Packet::new(PEER, mac, ip, l4, 40);
                // Which one it is stands in the sender's address.
                packet.from[3..5].copy_from_slice(&(all.len() as u16).to_be_bytes());
                packet.v4[0][2..4].copy_from_slice(&(n * 77).to_be_bytes());
                packet.v6[0][14..16].copy_from_slice(&(n * 77).to_be_bytes());
                packet.ports[0] = 1000 + n * 3;
                all.push(packet);
            }
        }
    }
    all
}

/// Sends packets and compares hash and queue of each, wherever it comes, with those of a key, a table,
/// and what is hashed.
#[track_caller]
pub fn spread(setup: &Setup, packets: &[Packet], key: &[u8; 40], table: &[usize], ports: Ports) {
    let seen = setup.show(packets.iter().map(Packet::bytes));
    assert_eq!(seen.len(), packets.len());
    let mut found = vec![false; packets.len()];
    for seen in &seen {
        let number = u16::from_be_bytes([seen.from[3], seen.from[4]]);
        let packet = &packets[usize::from(number)];
        assert!(!std::mem::replace(&mut found[usize::from(number)], true), "twice: {seen:?}");
        let wanted = hash(key, packet, ports);
        assert_eq!(seen.hash, Some(wanted), "{packet:?}: {seen:?}");
        assert!(seen.has("RSS_HASH"), "{seen:?}");
        assert_eq!(seen.queue, table[wanted as usize % table.len()], "{packet:?}: {seen:?}");
    }
    let used: std::collections::BTreeSet<usize> = seen.iter().map(|seen| seen.queue).collect();
    let wanted: std::collections::BTreeSet<usize> = table.iter().copied().collect();
    assert_eq!(used, wanted, "each queue of the table gets some");
}

/// Before X550 the PF has key and table: in the adapter, Microsoft's key, and the queues in turn. It
/// leaves UDP ports out.
#[test]
fn the_pf_spreads_what_comes_by_the_wire() {
    for (model, queues, paths) in [
        ("82599", 4, Paths::Vector),
        ("82599", 4, Paths::Scalar),
        ("82599", 2, Paths::Vector),
        ("x540", 4, Paths::Scalar),
    ] {
        let adapter = format!("model={model}");
        let wanted = Wanted { adapter: &adapter, queues, ..Wanted::plain(paths) };
        let mut setup = Setup::start(&wanted);
        setup.uses(false, false);
        setup.commands(&["set fwd rxonly", "set verbose 1", "start"]);
        let table: Vec<usize> = (0..128).map(|at| at % usize::from(queues)).collect();
        let ports = Ports { tcp: true, udp: false };
        spread(&setup, &flows(setup.mac, 40), &MICROSOFT, &table, ports);
        setup.testpmd.quit();
    }
}
