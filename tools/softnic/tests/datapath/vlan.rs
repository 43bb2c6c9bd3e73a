//! VLAN tags: inserted from contexts, stripped or left, filtered, and the PF's own.

use super::rig::{Rig, frame, tagged};
use super::rx_ring::{RxRing, VME, VP};
use super::tx_ring::*;

const PEER: [u8; 6] = [2, 0, 0, 0, 0, 0xee];

/// Lets a VF into a VLAN.
fn join(rig: &mut Rig, vf: usize, vlan: u32) {
    assert_eq!(rig.ask(vf, &[0x0001_0004, vlan])[0] >> 31, 1, "VLAN {vlan}");
}

#[test]
fn a_tag_is_stripped_where_the_queue_says_so() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    join(&mut rig, 0, 5);
    let sent = frame(mac, PEER, 100, 1);
    for (control, expected) in [(VME, sent.clone()), (0, tagged(sent.clone(), 0xa005))] {
        let mut ring = RxRing::start(&mut rig, 0, 0, 64, 2, control);
        rig.wire(&tagged(sent.clone(), 0xa005));
        rig.wire(&sent);
        rig.settle();
        let got = ring.poll(&mut rig);
        assert_eq!(got[0].bytes, expected);
        assert_eq!((got[0].second & VP, got[0].tag()), (VP, 0xa005));
        assert_eq!((&got[1].bytes, got[1].second & VP, got[1].tag()), (&sent, 0, 0));
    }
    assert_eq!(rig.counters(0).rx_octets, 2 * (104 + 108), "octets are those of the wire");
}

#[test]
fn a_stripped_frame_may_fit_where_the_whole_did_not() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    join(&mut rig, 0, 5);
    let mut ring = RxRing::start(&mut rig, 0, 0, 64, 1, VME);
    for len in [1020, 1021, 1024, 1025, 2048, 3000] {
        let sent = frame(mac, PEER, len, 1);
        rig.wire(&tagged(sent.clone(), 5));
        rig.settle();
        let got = ring.poll(&mut rig);
        assert_eq!((got.len(), &got[0].bytes), (1, &sent));
        assert_eq!(got[0].pieces.len(), len.div_ceil(1024), "{len} bytes");
    }
}

#[test]
fn tags_are_inserted_from_the_context_and_checked() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    join(&mut rig, 0, 5);
    join(&mut rig, 0, 6);
    let mut ring = TxRing::start(&mut rig, 0, 0, 64, 0);
    ring.put(&rig, context([14, 0, 0], 0x2005, 0, 0));
    ring.put(&rig, context([14, 0, 0], 6, 0, idx(1)));
    let packet = frame(PEER, mac, 100, 1);
    ring.put_packet(&rig, &[&packet], VLE, 0, 100);
    ring.put_packet(&rig, &[&packet[..50], &packet[50..]], VLE | idx(1), 0, 100);
    ring.put_packet(&rig, &[&packet], 0, 0, 100);
    ring.put(&rig, context([14, 0, 0], 7, 0, idx(1)));
    ring.put_packet(&rig, &[&packet], VLE | idx(1), 0, 100);
    ring.ring_doorbell(&mut rig);
    rig.settle();
    let expected = [tagged(packet.clone(), 0x2005), tagged(packet.clone(), 6), packet];
    assert_eq!(rig.taken(), expected);
    assert_eq!(rig.counters(0).tx_spoofed, 1, "VLAN 7 is not the VF's");
    assert_eq!(rig.counters(0).tx_octets, 108 + 108 + 104);
}

#[test]
fn a_short_frame_with_a_tag_is_padded_no_further_than_any() {
    let mut rig = Rig::new("vfs=2");
    let mac = rig.open(0);
    let mut ring = TxRing::start(&mut rig, 0, 0, 64, 0);
    ring.put(&rig, context([14, 0, 0], 0x2000, 0, 0));
    let packet = frame(PEER, mac, 30, 1);
    ring.put_packet(&rig, &[&packet], VLE, 0, 30);
    ring.ring_doorbell(&mut rig);
    rig.settle();
    let mut expected = tagged(packet, 0x2000);
    expected.resize(60, 0);
    assert_eq!(rig.taken(), [expected]);
}

#[test]
fn vlans_separate_vfs() {
    let mut rig = Rig::new("vfs=3");
    let macs: Vec<_> = (0..3).map(|vf| rig.open(vf)).collect();
    join(&mut rig, 0, 5);
    join(&mut rig, 1, 5);
    let mut rings: Vec<_> = (0..3).map(|vf| RxRing::start(&mut rig, vf, 0, 64, 2, VME)).collect();
    let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
    for to in [macs[1], macs[2], [0xff; 6]] {
        tx.send(&mut rig, &tagged(frame(to, macs[0], 100, 1), 5));
    }
    rig.settle();
    assert_eq!(rings[1].poll(&mut rig).len(), 2);
    assert_eq!(rings[2].poll(&mut rig).len(), 0);
    assert_eq!(rig.taken().len(), 2, "nobody of VLAN 5 has VF 2's address");
}

/// A port VLAN: the switch has the tag, the VF neither sends nor, from X550 on, sees it.
#[test]
fn the_pf_can_put_a_vf_into_a_vlan() {
    for (model, sees) in [("82599", true), ("x540", true), ("x550", false)] {
        let mut rig = Rig::new(&format!("vfs=2,model={model},vlan=9"));
        let mac = rig.open(0);
        let mut rx = RxRing::start(&mut rig, 0, 0, 64, 2, VME);
        let mut tx = TxRing::start(&mut rig, 0, 0, 64, 0);
        let out = frame(PEER, mac, 100, 1);
        tx.put(&rig, context([14, 0, 0], 77, 0, 0));
        tx.put_packet(&rig, &[&out], 0, CC, 100);
        tx.put_packet(&rig, &[&out], VLE, CC, 100);
        tx.put_packet(&rig, &[&tagged(out.clone(), 9)], 0, CC, 104);
        tx.ring_doorbell(&mut rig);
        rig.settle();
        assert_eq!(rig.taken(), [tagged(out.clone(), 9), tagged(out, 9)], "{model}");
        assert_eq!(rig.counters(0).tx_spoofed, 1, "{model}: a tag of its own");

        let sent = frame(mac, PEER, 100, 2);
        rig.wire(&tagged(sent.clone(), 9));
        rig.wire(&sent);
        rig.wire(&tagged(sent.clone(), 8));
        rig.settle();
        let got = rx.poll(&mut rig);
        assert_eq!((got.len(), &got[0].bytes), (1, &sent), "{model}");
        let expected = if sees { (VP, 9) } else { (0, 0) };
        assert_eq!((got[0].second & VP, got[0].tag()), expected, "{model}");
    }
}
