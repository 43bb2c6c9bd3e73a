//! RSS hashes and what they cover.

use barline_ring::{Adv82576, Adv82599, Flags, Pool, RssHash, RssKind};

use crate::model::{Model, Report, Rig, rss_types};

type Seen = Vec<(Flags, Option<RssHash>)>;

/// What comes out of these reports, whatever moves descriptors.
fn receive<F: Model>(reports: &[Report]) -> Seen {
    let mut all = Rig::each(128, 1024).map(|rig| receive_on::<F>(&rig, reports));
    let plain = all.next().unwrap();
    assert!(all.all(|seen| seen == plain));
    plain
}

fn receive_on<F: Model>(rig: &Rig, reports: &[Report]) -> Seen {
    let pool = Pool::new(&rig.arena, 64);
    let (mut rx, mut device) = rig.rx::<F>(64, 2);
    let mut batch = pool.batch(reports.len());
    for report in reports {
        let fragments = device.cut(&[0; 60], report);
        device.send(fragments);
    }
    device.step(usize::MAX);
    rx.poll(&mut batch);
    let seen = batch.frames().map(|frame| (frame.flags(), frame.rss())).collect();
    drop(batch);
    rig.release_rx(rx, device);
    seen
}

fn every_type<F: Model>() {
    let report = |number| Report { rss: Some((number, 0xfeed_0000)), ..Report::good(0, true) };
    let types = rss_types();
    let seen = receive::<F>(&types.map(|(number, ..)| report(number)));
    for ((flags, rss), (number, expected, kind)) in seen.into_iter().zip(types) {
        assert_eq!(flags, expected, "type {number}");
        assert_eq!(rss, Some(RssHash { value: 0xfeed_0000, kind }), "type {number}");
    }
    // No hash, reserved numbers, and a flow director's report.
    let none = [10, 11, 14, 15].map(report);
    for (flags, rss) in
        receive::<F>(&none).into_iter().chain(receive::<F>(&[Report::good(0, true)]))
    {
        assert_eq!((flags, rss), (Flags::empty(), None));
    }
}

#[test]
fn every_type_of_the_82576_has_its_kind() {
    every_type::<Adv82576>();
}

#[test]
fn every_type_of_the_82599_has_its_kind() {
    every_type::<Adv82599>();
}

#[test]
fn what_a_device_contradicts_is_not_known() {
    // TCP over IPv4 by the hash, and by the packet type IPv6, UDP, or nothing.
    let report = |types| Report { types, rss: Some((1, 7)), ..Report::good(0, true) };
    let kinds: Vec<_> = receive::<Adv82599>(&[0b100, 0b10_0000, 0b1_0001, 0].map(report))
        .into_iter()
        .map(|(_, rss)| rss.unwrap().kind)
        .collect();
    let tcp = RssKind::TcpIpv4;
    assert_eq!(kinds, [RssKind::Unknown, RssKind::Unknown, tcp, tcp]);
    // A hash of addresses says nothing of what is above them.
    let report = Report { types: 0b1_0001, rss: Some((2, 7)), ..Report::good(0, true) };
    assert_eq!(receive::<Adv82599>(&[report])[0].1.unwrap().kind, RssKind::Ipv4);
}
