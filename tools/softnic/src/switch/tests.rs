//! Who gets what.

use super::*;
use crate::{Mac, Spec};

const A: Mac = [2, 0, 0, 0, 0, 0xa];
const B: Mac = [2, 0, 0, 0, 0, 0xb];
const C: Mac = [2, 0, 0, 0, 0, 0xc];
const STRANGER: Mac = [2, 0, 0, 0, 0, 0xee];
const GROUP: Mac = [1, 0, 0x5e, 0, 0x12, 0x34];
const EVERYBODY: Mac = [0xff; 6];

/// Three VFs with the addresses A, B and C that receive and send, changed as wanted.
fn switch(change: impl Fn(usize, &mut PortState)) -> Switch {
    let mut plane = Plane::private(&Spec { vfs: 3, ..Spec::default() });
    for (vf, mac) in [A, B, C].into_iter().enumerate() {
        plane.update(vf, |port| {
            (port.open, port.receives, port.transmits, port.mac) = (true, true, true, mac);
            change(vf, port);
        });
    }
    let mut switch = Switch::new();
    assert!(switch.refresh(&plane));
    assert!(!switch.refresh(&plane), "nothing has changed");
    switch
}

fn frame(to: Mac, from: Mac, tci: Option<u16>) -> Header {
    let mut frame = [to, from].concat();
    if let Some(tci) = tci {
        frame.extend([0x81, 0]);
        frame.extend(tci.to_be_bytes());
    }
    frame.extend([8, 0]);
    frame.resize(60, 0);
    Header::of(&frame)
}

/// Where a frame goes: VFs by bit, and the wire.
fn route(switch: &Switch, from: usize, to: Mac, tci: Option<u16>) -> (u64, bool) {
    let route = switch.route(from, &frame(to, A, tci));
    (route.vfs, route.wire)
}

#[test]
fn unicast_goes_to_its_owner_or_to_the_wire() {
    let switch = switch(|vf, port| {
        if vf == 2 {
            port.further = vec![STRANGER];
        }
    });
    assert_eq!(route(&switch, 0, B, None), (0b010, false));
    assert_eq!(route(&switch, 0, STRANGER, None), (0b100, false), "a further address");
    assert_eq!(route(&switch, 0, [2; 6], None), (0, true));
    assert_eq!(route(&switch, UPLINK, B, None), (0b010, false));
    assert_eq!(route(&switch, UPLINK, [2; 6], None), (0, false), "not back to the wire");
    assert_eq!(route(&switch, 1, B, None), (0, false), "not back to its sender");
}

#[test]
fn one_who_cannot_receive_gets_nothing_and_still_has_its_address() {
    let cases: [fn(&mut PortState); 4] = [
        |port| port.open = false,
        |port| port.receives = false,
        |port| port.link = false,
        |port| port.pf_down = true,
    ];
    for change in cases {
        let switch = switch(|vf, port| {
            if vf == 1 {
                change(port);
            }
        });
        assert_eq!(route(&switch, 0, B, None), (0, false));
        assert_eq!(route(&switch, 0, EVERYBODY, None), (0b100, true));
        assert!(!switch.receives(1) && switch.receives(2));
    }
    let mute = switch(|vf, port| port.transmits = vf != 1);
    assert!(mute.receives(1) && !mute.sends(1) && mute.sends(0));
}

#[test]
fn groups_go_to_who_wants_them_and_to_the_wire() {
    let hash = 0x341; // Upper 12 bits of 0x3412.
    let switch = switch(|vf, port| {
        port.hashes = if vf == 2 { vec![] } else { vec![hash] };
        port.mode = [Mode::Multicast, Mode::None, Mode::AllMulticast][vf];
    });
    assert_eq!(route(&switch, UPLINK, GROUP, None), (0b101, false), "1 has the hash, not the mode");
    assert_eq!(route(&switch, 2, GROUP, None), (0b001, true));
    assert_eq!(route(&switch, UPLINK, [1, 0, 0, 0, 0, 0], None), (0b100, false), "another hash");
    assert_eq!(route(&switch, 1, EVERYBODY, None), (0b101, true), "broadcast needs no mode");
}

#[test]
fn a_promiscuous_vf_gets_everything_from_every_vlan() {
    let switch = switch(|vf, port| {
        if vf == 2 {
            port.mode = Mode::Promiscuous;
        }
    });
    assert_eq!(route(&switch, 0, B, None), (0b110, false));
    assert_eq!(route(&switch, 0, STRANGER, None), (0b100, true));
    assert_eq!(route(&switch, 0, STRANGER, Some(77)), (0b100, true));
    assert_eq!(route(&switch, 2, STRANGER, None), (0, true));
}

#[test]
fn a_vlan_keeps_to_itself() {
    let switch = switch(|vf, port| port.vlans = [vec![5], vec![5, 6], vec![]][vf].clone());
    assert_eq!(route(&switch, 0, B, Some(5)), (0b010, false));
    assert_eq!(route(&switch, 0, B, Some(0xa005)), (0b010, false), "priority is not the VLAN");
    assert_eq!(route(&switch, 0, B, Some(7)), (0, true), "nobody of that VLAN has the address");
    assert_eq!(route(&switch, 0, EVERYBODY, Some(5)), (0b010, true));
    assert_eq!(route(&switch, 0, EVERYBODY, None), (0b110, true));
    assert_eq!(route(&switch, 0, EVERYBODY, Some(0x2000)), (0b110, true), "VLAN 0");
}

#[test]
fn a_port_vlan_has_tagged_frames_only() {
    let switch = switch(|vf, port| {
        if vf == 1 {
            port.port_vlan = Some(9);
        }
    });
    assert_eq!(route(&switch, UPLINK, B, Some(9)), (0b010, false));
    assert_eq!(route(&switch, UPLINK, B, None), (0, false));
    assert_eq!(route(&switch, UPLINK, EVERYBODY, None), (0b101, false));
    assert_eq!(route(&switch, UPLINK, EVERYBODY, Some(0)), (0b101, false));
}

#[test]
fn spoofing_is_told_by_address_and_vlan() {
    let check = |on: bool, port_vlan| {
        switch(move |_, port| {
            (port.spoof_check, port.port_vlan) = (on, port_vlan);
            (port.vlans, port.further) = (vec![5], vec![]);
        })
    };
    let on = check(true, None);
    assert!(on.permits(0, &frame(B, A, None)));
    assert!(on.permits(0, &frame(B, A, Some(5))));
    assert!(on.permits(0, &frame(B, A, Some(0x2000))), "priority only");
    assert!(!on.permits(0, &frame(B, A, Some(6))));
    assert!(!on.permits(0, &frame(B, B, None)), "another VF's");
    assert!(!on.permits(0, &frame(B, STRANGER, None)));
    assert!(!on.permits(0, &frame(B, [0; 6], None)));
    let off = check(false, None);
    assert!(off.permits(0, &frame(B, STRANGER, Some(6))));
    let port_vlan = check(true, Some(5));
    assert!(port_vlan.permits(0, &frame(B, A, None)));
    assert!(!port_vlan.permits(0, &frame(B, A, Some(5))));
}
