//! The kernel wants a VF back while a program runs on it; programs that are killed; what is left.

use crate::program::Program;
use crate::running::Running;
use crate::traffic::{End, wait_for};
use crate::vf::{self, Vf};
use barline::{Config, Event, MacAddress};
use std::fs;
use std::time::{Duration, Instant};
use vmtest::{Context, Result, ensure};

/// How often the worker is killed.
const KILLS: usize = 20;

/// `unbind` and removing the VFs do not hang while a program runs.
pub fn run() -> Result {
    let (pf, vfs) = vf::ready(0, 2)?;
    let mut worker = start(&vfs[0])?;
    let start_time = Instant::now();
    vfs[0].unbind()?;
    println!("unbind took {:.1} s", start_time.elapsed().as_secs_f64());
    expect_orderly_end(&mut worker)?;
    ensure!(vfs[0].driver().is_none(), "it is bound to {:?}", vfs[0].driver());

    vfs[0].bind("vfio-pci")?;
    let mut workers = [start(&vfs[0])?, start(&vfs[1])?];
    let start_time = Instant::now();
    pf.remove_vfs()?;
    println!("removing the VFs took {:.1} s", start_time.elapsed().as_secs_f64());
    for worker in &mut workers {
        expect_orderly_end(worker)?;
    }
    Ok(())
}

/// kill -9 under traffic and open again, 20 times; after a clean close nothing is left.
pub fn kills() -> Result {
    let (_pf, vfs) = vf::ready(0, 2)?;
    crate::hugepages::reserve(16)?;
    for round in 1..=KILLS {
        let worker = start(&vfs[0])?;
        // Not always at the same place.
        std::thread::sleep(Duration::from_millis(20 + 7 * round as u64));
        worker.signal(libc::SIGKILL)?;
        let finished = worker.finish(Duration::from_secs(10))?;
        ensure!(!finished.status.success(), "round {round}: it ended by itself");
        ensure!(!is_bus_master(&vfs[0])?, "round {round}: bus mastering is on");
        ensure!(crate::hugepages::free()? == 16, "round {round}: hugepages are missing");
    }
    println!("killed under traffic and opened again {KILLS} times");

    let before = Footprint::take()?;
    for _ in 0..3 {
        let end = End::open(&vfs[0], Config::default())?;
        ensure!(is_bus_master(&vfs[0])?, "bus mastering is off under traffic");
        drop(end);
        ensure!(!is_bus_master(&vfs[0])?, "bus mastering is on after a clean close");
    }
    let after = Footprint::take()?;
    ensure!(before == after, "left behind: {before:?} became {after:?}");
    println!("a clean close leaves nothing: {after:?}");
    Ok(())
}

/// What a process holds.
#[derive(Debug, PartialEq, Eq)]
struct Footprint {
    descriptors: usize,
    device_maps: usize,
    locked: String,
    hugepages: u64,
    threads: usize,
}

impl Footprint {
    fn take() -> Result<Footprint> {
        let count = |path| Ok::<_, vmtest::Error>(fs::read_dir(path).context(path)?.count());
        let maps = fs::read_to_string("/proc/self/maps")?;
        let status = fs::read_to_string("/proc/self/status")?;
        let locked = status.lines().find(|line| line.starts_with("VmLck:")).unwrap_or_default();
        Ok(Footprint {
            descriptors: count("/proc/self/fd")?,
            device_maps: maps
                .lines()
                .filter(|line| line.contains("vfio") || line.contains("memfd"))
                .count(),
            locked: locked.to_string(),
            hugepages: crate::hugepages::free()?,
            threads: count("/proc/self/task")?,
        })
    }
}

fn is_bus_master(vf: &Vf) -> Result<bool> {
    let path = vf.sysfs("config");
    let config = fs::read(&path).context(path.display())?;
    Ok(config[4] & 0b100 != 0)
}

/// A process that sends and receives on a VF until the kernel wants it back.
fn start(vf: &Vf) -> Result<Running> {
    let mut running = Program::worker("busy").arg(&vf.bdf).start()?;
    running.wait_for("running", 0, Duration::from_secs(20))?;
    Ok(running)
}

fn expect_orderly_end(worker: &mut Running) -> Result {
    let end = Instant::now() + Duration::from_secs(10);
    let status = loop {
        if let Some(status) = worker.try_wait()? {
            break status;
        }
        ensure!(Instant::now() < end, "it did not end: {}", worker.output());
        std::thread::sleep(Duration::from_millis(10));
    };
    let output = worker.output();
    ensure!(status.success() && output.contains("asked to leave"), "{status}: {output}");
    Ok(())
}

/// The process of [`start`].
pub fn busy(args: &[String]) -> Result {
    let mut end = End::open_bdf(&args[0], Config::default())?;
    println!("running");
    let start = Instant::now();
    let mut batch = end.pool.batch(32);
    let mut received = 0;
    while start.elapsed() < Duration::from_secs(60) {
        // Broadcast: everybody has something to receive.
        for _ in 0..8 {
            let Some(mut packet) = batch.alloc(60) else { break };
            let mut bytes = [0; 60];
            bytes[..6].copy_from_slice(&MacAddress::BROADCAST.0);
            bytes[6..12].copy_from_slice(&end.mac.0);
            packet.copy_from(&bytes);
        }
        end.queues.tx[0].push(&mut batch);
        batch.clear();
        received += end.queues.rx[0].poll(&mut batch);
        batch.clear();
        if end.port.events().try_iter().any(|event| event == Event::RemovalRequested) {
            println!("asked to leave after {received} frames");
            return Ok(());
        }
    }
    wait_for("a request to leave", || false)
}
