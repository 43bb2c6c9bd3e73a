//! How long frames may be: what a VF asks for, and an 82599's rule that all its functions agree on it.

use barline::Config;

use super::Pair;
use crate::kit::{Paths, Run, RxFunction};

/// Ethernet header and FCS, which are no part of the MTU.
const OVERHEAD: usize = 18;

/// Stops the port for something that it does not do while it runs.
#[track_caller]
fn restart_with(pair: &mut Pair, command: &str) -> String {
    pair.testpmd.command("stop");
    pair.testpmd.command("port stop 0");
    let answer = pair.testpmd.command(command);
    // It says which functions it uses.
    pair.testpmd.command("set log pmd.net.ixgbe.init 8");
    pair.testpmd.command("port start 0");
    pair.testpmd.command("set log pmd.net.ixgbe.init 7");
    pair.testpmd.command("start");
    answer
}

#[test]
fn jumbo_frames_come_once_they_were_asked_for() {
    let paths = [
        ("82599", Paths::Vector, RxFunction::VectorScattered),
        ("82599", Paths::Scalar, RxFunction::BulkScattered),
        ("x550", Paths::Vector, RxFunction::VectorScattered),
    ];
    for (model, paths, wanted) in paths {
        let run = Run::new(&format!("vfs=2,uplink=sink,spoof=off,model={model}"));
        let config = Config { max_frame: 9018, ..Config::default() };
        let mut pair = Pair::start_with(&run, config, paths, &["--tx-offloads=0x8000"]);
        let mac = pair.testpmd.mac(0);
        assert!(pair.reaches_with(mac, 1514), "{model}");
        assert!(restart_with(&mut pair, "port config mtu 0 9000").is_empty(), "{model}");
        assert_eq!(pair.testpmd.functions().rx, wanted, "{model}");
        for len in [1514, 1515, 2048, 2049, 4096, 9000 + OVERHEAD - 4] {
            assert!(pair.reaches_with(mac, len), "{model}: {len}");
        }
        pair.testpmd.quit();
    }
}

/// With the PF at 1500 bytes, it refuses a VF's jumbo frames and stops its receive, until the VF asks for
/// less (Linux's `ixgbe_set_vf_lpe`).
#[test]
fn an_82599_of_short_frames_refuses_long_ones_and_stops_receive() {
    let run = Run::new("vfs=2,uplink=sink,spoof=off,mtu=1500");
    let mut pair = Pair::start(&run);
    let mac = pair.testpmd.mac(0);
    assert!(pair.reaches(mac));
    let answer = pair.testpmd.command("port config mtu 0 1900");
    assert!(answer.contains("Set MTU failed. diag=-22"), "{answer}");
    let lost = pair.frame(mac, 100);
    pair.peer.send(&[lost]);
    assert_eq!(pair.testpmd.command("port config mtu 0 1500"), "");
    assert!(pair.reaches(mac), "the lost one would come first");
    // Ours is refused in the same way, and says so.
    let error = pair.peer.port.set_max_frame(1918).unwrap_err();
    assert!(matches!(error, barline::Error::Refused { .. }), "{error}");
    pair.peer.port.set_max_frame(1518).unwrap();
    assert!(pair.reaches(mac));
    pair.testpmd.quit();
}

/// From the X540 on each VF may have its own limit, whatever the PF's MTU.
#[test]
fn an_x540_of_short_frames_lets_a_vf_have_longer_ones() {
    let run = Run::new("vfs=2,uplink=sink,spoof=off,model=x540,mtu=1500");
    let config = Config { max_frame: 1918, ..Config::default() };
    let mut pair = Pair::start_with(&run, config, Paths::Vector, &[]);
    let mac = pair.testpmd.mac(0);
    assert!(restart_with(&mut pair, "port config mtu 0 1900").is_empty());
    assert!(pair.reaches_with(mac, 1914));
    assert!(pair.reaches_with(mac, 1514));
    pair.testpmd.quit();
}
