//! A device that is taken away, and one that the kernel wants back.

use barline::Config;
use softnic::Fault;

use super::Pair;
use crate::kit::{Paths, Peer, Run};

#[test]
fn a_device_that_is_gone_hangs_nobody() {
    let mut run = Run::new("vfs=3,uplink=sink");
    let mut pair = Pair::start(&run);
    pair.exchange();
    let mac = pair.testpmd.mac(0);
    let sent: Vec<_> = (0..500).map(|_| pair.frame(mac, 60)).collect();
    pair.peer.send(&sent);
    run.administrator().order(Fault::Removal { vf: 1 }).unwrap();
    // It goes on as long as it likes; all of this has an end.
    pair.testpmd.info(0);
    pair.testpmd.stats(0);
    pair.testpmd.command("set allmulti 0 on");
    pair.testpmd.command("stop");
    pair.testpmd.command("port stop 0");
    pair.testpmd.command("port start 0");
    pair.testpmd.command("port stop 0");
    // The others have not noticed.
    let mut other = Peer::open(&run, 2);
    pair.hands_over(&mut other);
    pair.testpmd.quit();
}

#[test]
fn a_device_that_is_wanted_back_is_let_go() {
    let mut run = Run::new("vfs=2,uplink=sink");
    let mut pair = Pair::start_with(&run, Config::default(), Paths::Vector, &["--hot-plug"]);
    pair.exchange();
    run.administrator().order(Fault::WantedBack { vf: 1 }).unwrap();
    pair.testpmd.wait_for("Device is detached");
    // Its VF is free while the program goes on.
    let mut again = Peer::open(&run, 1);
    pair.hands_over(&mut again);
    pair.testpmd.quit();
}
