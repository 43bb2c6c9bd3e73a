//! The PF is reset under traffic.

use std::time::{Duration, Instant};

use barline::Config;
use softnic::Fault;

use super::Pair;
use crate::kit::{LIMIT, Paths, Run, Testpmd, until};

/// How long a frame may be on its way before the port is taken for dead.
const PATIENCE: Duration = Duration::from_millis(300);

/// How many resets testpmd was told of (`RTE_ETH_EVENT_INTR_RESET`).
fn told(testpmd: &Testpmd) -> usize {
    testpmd.log().matches("Port 0: reset event").count()
}

/// What an application does that is told of a reset. The PF tells of it before it resets itself: who is
/// faster than that must do it again. Ours recovers by itself.
#[track_caller]
fn recover(pair: &mut Pair) {
    let end = Instant::now() + LIMIT;
    let mut rounds = 0;
    while rounds == 0 || !pair.goes_round(PATIENCE) {
        assert!(Instant::now() < end, "nothing goes round after {rounds} resets of the port");
        pair.testpmd.command("stop");
        pair.testpmd.command("port stop 0");
        until("the port can be reset", || {
            !pair.testpmd.command("port reset 0").contains("Failed to reset port 0")
        });
        pair.testpmd.command("port start 0");
        pair.testpmd.command("start");
        rounds += 1;
    }
}

#[test]
fn a_reset_is_told_and_traffic_comes_back() {
    for (model, paths) in
        [("82599", Paths::Vector), ("x540", Paths::Scalar), ("x550", Paths::Vector)]
    {
        let mut run = Run::new(&format!("vfs=2,uplink=sink,spoof=off,model={model}"));
        let mut pair = Pair::start_with(&run, Config::default(), paths, &[]);
        pair.testpmd.assert_plain(paths);
        let mac = pair.testpmd.mac(0);
        for _ in 0..3 {
            pair.exchange();
            let before = told(&pair.testpmd);
            // Some are under way when it comes.
            let sent: Vec<_> = (0..500).map(|_| pair.frame(mac, 60)).collect();
            pair.peer.send(&sent);
            run.administrator().order(Fault::PfReset).unwrap();
            until("testpmd is told", || told(&pair.testpmd) > before);
            recover(&mut pair);
            assert!(pair.testpmd.link(0), "{model}");
        }
        pair.exchange();
        pair.testpmd.quit();
    }
}

/// While the PF's interface is down, a reset of the port fails; it does not hang, and works once the
/// interface is up.
#[test]
fn a_pf_that_is_down_fails_the_reset_until_it_is_up() {
    let mut run = Run::new("vfs=2,uplink=sink,spoof=off");
    let mut pair = Pair::start(&run);
    run.administrator().order(Fault::PfInterface { up: false }).unwrap();
    until("testpmd is told", || told(&pair.testpmd) > 0);
    until("the link is down", || !pair.testpmd.link(0));
    pair.testpmd.command("stop");
    pair.testpmd.command("port stop 0");
    let answer = pair.testpmd.command("port reset 0");
    assert!(answer.contains("Failed to reset port 0"), "{answer}");
    run.administrator().order(Fault::PfInterface { up: true }).unwrap();
    recover(&mut pair);
    assert!(pair.testpmd.link(0));
    pair.exchange();
    pair.testpmd.quit();
}
