//! Two testpmds with two VFs each, and a fifth VF of the test's.

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Options, Paths, Peer, Run, Testpmd};

/// Frames go through both programs, from VF to VF: the wire has no part in it.
#[test]
fn frames_go_through_two_programs_with_two_vfs_each() {
    let run = Run::new("vfs=5,uplink=sink");
    let mut peer = Peer::open(&run, 4);
    let start = |vfs: [usize; 2], paths| {
        let app = ["--forward-mode=mac"];
        let testpmd =
            Testpmd::start(&run, &Options { vfs: &vfs, paths, app: &app, ..Options::VF1 });
        testpmd.assert_plain(paths);
        testpmd
    };
    let mut first = start([0, 1], Paths::Vector);
    let mut second = start([2, 3], Paths::Scalar);
    let [zero, one] = [0, 1].map(|port| first.mac(port));
    let [two, three] = [0, 1].map(|port| second.mac(port));
    // Each program's ports send to the next one.
    for (testpmd, next) in [(&mut first, [peer.mac(), two]), (&mut second, [one, peer.mac()])] {
        for (port, next) in next.iter().enumerate() {
            testpmd.command(&format!("set eth-peer {port} {next}"));
        }
        testpmd.command("start");
    }
    let mut number = 0;
    for (to, from) in [(zero, three), (three, zero)] {
        let ways = [Way { from: peer.mac(), to }, Way { from, to: peer.mac() }];
        let lens: Vec<_> = frames::all_sizes().chain(frames::imix(5000)).collect();
        let done = peer.exchange(lens.iter().map(|len| {
            number += 1;
            let [sent, wanted] = ways.map(|way| frames::frame(Kind::Plain, way, number, *len));
            (sent, wanted)
        }));
        assert_eq!(done.frames, lens.len() as u64);
    }
    for testpmd in [&mut first, &mut second] {
        // Each frame went through one port of it and out of the other, once in each direction.
        testpmd.stop_after(number.into());
    }
    // One program goes, and the other's VFs have noticed nothing.
    first.quit();
    second.command("set eth-peer 0 02:00:00:00:00:99");
    assert!(second.link(0) && second.link(1));
    second.quit();
}
