//! Rings of all lengths, over whose end frames go many times, and each burst function that goes with them.

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Functions, Options, Paths, Peer, Run, RxFunction, Testpmd, TxFunction};

/// What testpmd is told of its rings.
struct Case {
    paths: Paths,
    app: &'static [&'static str],
    wanted: Functions,
    /// Frames that may be under way: fewer than the smaller ring always has descriptors for.
    window: usize,
}

/// DPDK's longest rings, with buffers for both of them.
const LONGEST: &[&str] = &["--rxd=4096", "--txd=4096", "--total-num-mbufs=16384"];

const VECTOR: Functions = Functions { rx: RxFunction::Vector, tx: TxFunction::Vector };

const CASES: [Case; 5] = [
    // DPDK's shortest. 32 of its descriptors are given back at a time.
    Case { paths: Paths::Vector, app: &["--rxd=64", "--txd=64"], wanted: VECTOR, window: 24 },
    Case { paths: Paths::Vector, app: LONGEST, wanted: VECTOR, window: 128 },
    Case {
        paths: Paths::Scalar,
        app: LONGEST,
        wanted: Functions { rx: RxFunction::Bulk, tx: TxFunction::Simple },
        window: 128,
    },
    // No powers of two, and small steps: neither vectors nor blocks.
    Case {
        paths: Paths::Vector,
        app: &["--rxd=72", "--rxfreet=8", "--txd=72", "--txrst=8", "--txfreet=16"],
        wanted: Functions { rx: RxFunction::Single, tx: TxFunction::Full },
        window: 48,
    },
    // A report for every descriptor.
    Case {
        paths: Paths::Scalar,
        app: &["--rxd=96", "--txd=64", "--txrst=1", "--txfreet=1"],
        wanted: Functions { rx: RxFunction::Bulk, tx: TxFunction::Full },
        window: 48,
    },
];

#[test]
fn frames_go_over_the_end_of_rings_of_every_length() {
    for Case { paths, app, wanted, window } in CASES {
        let run = Run::new("vfs=2,uplink=sink");
        let mut peer = Peer::open(&run, 0);
        peer.window = window;
        let app = &[&["--forward-mode=macswap"], app].concat();
        let mut testpmd = Testpmd::start(&run, &Options { paths, app, ..Options::VF1 });
        assert_eq!(testpmd.functions(), wanted, "{app:?}");
        let way = Way { from: peer.mac(), to: testpmd.mac(0) };
        testpmd.command("start");
        let count = 20_000;
        peer.exchange((0..).zip(frames::imix(count)).map(|(number, len)| {
            let frame = frames::frame(Kind::Plain, way, number, len);
            (frame.clone(), frames::swap_macs(frame))
        }));
        testpmd.stop_after(count as u64);
        testpmd.quit();
    }
}
