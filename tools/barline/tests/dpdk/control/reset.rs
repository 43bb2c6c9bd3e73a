//! The PF is reset under traffic.

use barline::Event;
use softnic::Fault;

use super::Pair;
use crate::kit::{LIMIT, Run, Testpmd, until};

/// What an application does that is told of a reset (`RTE_ETH_EVENT_INTR_RESET`).
#[track_caller]
fn recover(testpmd: &mut Testpmd) {
    testpmd.command("stop");
    testpmd.command("port stop 0");
    until("the port can be reset", || !testpmd.command("port reset 0").contains("Failed"));
    testpmd.command("port start 0");
    testpmd.command("start");
}

#[test]
fn a_reset_is_told_and_traffic_comes_back() {
    for model in ["82599", "x540", "x550"] {
        let mut run = Run::new(&format!("vfs=2,uplink=sink,model={model}"));
        let mut pair = Pair::start(&run);
        let mac = pair.testpmd.mac(0);
        for _ in 0..3 {
            pair.exchange();
            let before = events(&pair.testpmd);
            // Some are under way when it comes.
            let sent: Vec<_> = (0..500).map(|_| pair.frame(mac, 60)).collect();
            pair.peer.send(&sent);
            run.administrator().order(Fault::PfReset).unwrap();
            until("testpmd is told", || events(&pair.testpmd) > before);
            let ours = pair.peer.port.events();
            while !matches!(ours.recv_timeout(LIMIT).unwrap(), Event::Recovered) {}
            recover(&mut pair.testpmd);
            until("the links are back", || pair.testpmd.link(0) && pair.peer.port.link().is_up());
            // What had been under way.
            pair.settle();
        }
        pair.exchange();
        pair.testpmd.quit();
    }
}

/// While the PF's interface is down, a reset of the port fails; it does not hang, and works once the
/// interface is up.
#[test]
fn a_pf_that_is_down_fails_the_reset_until_it_is_up() {
    let mut run = Run::new("vfs=2,uplink=sink");
    let mut pair = Pair::start(&run);
    run.administrator().order(Fault::PfInterface { up: false }).unwrap();
    until("testpmd is told", || events(&pair.testpmd) > 0);
    until("the link is down", || !pair.testpmd.link(0));
    pair.testpmd.command("stop");
    pair.testpmd.command("port stop 0");
    let answer = pair.testpmd.command("port reset 0");
    assert!(answer.contains("Failed to reset port 0"), "{answer}");
    run.administrator().order(Fault::PfInterface { up: true }).unwrap();
    recover(&mut pair.testpmd);
    until("the links are back", || pair.testpmd.link(0) && pair.peer.port.link().is_up());
    pair.settle();
    pair.exchange();
    pair.testpmd.quit();
}

/// How many resets testpmd was told of.
fn events(testpmd: &Testpmd) -> usize {
    testpmd.log().matches("Port 0: reset event").count()
}
