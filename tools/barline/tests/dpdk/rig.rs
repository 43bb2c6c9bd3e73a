//! The kit by itself, before it judges anything.

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Options, Peer, Run, Testpmd};

#[test]
fn a_closed_loop_between_two_peers_loses_nothing() {
    let run = Run::new("vfs=2,uplink=loop,spoof=off");
    let mut peer = Peer::open(&run, 0);
    let way = Way { from: peer.mac(), to: "02:00:00:00:00:99".parse().unwrap() };
    let mut number = 0;
    let lens = frames::all_sizes().chain(frames::imix(5000));
    let pairs = lens.map(|len| {
        number += 1;
        let frame = frames::frame(Kind::Udp4, way, number, len);
        (frame.clone(), frames::swap_macs(frame))
    });
    let done = peer.exchange(pairs);
    assert_eq!(done.frames, 1455 + 5000);
}

#[test]
fn testpmd_takes_commands() {
    let run = Run::new("vfs=2,uplink=sink");
    let options = Options { vfs: &[], eal: &["--no-pci", "--vdev=net_null0"], ..Options::VF1 };
    let mut testpmd = Testpmd::start(&run, &options);
    assert_eq!(testpmd.info(0).text("Driver name"), "net_null");
    assert!(testpmd.link(0));
    testpmd.command("start");
    let forwarded = testpmd.stop();
    println!("{forwarded:?} {:?}", testpmd.stats(0));
    testpmd.quit();
}
