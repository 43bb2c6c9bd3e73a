//! What is counted, on both sides.

use std::collections::BTreeMap;

use crate::kit::{Pair, with_queues};
use crate::packets::{Flow, tcp};

#[test]
fn device_and_driver_count_the_same() {
    for model in ["82599", "x553"] {
        let configs = [with_queues(4), with_queues(4)];
        let mut pair = Pair::with(&format!("vfs=2,model={model}"), configs);
        let (from, to) = (pair.ends[1].port.mac(), pair.ends[0].port.mac());
        let mut bytes = 0;
        for port in 0..100 {
            let packet = tcp(Flow { from, to, port }, 1, &[0; 200][..usize::from(port) + 20]);
            bytes += packet.len() as u64;
            pair.ends[1].send(&packet);
        }
        let received: usize = (0..4).map(|queue| pair.received(0, queue).len()).sum();
        assert_eq!(received, 100, "{model}");
        let all = pair.ends.each_ref().map(|end| {
            end.port.xstats().into_iter().map(|s| (s.name, s.value)).collect::<BTreeMap<_, _>>()
        });
        let sum = |vf: usize, kind: &str, name: &str| -> u64 {
            (0..4).map(|queue| all[vf][&format!("{kind}_q{queue}_{name}")]).sum()
        };
        assert_eq!((sum(0, "rx", "packets"), sum(0, "rx", "bytes")), (100, bytes), "{model}");
        assert_eq!((sum(1, "tx", "packets"), sum(1, "tx", "bytes")), (100, bytes), "{model}");
        assert_eq!(all[0]["device_rx_packets"], 100, "{model}");
        assert_eq!(all[1]["device_tx_packets"], 100, "{model}");
        // The device counts the FCS, too.
        assert_eq!(all[0]["device_rx_bytes"], bytes + 400, "{model}");
        assert_eq!(all[1]["device_tx_bytes"], bytes + 400, "{model}");
        // And its own books say the same.
        let own = [0, 1].map(|vf| pair.adapter.counters_of(vf));
        assert_eq!((own[0].rx_packets, own[1].tx_packets), (100, 100), "{model}");
        assert!(!all[0].contains_key("device_rx_dropped"), "the 82599's VF does not tell");
        assert_eq!(pair.ends[0].port.stats().device.rx_dropped, None);
        assert!(all[0]["driver_mailbox_requests"] > 0);
    }
}

#[test]
fn a_port_says_what_it_is() {
    for (model, name, table) in [
        ("82599", "82599 VF", 0),
        ("x540", "X540 VF", 0),
        ("x550", "X550 VF", 64),
        ("e610", "E610 VF", 64),
    ] {
        let pair = Pair::with(&format!("vfs=2,model={model}"), [with_queues(1), with_queues(1)]);
        let info = pair.ends[0].port.info();
        assert_eq!((info.driver, info.model, info.rss_table), ("ixgbevf", name, table));
        assert_eq!(info.queues, 4, "as the PF has granted");
        assert!(info.offloads.vlan_strip && info.offloads.tcp_segmentation);
        let registers = pair.ends[0].port.registers();
        let status = registers.iter().find(|register| register.name.contains("LINKS"));
        assert_ne!(status.expect("there is a link register").value, u32::MAX);
    }
    // With more VFs than half of the device's, each has two.
    let pair = Pair::with("vfs=40", [with_queues(2), with_queues(1)]);
    assert_eq!(pair.ends[0].port.info().queues, 2);
}
