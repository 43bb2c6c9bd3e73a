//! Groups, VLANs, modes and long frames.

use super::{API, Bench, DONE, MailboxUser, REFUSED};
use crate::Fault;
use crate::plane::Mode;

#[test]
fn groups_are_hashes_two_to_a_word() {
    let mut bench = Bench::new("", 0);
    assert_eq!(bench.port().mode, Mode::None);
    assert_eq!(bench.verdict(&[3 | 3 << 16, 0x0222_0111, 0x0444_f333]), DONE);
    assert_eq!(bench.port().hashes, [0x111, 0x222, 0x333]);
    assert_eq!(bench.port().mode, Mode::Multicast, "they count though no mode was asked for");
    assert_eq!(bench.verdict(&[3]), DONE, "no group is a list, too");
    assert_eq!(bench.port().hashes, []);
}

#[test]
fn more_groups_than_the_buffer_holds_are_those_that_it_holds() {
    let mut bench = Bench::new("", 0);
    let mut message = [0; 16];
    message[0] = 3 | 0xff << 16;
    for (at, word) in message[1..].iter_mut().enumerate() {
        *word = (2 * at) as u32 | (2 * at as u32 + 1) << 16;
    }
    assert_eq!(bench.verdict(&message), DONE);
    assert_eq!(bench.port().hashes, (0..30).collect::<Vec<u16>>());
}

#[test]
fn vlans_come_and_go_and_vlan_0_stays() {
    let mut bench = Bench::new("", 0);
    assert_eq!(bench.port().vlans, [0]);
    assert_eq!(bench.verdict(&[4 | 1 << 16, 4095]), DONE);
    assert_eq!(bench.verdict(&[4 | 1 << 16, 0xffff_f005]), DONE, "only twelve bits count");
    assert_eq!(bench.port().vlans, [0, 5, 4095]);
    assert_eq!(bench.verdict(&[4, 4095]), DONE);
    assert_eq!(bench.verdict(&[4, 1234]), DONE, "what was not there can be removed");
    assert_eq!(bench.verdict(&[4, 0]), DONE);
    assert_eq!(bench.port().vlans, [0, 5]);
}

#[test]
fn a_device_has_filters_for_63_vlans() {
    let mut bench = Bench::new("vfs=2", 0);
    for vlan in 1..=63 {
        assert_eq!(bench.verdict(&[4 | 1 << 16, vlan]), DONE);
    }
    assert_eq!(bench.verdict(&[4 | 1 << 16, 64]), REFUSED);
    bench.adapter.open(1).unwrap();
    let mut other = MailboxUser::new(1);
    other.begin(&mut bench.adapter, API[0]);
    let mut adds = |vlan| other.ask(&mut bench.adapter, &[4 | 1 << 16, vlan])[0] >> 28;
    assert_eq!((adds(63), adds(64)), (0xa, 0x6), "VFs share a filter, but not a place");
}

#[test]
fn under_a_port_vlan_vlans_are_refused() {
    let mut bench = Bench::new("vlan=100", 1);
    assert_eq!(bench.port().vlans, [100]);
    assert_eq!(bench.verdict(&[4 | 1 << 16, 7]), REFUSED);
    assert_eq!(bench.verdict(&[4, 100]), REFUSED);
    assert_eq!(bench.ask(&[9, 0, 0, 0, 0])[3], 1, "the VF is told that the PF tags its frames");
}

#[test]
fn a_port_vlan_can_be_set_and_taken_back_while_the_vf_runs() {
    let mut bench = Bench::new("", 1);
    assert_eq!(bench.verdict(&[4 | 1 << 16, 7]), DONE);
    bench.adapter.inject(Fault::PortVlan { vf: 0, vlan: Some(100) });
    assert_eq!((bench.port().port_vlan, bench.port().vlans), (Some(100), vec![7, 100]));
    assert_eq!(bench.verdict(&[4 | 1 << 16, 8]), REFUSED);
    assert_eq!(bench.ask(&[9, 0, 0, 0, 0])[3], 1);
    for nonsense in [0, 4096] {
        bench.adapter.inject(Fault::PortVlan { vf: 0, vlan: Some(nonsense) });
        assert_eq!((bench.port().port_vlan, bench.port().vlans), (Some(100), vec![7, 100]));
    }
    bench.adapter.inject(Fault::PortVlan { vf: 0, vlan: None });
    assert_eq!((bench.port().port_vlan, bench.port().vlans), (None, vec![0, 7]));
    assert_eq!(bench.ask(&[9, 0, 0, 0, 0])[3], 0);
}

#[test]
fn modes_need_version_1_2_and_promiscuous_1_3() {
    for (minor, multicast, promiscuous) in
        [(1, REFUSED, REFUSED), (2, DONE, REFUSED), (3, DONE, DONE)]
    {
        let mut bench = Bench::new("model=x540,trust=on,promisc=on", minor);
        assert_eq!(bench.verdict(&[12, 1]), multicast, "1.{minor}");
        assert_eq!(bench.verdict(&[12, 3]), promiscuous, "1.{minor}");
        assert_eq!(bench.port().mode == Mode::Promiscuous, promiscuous == DONE);
    }
}

#[test]
fn a_vf_that_is_not_trusted_is_told_a_lower_mode_with_success() {
    let mut bench = Bench::new("trust=off,model=x540,promisc=on", 3);
    for asked in [2, 3, 4, 0x7fff_ffff] {
        assert_eq!(bench.ask(&[12, asked])[..2], [DONE | 12, 1], "{asked}");
        assert_eq!(bench.port().mode, Mode::Multicast);
    }
    assert_eq!(bench.verdict(&[12, 0x8000_0000]), REFUSED, "Linux takes it as a negative number");
    assert_eq!(bench.ask(&[12, 0])[..2], [DONE | 12, 0]);
    assert_eq!(bench.port().mode, Mode::None);
}

#[test]
fn a_trusted_vf_gets_all_multicast_everywhere() {
    for model in ["82599", "x540", "e610"] {
        let mut bench = Bench::new(&format!("model={model},trust=on"), 3);
        assert_eq!(bench.ask(&[12, 2])[..2], [DONE | 12, 2]);
        assert_eq!(bench.port().mode, Mode::AllMulticast);
        assert_eq!(bench.verdict(&[12, 4]), REFUSED, "there are four modes");
    }
}

#[test]
fn promiscuous_takes_trust_a_promiscuous_pf_and_no_82599() {
    let granted = |spec: &str| {
        let mut bench = Bench::new(spec, 3);
        let verdict = bench.verdict(&[12, 3]);
        assert_eq!(bench.port().mode == Mode::Promiscuous, verdict == DONE, "{spec}");
        verdict == DONE
    };
    assert!(!granted("model=82599,trust=on,promisc=on"));
    assert!(!granted("model=x540,trust=on,promisc=off"));
    for model in ["x540", "x550", "x552", "x553", "e610"] {
        assert!(granted(&format!("model={model},trust=on,promisc=on")));
    }
}

#[test]
fn an_82599_feeds_a_vf_long_frames_only_when_pf_and_vf_both_take_them() {
    // With a PF at 1500, no jumbo frames for anyone; who asks for them is stopped.
    let mut bench = Bench::new("mtu=1500", 3);
    assert!(bench.port().receives);
    assert_eq!(bench.verdict(&[5, 9018]), REFUSED);
    assert!(!bench.port().receives);
    assert_eq!(bench.verdict(&[5, 1518]), DONE);
    assert!(bench.port().receives);
    // With a PF at 9000, nothing is fed before the VF has said that it takes them.
    let mut jumbo = Bench::new("mtu=9000", 3);
    assert!(!jumbo.port().receives && jumbo.port().transmits);
    assert_eq!(jumbo.verdict(&[5, 1518]), DONE);
    assert!(jumbo.port().receives);
    // VFs that know nothing of it (API 1.0) are never fed by such a PF.
    let mut old = Bench::new("mtu=9000", 0);
    assert_eq!(old.verdict(&[5, 1518]), REFUSED);
    assert!(!old.port().receives);
}

#[test]
fn later_devices_let_each_vf_have_its_own_frame_size() {
    let mut bench = Bench::new("model=x540,mtu=1500", 0);
    assert!(bench.port().receives);
    assert_eq!(bench.port().max_frame, 1518);
    assert_eq!(bench.verdict(&[5, 9018]), DONE);
    assert!(bench.port().receives);
    assert_eq!(bench.port().max_frame, 9018);
    assert_eq!(bench.verdict(&[5, 1518]), DONE);
    assert_eq!(bench.port().max_frame, 9018, "the device has one limit, which only grows");
    assert_eq!(bench.adapter.plane.port(1).max_frame, 9018, "for all");
}

#[test]
fn frames_have_bounds() {
    let mut bench = Bench::new("model=x550", 0);
    for (frame, verdict) in
        [(67, REFUSED), (68, DONE), (9728, DONE), (9729, REFUSED), (u32::MAX, REFUSED)]
    {
        assert_eq!(bench.verdict(&[5, frame]), verdict, "{frame}");
    }
}
