//! VLANs: the filter, tags taken out and put in, and a VLAN that the administrator has put the VF in.

use barline::{Config, Error};
use softnic::Fault;

use crate::kit::{Rig, config, frame, tagged};
use crate::node::arriving;

#[test]
fn the_filter_lets_through_what_was_asked_for() {
    let rig = Rig::new("");
    let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
    let plain = frame(b.mac(), a.mac(), b"tagged");
    let frames = [tagged(&plain, 5), tagged(&plain, 6)];
    assert_eq!(arriving(&mut a, &mut b, &frames), [[0; 0]; 0]);
    b.port.set_vlan(5, true).unwrap();
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[..1]);
    b.port.set_vlan(6, true).unwrap();
    b.port.set_vlan(5, false).unwrap();
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[1..]);
    rig.inject(Fault::PfReset);
    a.recovered();
    b.recovered();
    assert_eq!(arriving(&mut a, &mut b, &frames), frames[1..]);
}

#[test]
fn tags_are_taken_out_when_asked_to_and_put_in_by_the_device() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("model={model}"));
        let (mut a, mut b) =
            (rig.node(0, config()), rig.node(1, Config { vlan_strip: true, ..config() }));
        b.port.set_vlan(5, true).unwrap();
        let plain = frame(b.mac(), a.mac(), b"tagged");
        let tci = 6 << 13 | 5;
        a.send_by(0, &plain, |packet| packet.head().set_vlan(Some(tci)));
        let got = b.take_one();
        assert_eq!((got.bytes, got.vlan), (plain.clone(), Some(tci)), "{model}");
        // Tags among the bytes are as good, and none is none.
        a.send(&tagged(&plain, tci));
        a.send(&plain);
        let got = b.take(2);
        assert_eq!((&got[0].bytes, got[0].vlan), (&plain, Some(tci)));
        assert_eq!((&got[1].bytes, got[1].vlan), (&plain, None));
        // While it runs: the queue starts anew.
        b.port.set_vlan_strip(false).unwrap();
        b.settle();
        a.send_by(0, &plain, |packet| packet.head().set_vlan(Some(tci)));
        let got = b.take_one();
        assert_eq!((got.bytes, got.vlan), (tagged(&plain, tci), None), "{model}");
        b.port.set_vlan_strip(true).unwrap();
        rig.inject(Fault::PfReset);
        a.recovered();
        b.recovered();
        a.send(&tagged(&plain, tci));
        assert_eq!(b.take_one().vlan, Some(tci), "after a reset, too");
    }
}

#[test]
fn a_port_vlan_is_not_the_vfs_business() {
    for model in ["82599", "x550"] {
        let rig = Rig::new(&format!("model={model},vlan=7"));
        let (mut a, mut b) = (rig.node(0, config()), rig.node(1, config()));
        let plain = frame(b.mac(), a.mac(), b"plain");
        a.send(&plain);
        assert_eq!(b.take_one().bytes, plain, "{model}");
        let error = b.port.set_vlan(5, true).unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(error.to_string().contains("port VLAN"), "{error}");
    }
}
