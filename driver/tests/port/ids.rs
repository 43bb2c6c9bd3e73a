//! Which devices are taken, as far as their ids tell.

use crate::fake_vf::FakeVf;
use crate::kit::open;

/// Why a device is not taken; nothing is done to it.
#[track_caller]
fn refusal(name: &str, device_id: u16, subsystem: u16) -> String {
    let fake = FakeVf::new(name);
    (fake.model().device_id, fake.model().subsystem) = (device_id, subsystem);
    let error = open(&fake).unwrap_err().to_string();
    assert_eq!((fake.model().reads, fake.trouble().calls().contains(&"set_vectors")), (0, false));
    assert!(error.contains(name), "{error}");
    error
}

#[test]
fn what_hyper_v_presents_is_refused() {
    for (id, driver) in [
        (0x152d, "igbvf"),
        (0x152f, "igbvf"),
        (0x152e, "ixgbevf"),
        (0x1530, "ixgbevf"),
        (0x1564, "ixgbevf"),
        (0x15a9, "ixgbevf"),
        (0x15b4, "ixgbevf"),
    ] {
        let error = refusal("ids0", id, 0);
        assert!(error.contains("Hyper-V") && error.contains(&format!("{driver} ")), "{error}");
    }
    // The E610's has the id of the others.
    assert!(refusal("ids1", 0x57ad, 0x00ff).contains("Hyper-V"));
}

#[test]
fn the_refusal_of_others_names_those_that_are_supported() {
    let error = refusal("ids3", 0x1889, 0);
    let supported = ["10ca", "1520", "10ed", "1515", "1565", "15a8", "15c5", "57ad"]
        .map(|id| format!("8086:{id}"));
    assert!(supported.iter().all(|id| error.contains(id)), "{error}");
    assert!(error.contains("8086:1889 is not a supported VF"), "{error}");
}
