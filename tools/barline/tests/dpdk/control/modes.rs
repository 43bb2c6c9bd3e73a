//! Promiscuous and all-multicast: granted, refused, and granted in word only.

use barline::{Config, Error, MacAddress};

use super::{Pair, STRANGER};
use crate::kit::{Peer, Run, Testpmd};

const GROUP: MacAddress = MacAddress([0x01, 0, 0x5e, 1, 2, 3]);

/// Which of the two modes testpmd believes to be on.
#[track_caller]
fn believed(testpmd: &mut Testpmd) -> [bool; 2] {
    let info = testpmd.info(0);
    ["Promiscuous mode", "Allmulticast mode"].map(|mode| info.text(mode) == "enabled")
}

#[test]
fn modes_that_are_granted_bring_what_is_for_others() {
    let run = Run::new("vfs=2,uplink=sink,model=x550,trust=on,promisc=on,spoof=off");
    let mut pair = Pair::start(&run);
    // testpmd asks for the one as it starts.
    assert_eq!(believed(&mut pair.testpmd), [true, false]);
    assert!(pair.reaches(STRANGER));
    assert_eq!(pair.testpmd.command("set promisc 0 off"), "");
    assert!(!pair.reaches(STRANGER));
    assert!(!pair.reaches(GROUP));
    assert_eq!(pair.testpmd.command("set allmulti 0 on"), "");
    assert_eq!(believed(&mut pair.testpmd), [false, true]);
    assert!(pair.reaches(GROUP));
    assert!(!pair.reaches(STRANGER));
    assert_eq!(pair.testpmd.command("set allmulti 0 off"), "");
    assert!(!pair.reaches(GROUP));
    // And again, with both, of which the greater one stays.
    pair.testpmd.command("set promisc 0 on");
    pair.testpmd.command("set allmulti 0 on");
    assert!(pair.reaches(STRANGER) && pair.reaches(GROUP));
    pair.testpmd.command("set promisc 0 off");
    assert!(!pair.reaches(STRANGER) && pair.reaches(GROUP));
    pair.testpmd.quit();
}

/// An 82599's VF is never promiscuous, trusted or not.
#[test]
fn a_mode_that_is_refused_is_told_and_the_other_one_works() {
    let run = Run::new("vfs=3,uplink=sink,trust=on,promisc=on,spoof=off");
    let mut pair = Pair::start(&run);
    assert_eq!(believed(&mut pair.testpmd), [false, false]);
    let answer = pair.testpmd.command("set promisc 0 on");
    assert!(answer.contains("Error during enabling promiscuous mode for port 0"), "{answer}");
    assert_eq!(believed(&mut pair.testpmd), [false, false]);
    assert!(!pair.reaches(STRANGER));
    assert_eq!(pair.testpmd.command("set allmulti 0 on"), "");
    assert_eq!(believed(&mut pair.testpmd), [false, true]);
    assert!(pair.reaches(GROUP));
    pair.testpmd.quit();
    // Ours is told the same.
    let mut ours = Peer::open(&run, 2);
    assert!(matches!(ours.port.set_promiscuous(true), Err(Error::Refused { .. })));
    ours.port.set_all_multicast(true).unwrap();
}

/// The PF says yes to a VF that it does not trust, and what it has granted in the next word: less. DPDK does
/// not look there.
#[test]
fn a_mode_that_is_lowered_is_believed_by_dpdk_and_reported_by_ours() {
    // An 82599's PF would not grant the one to a VF that it trusts, either.
    for (model, remedy) in [("82599", "grants it to no VF"), ("x550", "trust on")] {
        let options = format!("vfs=3,uplink=sink,model={model},trust=off,promisc=on,spoof=off");
        let run = Run::new(&options);
        let mut pair = Pair::start(&run);
        assert_eq!(pair.testpmd.command("set promisc 0 on"), "");
        assert_eq!(pair.testpmd.command("set allmulti 0 on"), "");
        assert_eq!(believed(&mut pair.testpmd), [true, true], "{model}");
        assert!(!pair.reaches(STRANGER) && !pair.reaches(GROUP), "{model}");
        pair.testpmd.quit();

        let mut ours = Peer::open_with(&run, 2, Config::default());
        let [promiscuous, all_multicast] =
            [ours.port.set_promiscuous(true), ours.port.set_all_multicast(true)];
        for (refused, remedy) in [(promiscuous, remedy), (all_multicast, "trust on")] {
            let error = refused.unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{model}: {error}");
            assert!(error.to_string().contains(remedy), "{model}: {error}");
        }
    }
}
