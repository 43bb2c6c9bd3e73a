//! VF 0 driven by barline, VF 1 by DPDK, in two processes.

use std::env;
use std::time::Duration;

use barline::{Config, MacAddress, Port, Queues};
use barline_device::soak::{Mirror, Plan, Report};
use barline_device::{Device, DeviceName};

use super::STRANGER;
use crate::kit::{LIMIT, Options, Paths, Run, Terminal, Testpmd, until};

/// What the other process of the test is told: how many frames, and to whom.
const FRAMES: &str = "BARLINE_TEST_FRAMES";
const PEER: &str = "BARLINE_TEST_PEER";

/// For a longer run: how many frames go each way.
const LONGER: &str = "BARLINE_DPDK_FRAMES";

/// Rings that are long, so that the processes need not take turns for every few frames.
const RING: usize = 4096;

/// testpmd with such rings, which gives back what it gets.
const MIRROR: Options<'static> = Options {
    app: &["--forward-mode=macswap", "--rxd=4096", "--txd=4096", "--total-num-mbufs=16384"],
    ..Options::VF1
};

/// Longer than that other test takes for 100 million frames.
const LONG: Duration = Duration::from_secs(7200);

fn config() -> Config {
    Config { rx_ring: RING, tx_ring: RING, ..Config::default() }
}

/// Opens a device and waits for its link.
fn open(name: &DeviceName) -> (Device, Queues) {
    let mut device = barline_device::open(name, config()).unwrap();
    let queues = device.port.start().unwrap();
    until("the link is up", || device.port.link().is_up());
    (device, queues)
}

/// Frames to somebody and back, all of which must come.
#[track_caller]
fn exchange(port: &Port, queues: &mut Queues, peer: MacAddress, plan: &Plan) -> Report {
    let pool = port.pool();
    let mut mirror = Mirror::new(port, queues, &pool, peer, plan).unwrap();
    let report = mirror.run(plan.frames, LIMIT);
    assert!(report.faults.is_none(), "{report:?}");
    assert_eq!((report.sent, report.received), (plan.frames, plan.frames));
    report
}

/// VF 0 by our own VFIO code, under the preload library as testpmd is.
#[test]
fn millions_of_frames_each_way_between_barline_and_dpdk() {
    const NAME: &str = "control::mixed::millions_of_frames_each_way_between_barline_and_dpdk";
    if let Some(frames) = number(FRAMES) {
        let (device, mut queues) = open(&"0000:01:10.0".parse().unwrap());
        let peer = env::var(PEER).unwrap().parse().unwrap();
        let plan = Plan { frames, sizes: 64..=127, seed: 1, ring: RING };
        let report = exchange(&device.port, &mut queues, peer, &plan);
        println!("{} frames came back in {:.1?}", report.received, report.elapsed);
        return;
    }
    let frames = number(LONGER).unwrap_or(10_000_000);
    let run = Run::new("vfs=2,uplink=sink");
    let mut testpmd = Testpmd::start(&run, &MIRROR);
    testpmd.command("start");
    let mut command = run.command(env::current_exe().unwrap().to_str().unwrap());
    command.args(["--exact", NAME, "--test-threads=1", "--nocapture"]);
    command.env(FRAMES, frames.to_string()).env(PEER, testpmd.mac(0).to_string());
    let mut barline = Terminal::start(command).unwrap();
    let status = barline.wait(LONG);
    let log = barline.printed();
    assert!(status.is_ok_and(|status| status.success()), "{log}");
    assert!(log.contains(&format!("{frames} frames came back")), "{log}");
    println!("{log}");
    testpmd.stop_after(frames);
    testpmd.quit();
}

/// VF 0 by a device string, without VFIO.
#[test]
fn frames_of_all_sizes_between_a_device_string_and_dpdk() {
    for paths in Paths::ALL {
        let run = Run::new("vfs=2,uplink=sink");
        let mut testpmd = Testpmd::start(&run, &Options { paths, ..MIRROR });
        testpmd.assert_plain(paths);
        testpmd.command("start");
        let name = DeviceName::soft(run.spec().clone(), 0).unwrap();
        let (device, mut queues) = open(&name);
        let plan = Plan { frames: 250_000, seed: 2, ring: RING, ..Plan::default() };
        exchange(&device.port, &mut queues, testpmd.mac(0), &plan);
        testpmd.stop_after(plan.frames);
        testpmd.quit();
    }
}

#[test]
fn a_testpmd_that_is_killed_takes_its_vf_down_and_no_other() {
    // What is for nobody comes back from the wire.
    let run = Run::new("vfs=2,uplink=loop");
    let name = DeviceName::soft(run.spec().clone(), 0).unwrap();
    let (device, mut queues) = open(&name);
    let pool = device.port.pool();
    for round in 0..3 {
        let mut testpmd = Testpmd::start(&run, &MIRROR);
        testpmd.command("start");
        let peer = testpmd.mac(0);
        let plan = Plan { seed: round, ring: RING, ..Plan::default() };
        let mut mirror = Mirror::new(&device.port, &mut queues, &pool, peer, &plan).unwrap();
        let report = mirror.run(50_000, LIMIT);
        assert!(report.faults.is_none() && report.received == 50_000, "{report:?}");
        // In the middle of it.
        until("more is under way", || mirror.turn(u64::MAX) > 0 && mirror.report().sent > 60_000);
        testpmd.kill();
        // What was under way comes now or never: the adapter is moved until nothing moves any more.
        let adapter = device.adapter.as_ref().unwrap();
        let mut quiet = 0;
        while quiet < 100 {
            quiet = if adapter.step() + mirror.turn(0) > 0 { 0 } else { quiet + 1 };
        }
        let report = mirror.report();
        let faults = report.faults;
        assert_eq!(
            (faults.duplicated, faults.reordered, faults.corrupted),
            (0, 0, 0),
            "{report:?}"
        );
        assert_eq!(report.received, report.sent - faults.lost, "{report:?}");
        drop(mirror);
        // The one that is left goes on.
        let plan = Plan { frames: 50_000, seed: 100 + round, ..plan };
        exchange(&device.port, &mut queues, STRANGER, &plan);
    }
}

/// A number in the environment.
fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text}: not a number of frames")))
}
