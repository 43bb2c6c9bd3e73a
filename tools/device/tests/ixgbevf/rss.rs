//! Spreading packets over queues.

use barline::{Error, Rss, RssKind, RssKinds};
use softnic::Fault;

use crate::kit::{BEYOND, Rig, queues};
use crate::node::Node;
use crate::packet::{tcp4, tcp6, udp4};

/// Sends flows over the wire, which comes back to `b`, by their source ports, and returns the queue and the hash of each.
#[track_caller]
fn flows(a: &mut Node, b: &mut Node, ports: std::ops::Range<u16>) -> Vec<(usize, u32)> {
    let mut seen = Vec::new();
    for port in ports {
        let bytes = tcp4(BEYOND, b.mac(), port);
        a.send(&bytes);
        let got = b.take_one();
        let rss = got.rss.expect("a hash");
        assert_eq!(rss.kind, RssKind::TcpIpv4);
        seen.push((got.queue, rss.value));
    }
    seen
}

#[test]
fn flows_spread_over_all_queues_by_their_hash() {
    for (model, count, entries) in [
        ("82599", 4, 128),
        ("82599", 2, 128),
        ("x540", 4, 128),
        ("x550", 4, 64),
        ("x552", 3, 64),
        ("e610", 2, 64),
    ] {
        let told = if entries == 128 { ",rss-query=on" } else { "" };
        let rig = Rig::new(&format!("uplink=loop,model={model}{told}"));
        let (mut a, mut b) = (rig.node(0, queues(1)), rig.node(1, queues(count)));
        let Rss { table, .. } = b.port.rss().unwrap();
        assert_eq!(table.len(), entries, "{model}");
        let mut used = vec![0; count.into()];
        for (queue, hash) in flows(&mut a, &mut b, 1000..1040) {
            assert_eq!(queue, usize::from(table[hash as usize % entries]), "{model}");
            used[queue] += 1;
        }
        assert!(used.iter().all(|&packets| packets >= 3), "{model}: {used:?}");
    }
}

#[test]
fn one_queue_gets_everything() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("uplink=loop,model={model}"));
        let (mut a, mut b) = (rig.node(0, queues(1)), rig.node(1, queues(1)));
        assert!(flows(&mut a, &mut b, 1..20).iter().all(|(queue, _)| *queue == 0));
    }
}

#[test]
fn key_and_table_can_be_chosen_from_the_x550_on() {
    for model in ["x550", "x552", "x553", "e610"] {
        let rig = Rig::new(&format!("uplink=loop,model={model}"));
        let (mut a, mut b) = (rig.node(0, queues(1)), rig.node(1, queues(4)));
        let before = flows(&mut a, &mut b, 1..9);
        let chosen = Rss {
            key: std::array::from_fn(|i| 0x5a ^ (7 * i) as u8),
            table: (0..64).map(|i| [3, 1][i % 2]).collect(),
            kinds: RssKinds { udp_ipv4: true, ipv6: false, tcp_ipv6: false, ..RssKinds::default() },
        };
        b.port.set_rss(&chosen).unwrap();
        for reset in [false, true] {
            if reset {
                rig.inject(Fault::PfReset);
                a.recovered();
                b.recovered();
            }
            assert_eq!(b.port.rss().unwrap(), chosen, "{model}");
            let after = flows(&mut a, &mut b, 1..9);
            assert!(after.iter().all(|(queue, hash)| *queue == [3, 1][*hash as usize % 2]));
            assert!(before.iter().zip(&after).all(|(before, after)| before.1 != after.1));
            let kinds = [udp4(BEYOND, b.mac(), 5), tcp6(BEYOND, b.mac(), 5)].map(|bytes| {
                a.send(&bytes);
                b.take_one().rss.map(|rss| rss.kind)
            });
            assert_eq!(kinds, [Some(RssKind::UdpIpv4), None], "{model}");
        }
    }
}

#[test]
fn what_is_hashed_by_default() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("uplink=loop,model={model}"));
        let (mut a, mut b) = (rig.node(0, queues(1)), rig.node(1, queues(2)));
        for (bytes, kind) in [
            (tcp4(BEYOND, b.mac(), 5), RssKind::TcpIpv4),
            (udp4(BEYOND, b.mac(), 5), RssKind::Ipv4),
            (tcp6(BEYOND, b.mac(), 5), RssKind::TcpIpv6),
        ] {
            a.send(&bytes);
            assert_eq!(b.take_one().rss.map(|rss| rss.kind), Some(kind), "{model}");
        }
    }
}

#[test]
fn the_pfs_key_and_table_are_told_to_whom_it_lets_know_them_and_set_by_nobody() {
    for model in ["82599", "x540"] {
        let closed = Rig::new(&format!("uplink=loop,model={model}"));
        let mut port = closed.open(0, queues(4)).unwrap();
        let error = port.rss().unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(error.to_string().contains("query_rss on"), "{error}");
        assert!(port.set_rss(&Rss::spread(4, 64)).is_err());
        let open = Rig::new(&format!("uplink=loop,model={model},rss-query=on"));
        let rss = open.open(0, queues(4)).unwrap().rss().unwrap();
        assert_eq!(
            (rss.key[..4].to_vec(), &rss.table[..5]),
            (vec![0x6d, 0x5a, 0x56, 0xda], &[0, 1, 2, 3, 0][..])
        );
        // With two queues, the lowest bit of an entry counts.
        let rss = open.open(1, queues(2)).unwrap().rss().unwrap();
        assert_eq!(rss.table[..5], [0, 1, 0, 1, 0]);
    }
}

#[test]
fn a_table_that_does_not_fit_is_refused() {
    let rig = Rig::new("model=x550");
    let mut port = rig.open(0, queues(2)).unwrap();
    for table in [vec![0; 63], vec![0; 128], vec![2; 64]] {
        let rss = Rss { table, ..port.rss().unwrap() };
        assert!(matches!(port.set_rss(&rss), Err(Error::Config { .. })));
    }
    assert_eq!(port.rss().unwrap(), Rss::spread(2, 64));
}

#[test]
fn a_device_that_was_pulled_out_has_none() {
    let rig = Rig::new("uplink=sink,model=x550");
    let mut b = rig.node(1, queues(2));
    let rss = b.port.rss().unwrap();
    rig.inject(Fault::Removal { vf: 1 });
    let told = [b.port.rss().map(|_| ()), b.port.set_rss(&rss)];
    assert!(told.iter().all(Result::is_err), "{told:?}");
}
