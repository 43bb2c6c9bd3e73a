//! testpmd comes and goes.

use crate::kit::frames::{self, Kind, Way};
use crate::kit::{Options, Paths, Peer, Run, Testpmd};

/// Sends some frames through testpmd's macswap and back.
#[track_caller]
fn traffic(peer: &mut Peer, testpmd: &mut Testpmd) {
    let way = Way { from: peer.mac(), to: testpmd.mac(0) };
    peer.exchange((0..300).map(|number| {
        let frame = frames::frame(Kind::Udp4, way, number, 60 + number as usize);
        (frame.clone(), frames::swap_macs(frame))
    }));
}

#[test]
fn it_finds_its_vf_and_leaves_in_order_twice_in_one_run() {
    let run = Run::new("vfs=2,uplink=sink");
    for paths in Paths::ALL {
        let mut testpmd = Testpmd::start(&run, &Options { paths, ..Options::VF1 });
        let info = testpmd.info(0);
        assert_eq!(info.text("Driver name"), "net_ixgbe_vf");
        assert_eq!(info.text("Device name"), run.address(1));
        assert_eq!(info.text("Link status"), "up");
        assert_eq!(info.text("Link speed"), "10 Gbps");
        assert_eq!(info.number("Max possible RX queues"), 4);
        testpmd.assert_plain(paths);
        let log = testpmd.quit();
        assert!(log.contains("Port 0 is closed") && log.contains("Bye..."), "{log}");
    }
}

#[test]
fn it_drives_the_vfs_of_every_model_that_it_knows() {
    // Debian's DPDK does not know the E610.
    for model in ["x540", "x550", "x552", "x553"] {
        let run = Run::new(&format!("vfs=2,uplink=sink,model={model}"));
        let mut peer = Peer::open(&run, 0);
        let options = Options { app: &["--forward-mode=macswap"], ..Options::VF1 };
        let mut testpmd = Testpmd::start(&run, &options);
        testpmd.assert_plain(options.paths);
        testpmd.command("start");
        traffic(&mut peer, &mut testpmd);
        testpmd.stop_after(300);
        testpmd.quit();
    }
}

#[test]
fn two_ports_of_one_testpmd_are_two_vfs() {
    let run = Run::new("vfs=3,uplink=sink");
    let mut testpmd = Testpmd::start(&run, &Options { vfs: &[0, 2], ..Options::VF1 });
    for (port, vf) in [(0, 0), (1, 2)] {
        assert_eq!(testpmd.info(port).text("Device name"), run.address(vf));
        assert!(testpmd.link(port));
    }
    assert_ne!(testpmd.mac(0), testpmd.mac(1));
    testpmd.quit();
}

#[test]
fn one_that_was_killed_leaves_its_vf_to_the_next() {
    let run = Run::new("vfs=2,uplink=sink");
    let mut peer = Peer::open(&run, 0);
    for paths in Paths::ALL {
        let options = Options { paths, app: &["--forward-mode=macswap"], ..Options::VF1 };
        let mut killed = Testpmd::start(&run, &options);
        killed.command("start");
        traffic(&mut peer, &mut killed);
        let way = Way { from: peer.mac(), to: killed.mac(0) };
        let frame = |number| frames::frame(Kind::Plain, way, number, 1514);
        // Some of these are on their way.
        peer.send(&(0..200).map(frame).collect::<Vec<_>>());
        killed.kill();

        let mut next = Testpmd::start(&run, &options);
        next.assert_plain(paths);
        next.command("start");
        while !peer.poll().is_empty() {}
        traffic(&mut peer, &mut next);
        next.stop_after(300);
        next.quit();
    }
}

#[test]
fn a_vf_that_one_has_is_not_given_to_another() {
    let run = Run::new("vfs=2,uplink=sink");
    let mut first = Testpmd::start(&run, &Options::VF1);
    let log = Testpmd::refused(&run, &Options::VF1);
    assert!(log.contains("/dev/vfio/2: Device or resource busy"), "{log}");
    assert!(first.link(0));
    first.quit();
}

#[test]
fn ports_start_and_stop_20_times_with_traffic_between() {
    for paths in Paths::ALL {
        let run = Run::new("vfs=2,uplink=sink");
        let mut peer = Peer::open(&run, 0);
        let options = Options { paths, app: &["--forward-mode=macswap"], ..Options::VF1 };
        let mut testpmd = Testpmd::start(&run, &options);
        for _ in 0..20 {
            testpmd.command("start");
            traffic(&mut peer, &mut testpmd);
            testpmd.stop_after(300);
            testpmd.command("port stop 0");
            testpmd.command("port start 0");
            testpmd.assert_plain(paths);
        }
        let stats = testpmd.stats(0);
        assert_eq!((stats.rx_packets, stats.tx_packets), (6000, 6000), "{stats:?}");
        testpmd.quit();
    }
}
