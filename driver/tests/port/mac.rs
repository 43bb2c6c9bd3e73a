//! Which unicast address a VF has.

use std::fs;

use barline::{Config, Error, Event, MacAddress, Port, Root};

use crate::fake_vf::{FakeVf, RESET, SET_LPE, SET_MAC};
use crate::kit::{config, event, open};

const ASSIGNED: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x11]);
const OTHER: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0x22]);

#[test]
fn the_pfs_address_is_taken() {
    let fake = FakeVf::new("mac0");
    let port = open(&fake).unwrap();
    assert_eq!(port.mac(), ASSIGNED);
    assert_eq!(fake.model().pf.requests, [RESET, SET_LPE]);
}

#[test]
fn a_vf_without_address_takes_a_stable_local_one() {
    for assigned in [[0; 6], [0xff; 6], [0x01, 0, 0x5e, 0, 0, 1]] {
        let fake = FakeVf::new("mac1");
        fake.model().pf.assigned = assigned;
        let mac = open(&fake).unwrap().mac();
        assert!(mac.is_unicast() && mac.0[0] & 2 != 0, "{mac}");
        assert_eq!(open(&fake).unwrap().mac(), mac);
        let other = FakeVf::new("mac1-other");
        other.model().pf.assigned = assigned;
        assert_ne!(open(&other).unwrap().mac(), mac);
    }
}

#[test]
fn local_addresses_of_machines_differ() {
    let mac = |files: &[(&str, &str)]| {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let fake = FakeVf::new("mac3");
        fake.model().pf.assigned = [0; 6];
        let config = Config { root: Root::new(dir.path()), ..config() };
        Port::on(fake.transport(), config).unwrap().mac()
    };
    let one = mac(&[("etc/machine-id", "1234\n"), ("proc/sys/kernel/random/boot_id", "a")]);
    let same = mac(&[("etc/machine-id", "1234\n"), ("proc/sys/kernel/random/boot_id", "b")]);
    let other = mac(&[("etc/machine-id", "5678\n")]);
    assert_eq!(one, same);
    assert_ne!(one, other);
    // Containers that have no identity, on two machines.
    let first = mac(&[("etc/machine-id", ""), ("proc/sys/kernel/random/boot_id", "a")]);
    let second = mac(&[("proc/sys/kernel/random/boot_id", "b")]);
    assert_ne!(first, second);
    assert!(mac(&[]).is_unicast());
}

#[test]
fn an_address_of_ones_own_is_asked_for() {
    let fake = FakeVf::new("mac2");
    let config = Config { mac: Some(OTHER), ..config() };
    let port = Port::on(fake.transport(), config.clone()).unwrap();
    assert_eq!((port.mac(), fake.model().pf.mac), (OTHER, OTHER.0));
    drop(port);
    fake.model().pf.refused.insert(SET_MAC);
    let error = Port::on(fake.transport(), config).unwrap_err();
    assert!(matches!(&error, Error::Refused { device, .. } if device == "mac2"), "{error}");
    fake.assert_at_rest();
}

#[test]
fn an_address_that_the_administrator_changed_is_told() {
    let fake = FakeVf::new("mac4");
    let port = open(&fake).unwrap();
    let other = MacAddress([2, 0, 0, 0, 0, 0x77]);
    fake.model().pf.assigned = other.0;
    fake.begin_pf_reset();
    fake.end_pf_reset();
    let before = event(&port, |event| *event == Event::Recovered);
    assert_eq!(before, [Event::PfReset, Event::MacChanged(other)]);
    assert_eq!(port.mac(), other);
    // A PF that has forgotten the address is asked for it.
    fake.model().pf.assigned = [0; 6];
    fake.begin_pf_reset();
    fake.end_pf_reset();
    assert_eq!(event(&port, |event| *event == Event::Recovered), [Event::PfReset]);
    assert_eq!((port.mac(), fake.model().pf.mac), (other, other.0));
}

#[test]
fn an_address_of_ones_own_is_asked_for_after_a_reset_and_given_up_when_refused() {
    let fake = FakeVf::new("mac5");
    let mut port = open(&fake).unwrap();
    port.set_mac(OTHER).unwrap();
    for refused in [false, true] {
        if refused {
            fake.model().pf.refused.insert(SET_MAC);
        }
        fake.begin_pf_reset();
        fake.end_pf_reset();
        let before = event(&port, |event| *event == Event::Recovered);
        match before.as_slice() {
            [Event::PfReset] if !refused => assert_eq!(port.mac(), OTHER),
            [Event::PfReset, Event::SettingLost { reason }, Event::MacChanged(ASSIGNED)] => {
                assert!(refused && reason.contains("MAC address"), "{reason}");
                assert_eq!(port.mac(), ASSIGNED);
            }
            _ => panic!("{before:?}"),
        }
    }
}
