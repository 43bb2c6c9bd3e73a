//! The examples, as a newcomer runs them.

use crate::netns::Netns;
use crate::program::Program;
use crate::running::Running;
use crate::vf::{self, Vf};
use std::time::Duration;
use vmtest::{Context, Result, ensure};

const SOON: Duration = Duration::from_secs(10);
/// The responder's address, and that of who asks.
const ITS: &str = "10.0.0.2";
const OURS: &str = "10.0.0.1/24";

/// Each example but `l2fwd`, which has a test of its own.
pub fn run() -> Result {
    let (_pf, vfs) = vf::ready(0, 2)?;
    wrong_usage()?;
    count_a_flood(&vfs)?;
    responder(&vfs)
}

/// Exit status 2 for wrong usage, 1 for a device that is not there; never a panic.
fn wrong_usage() -> Result {
    for (name, args, status) in [
        ("rx_count", "eth0", 2),
        ("rx_count", "soft:vfs=0", 2),
        ("rx_count", "0000:77:00.0", 1),
        ("tx_flood", "0000:01:10.0", 2),
        ("tx_flood", "0000:01:10.0 --dst nobody", 2),
        ("tx_flood", "0000:77:00.0 --dst 02:00:00:00:00:01", 1),
        ("l2fwd", "0000:01:10.0", 2),
        ("l2fwd", "0000:01:10.0 0000:01:10.2 --dst1", 2),
        ("l2fwd", "0000:77:00.0 0000:77:00.1", 1),
        ("responder", "0000:01:10.0 10.0.0", 2),
        ("responder", "0000:77:00.0 10.0.0.2", 1),
        ("capture", "0000:01:10.0", 2),
        ("capture", "0000:77:00.0 --write /tmp/capture", 1),
        ("replay", "0000:01:10.0", 2),
        ("replay", "0000:01:10.0 --read /tmp/absent", 1),
    ] {
        let finished = Program::new(name).args(args.split_whitespace()).run()?;
        let ok = finished.status.code() == Some(status) && !finished.output.is_empty();
        ensure!(ok, "{name} {args}: {}: {}", finished.status, finished.output);
    }
    Ok(())
}

/// `tx_flood` sends, `rx_count` counts; both leave in order when their VFs are taken away.
fn count_a_flood(vfs: &[Vf]) -> Result {
    let mut counter = Program::new("rx_count").arg(&vfs[1].bdf).start()?;
    counter.wait_for("packets/s", 0, SOON)?;
    let args = [&vfs[0].bdf, "--dst", &vfs[1].mac()];
    let mut flood = Program::new("tx_flood").args(args).start()?;
    let seen = flood.wait_for("packets/s", 0, SOON)?;
    flood.wait_for("packets/s", seen, SOON)?;
    let (sent, received) = (largest(&flood.output())?, largest(&counter.output())?);
    println!("tx_flood: {sent} packets/s; rx_count: {received} packets/s");
    ensure!(sent > 100 && received > 100, "hardly anything moves");
    for (program, vf) in [(flood, &vfs[0]), (counter, &vfs[1])] {
        take_away(program, vf)?;
    }
    Ok(())
}

/// The largest number of packets a second that a program has told.
fn largest(output: &str) -> Result<u64> {
    let rates = output.lines().filter(|line| line.contains("packets/s"));
    let rates = rates.filter_map(|line| line.split(' ').next()?.parse().ok());
    rates.max().context("no rates")
}

/// Linux's igbvf asks, the responder answers.
fn responder(vfs: &[Vf]) -> Result {
    let mut responder = Program::new("responder").args([&vfs[1].bdf, ITS]).start()?;
    responder.wait_for("answers for", 0, SOON)?;
    let linux = Netns::new("linux")?;
    let netdev = vfs[0].bind_igbvf()?;
    linux.take(&netdev)?;
    linux.ip(&["address", "add", OURS, "dev", &netdev])?;
    linux.ip(&["link", "set", &netdev, "up"])?;
    ping(&linux, &["-c", "3"])?;
    let neighbour = linux.ip(&["neighbour", "show", ITS])?;
    ensure!(neighbour.contains(&vfs[1].mac()), "ARP says: {neighbour}");
    let told = ping(&linux, &["-c", "100", "-A"])?;
    ensure!(told.contains("100 packets received, 0% packet loss"), "{told}");
    for size in ["0", "1", "1471", "1472"] {
        let told = ping(&linux, &["-c", "10", "-A", "-s", size])?;
        ensure!(told.contains(" 0% packet loss"), "{size} bytes: {told}");
    }
    // Nobody answers for another address, nor a ping in fragments.
    linux.ip(&["route", "add", "10.0.1.0/24", "via", ITS])?;
    for args in
        [&["-c", "2", "-W", "1", "10.0.1.1"][..], &["-c", "2", "-W", "1", "-s", "3000", ITS]]
    {
        let finished = Program::new("ping").args(args).netns(&linux).run()?;
        ensure!(finished.output.contains("100% packet loss"), "{}", finished.output);
    }
    print!("{told}");
    linux.give_back(&netdev)?;
    take_away(responder, &vfs[1])
}

fn ping(from: &Netns, args: &[&str]) -> Result<String> {
    Program::new("ping").args(["-q", "-W", "5"]).args(args).arg(ITS).netns(from).check()
}

/// Takes a VF from a program, which leaves at once and in order.
fn take_away(program: Running, vf: &Vf) -> Result {
    vf.unbind()?;
    let finished = program.finish(SOON)?;
    let ok = finished.status.success() && finished.output.contains("asked for the device back");
    ensure!(ok, "{}: {}", finished.status, finished.output);
    vf.bind("vfio-pci")
}
