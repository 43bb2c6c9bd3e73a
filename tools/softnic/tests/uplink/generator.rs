//! The generator: what it sends, and what it makes of what comes back.

use std::collections::{HashMap, HashSet};

use etherparse::{NetSlice, SlicedPacket, TransportSlice, VlanSlice};
use softnic::Spec;
use softnic::uplink::{Returned, Stamp, Uplink};

use super::uplink;
use super::wire::Vfs;

/// Sends until the VFs have no room; the time goes on by 1 µs a step.
fn fill(generator: &mut dyn Uplink, wire: &mut Vfs) -> Vec<Vec<u8>> {
    let mut now = 1_000_000;
    while generator.poll(now, 64, wire) > 0 {
        now += 1000;
    }
    std::mem::take(&mut wire.frames)
}

/// Looks at a frame with another's parser: the flow, if everything is right.
fn flow(frame: &[u8]) -> ([u8; 4], u16, [u8; 4], u16) {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    let Some(NetSlice::Ipv4(ip)) = packet.net else { panic!("no IPv4: {packet:?}") };
    let Some(TransportSlice::Udp(udp)) = packet.transport else { panic!("no UDP") };
    let header = ip.header().to_header();
    assert_eq!(header.header_checksum, header.calc_header_checksum());
    assert_ne!(udp.checksum(), 0);
    assert_eq!(
        udp.to_header().calc_checksum_ipv4(&header, udp.payload()).unwrap(),
        udp.checksum(),
        "of {} bytes",
        frame.len()
    );
    (header.source, udp.source_port(), header.destination, udp.destination_port())
}

#[test]
fn each_vf_gets_its_own_frames_in_turn_numbered_and_timed() {
    let mut generator = uplink("vfs=3,flows=5");
    let mut wire = Vfs::with_room(&[100, 0, 50]);
    let frames = fill(&mut *generator, &mut wire);
    assert_eq!(frames.len(), 150);
    let mut next = HashMap::new();
    let mut last = 0;
    for frame in &frames {
        let stamp = Stamp::read(frame).unwrap();
        assert!(frame.starts_with(&Vfs::mac_of(stamp.vf)));
        let next = next.entry(stamp.vf).or_insert(0);
        assert_eq!(stamp.sequence, *next);
        *next += 1;
        assert!(
            stamp.sent >= last && stamp.sent.is_multiple_of(1000) && stamp.run == 0,
            "{stamp:?}"
        );
        last = stamp.sent;
        assert_eq!(frame.len(), 60);
        flow(frame);
    }
    assert_eq!(next, HashMap::from([(0, 100), (2, 50)]));
    let turns: Vec<usize> = frames.iter().map(|frame| Stamp::read(frame).unwrap().vf).collect();
    let first_of_0 = turns.iter().position(|vf| *vf == 0).unwrap();
    assert!(turns[..first_of_0 + 40].contains(&2), "each has its turn: {turns:?}");
    // Without room it waits, and goes on where it stopped.
    assert_eq!(generator.poll(5, 64, &mut wire), 0);
    wire.room[1] = 1;
    wire.closed.push(2);
    wire.room[2] = 1;
    let frames = fill(&mut *generator, &mut wire);
    assert_eq!(frames.iter().map(|frame| Stamp::read(frame).unwrap().vf).collect::<Vec<_>>(), [1]);
    let counters = generator.counters();
    assert_eq!((counters.sent.frames, counters.sent.bytes), (151, 151 * 64));
    assert_eq!(counters.returned.iter().map(|vf| vf.sent).collect::<Vec<_>>(), [100, 1, 50]);
}

#[test]
fn an_open_one_does_not_wait() {
    let mut generator = uplink("vfs=2,gen=open");
    let mut wire = Vfs::with_room(&[0, 0]);
    wire.closed.push(1);
    assert_eq!(generator.poll(0, 20, &mut wire), 20);
    assert!(wire.frames.iter().all(|frame| frame.starts_with(&Vfs::mac_of(0))));
}

#[test]
fn frames_have_the_size_that_was_asked_for_and_right_checksums() {
    for size in [64, 65, 66, 67, 68, 128, 1518, 4097, 9018] {
        let mut wire = Vfs::with_room(&[70]);
        for frame in fill(&mut *uplink(&format!("vfs=1,size={size},flows=7")), &mut wire) {
            assert_eq!(frame.len() + 4, size);
            flow(&frame);
        }
    }
}

#[test]
fn imix_is_seven_four_and_one_of_twelve() {
    let mut wire = Vfs::with_room(&[1200]);
    let mut sizes = HashMap::new();
    for frame in fill(&mut *uplink("vfs=1,size=imix"), &mut wire) {
        flow(&frame);
        *sizes.entry(frame.len() + 4).or_insert(0) += 1;
    }
    assert_eq!(sizes, HashMap::from([(64, 700), (594, 400), (1518, 100)]));
}

#[test]
fn flows_are_as_many_as_asked_for() {
    for (flows, frames) in [(1, 50), (3, 50), (64, 200), (65536, 65600)] {
        let mut wire = Vfs::with_room(&[frames]);
        let sent = fill(&mut *uplink(&format!("vfs=1,flows={flows}")), &mut wire);
        let distinct: HashSet<_> = sent.iter().map(|frame| flow(frame)).collect();
        assert_eq!((distinct.len(), sent.len()), (flows, frames));
        let sources: HashSet<_> = distinct.iter().map(|flow| flow.0).collect();
        assert_eq!(sources.len(), flows, "a hash over addresses alone spreads them, too");
    }
}

#[test]
fn the_same_seed_gives_the_same_frames_and_another_others() {
    let frames = |options| {
        let mut wire = Vfs::with_room(&[100, 100]);
        fill(&mut *uplink(options), &mut wire)
    };
    let first = frames("size=imix,seed=7");
    assert!(first == frames("size=imix,seed=7"));
    assert!(first != frames("size=imix,seed=8"));
}

#[test]
fn frames_for_a_vf_in_a_vlan_have_its_tag() {
    let mut wire = Vfs { vlan: Some(0x123), ..Vfs::with_room(&[3]) };
    let mut generator = uplink("vfs=1");
    for frame in fill(&mut *generator, &mut wire) {
        let packet = SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(VlanSlice::SingleVlan(tag)) = packet.vlan() else { panic!("{packet:?}") };
        assert_eq!(tag.vlan_identifier().value(), 0x123);
        assert_eq!(frame.len(), 64, "the tag comes on top");
        flow(&frame);
        assert_eq!(Stamp::read(&frame).unwrap().vf, 0);
    }
    // The administrator takes it out again.
    (wire.vlan, wire.room[0]) = (None, 1);
    let frames = fill(&mut *generator, &mut wire);
    assert_eq!((frames[0].len(), Stamp::read(&frames[0]).unwrap().sequence), (60, 3));
}

#[test]
fn what_comes_back_is_told_apart() {
    let mut generator = uplink("vfs=2");
    let mut wire = Vfs::with_room(&[10, 10]);
    let mut frames = fill(&mut *generator, &mut wire);
    frames.retain(|frame| Stamp::read(frame).unwrap().vf == 1);
    for n in [0, 1, 3, 2, 5, 5] {
        // A program that forwards writes other addresses into it.
        frames[n][..12].fill(7);
        generator.take(0, &frames[n]);
    }
    let returned = &generator.counters().returned;
    let expected = Returned { sent: 10, returned: 5, reordered: 1, duplicate: 1, missing: 1 };
    assert_eq!(returned[1], expected);
    assert_eq!(returned[0], Returned { sent: 10, ..Returned::default() });
    // Those of another generator, of nobody, and what never was sent, change none of that.
    let mut other = softnic::uplink::open(&Spec::default().uplink, 1).unwrap();
    let mut wire = Vfs::with_room(&[0, 10]);
    for frame in fill(&mut *other, &mut wire) {
        assert_eq!(Stamp::read(&frame).unwrap().run, 1);
        generator.take(0, &frame);
    }
    let mut forged = frames[9].clone();
    forged[46..52].fill(0xff);
    for frame in [&forged[..], &[0; 60], &[], &frames[9][..50]] {
        generator.take(0, frame);
    }
    assert_eq!(generator.counters().returned[1], expected);
    assert_eq!(generator.counters().received.frames, 6 + 10 + 4);
}
