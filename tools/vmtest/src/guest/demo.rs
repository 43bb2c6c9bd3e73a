//! The demonstration: two VFs in the guest and live figures on the terminal.

use crate::hugepages;
use crate::program::Program;
use crate::running::Running;
use crate::traffic::{End, Flow};
use crate::vf::{self, Vf};
use barline::{Config, MacAddress};
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail, ensure};

/// How long the open loop runs, in seconds: the receiver a little longer.
const SECONDS: (&str, &str) = ("10", "11");
/// How long the closed loop runs.
const CLOSED: Duration = Duration::from_secs(5);

/// Runs it; what is printed goes to the terminal as it is.
pub fn run() -> Result {
    hugepages::reserve(16)?;
    let (pf, vfs) = vf::ready(0, 2)?;
    println!("{} ({}) has {} VFs:", pf.bdf, pf.netdev, vfs.len());
    for vf in &vfs {
        println!("  {} {} in IOMMU group {}", vf.bdf, vf.mac(), vf.group()?);
    }
    open_loop(&vfs)?;
    closed_loop(&vfs)
}

/// One sends as fast as it can, the other receives.
fn open_loop(vfs: &[Vf]) -> Result {
    println!(
        "\nOne VF sends, the other receives. The device is emulated by the processor that runs the \
         programs: a sender\nthat never waits takes the time in which the receiver would be served, \
         and the emulator drops most frames\nuncounted. Silicon does neither.\n"
    );
    let rx = bench("rx", &vfs[1], &["--cores", "0", "--seconds", SECONDS.1])?;
    let dst = vfs[1].mac();
    let tx = bench("tx", &vfs[0], &["--cores", "1", "--seconds", SECONDS.0, "--dst", &dst])?;
    let (sent, received) = (packets(tx)?, packets(rx)?);
    println!("{received} of {sent} frames arrived: {} percent", received * 100 / sent.max(1));
    Ok(())
}

/// The packets in the summary of a program that ends by itself.
fn packets(bench: Running) -> Result<u64> {
    let finished = bench.finish(Duration::from_secs(60))?;
    ensure!(finished.status.success(), "{}", finished.status);
    let number = |line: &str| line.split(' ').nth(2)?.parse().ok();
    let summary =
        finished.output.lines().filter(|line| line.contains(" packets ")).find_map(number);
    summary.context("no summary")
}

/// One sends back what it gets, the other sends no more than what can be on its way, and counts.
fn closed_loop(vfs: &[Vf]) -> Result {
    println!(
        "\nNow `bench fwd` sends back what it gets, and the other end lets no more frames out than \
         there is room for:\nnone is lost, and each byte is looked at when it is back.\n"
    );
    let mut fwd = bench("fwd", &vfs[1], &["--cores", "0"])?;
    // A frame that comes before it is ready would be missing in the loop.
    fwd.wait_for("Mpps", 0, Duration::from_secs(30))?;
    let mut end = End::open(&vfs[0], Config::default())?;
    barline::cores::pin(1)?;
    let peer = MacAddress(vfs[1].mac_bytes());
    let mut flow = Flow::new(u64::MAX, |_| 60);
    let (mut out, mut back) = (end.pool.batch(64), end.pool.batch(64));
    let (start, mut second, mut shown) = (Instant::now(), 1, 0);
    while start.elapsed() < CLOSED + Duration::from_millis(100) {
        flow.send(&mut out, peer, end.mac);
        end.queues.tx[0].push(&mut out);
        end.queues.rx[0].poll(&mut back);
        flow.receive(&mut back, end.mac)?;
        if start.elapsed().as_secs() >= second {
            let back = flow.received();
            if back == shown {
                bail!("nothing came back for a second");
            }
            println!("there and back: {} frames/s, {back} in all", back - shown);
            (second, shown) = (second + 1, back);
        }
        if let Some(status) = fwd.try_wait()? {
            bail!("`bench fwd` ended: {status}");
        }
    }
    println!("\nAnd its summary after Ctrl-C:");
    fwd.signal(libc::SIGINT)?;
    let finished = fwd.finish(Duration::from_secs(10))?;
    ensure!(finished.status.success(), "{}", finished.status);
    Ok(())
}

fn bench(mode: &str, vf: &Vf, args: &[&str]) -> Result<Running> {
    let program = Program::new("barline").args(["bench", mode, "--vf", &vf.bdf, "--live"]);
    program.args(args).echo().start()
}
