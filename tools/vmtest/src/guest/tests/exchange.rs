//! Our driver at both ends.

use crate::program::Program;
use crate::traffic::{End, Flow, WINDOW, exchange, pair, read, wait_for, write};
use crate::vf::{self, Vf};
use barline::{Arena, ArenaConfig, Config};
use std::time::{Duration, Instant};
use vmtest::{Context, Result, ensure};

/// Frames each way.
const COUNT: u64 = 200_000;
/// Frames each way of the largest size, and through the forwarder.
const FEW: u64 = 10_000;
/// The largest frame that the device takes, with FCS, and without it.
const LARGEST: u16 = 9720;
const LARGEST_BYTES: usize = LARGEST as usize - 4;
/// The user of the unprivileged run, who owns nothing but the two group nodes.
const NOBODY: u32 = 65534;

/// All lengths from 60 to 1514, in no order.
fn standard(number: u64) -> usize {
    60 + (number.wrapping_mul(787) % 1455) as usize
}

/// From the smallest frame to the largest, over one to five buffers.
fn jumbo(number: u64) -> usize {
    match number % 4 {
        0 => LARGEST_BYTES,
        1 => 60 + (number.wrapping_mul(4099) % (LARGEST_BYTES as u64 - 60)) as usize,
        // Around the ends of buffers.
        2 => 2048 * (1 + number as usize / 4 % 4) - 1 + (number as usize / 16 % 3),
        _ => 60,
    }
}

/// VF0 to VF1 and back at once: nothing lost, nothing out of order, every byte right; then with
/// frames over several buffers; then through a forwarder that copies nothing.
pub fn run() -> Result {
    let (_pf, vfs) = vf::ready(0, 4)?;
    all(&vfs)
}

/// The same as a user who owns the group nodes and nothing else.
pub fn run_unprivileged() -> Result {
    let (_pf, vfs) = vf::ready(0, 4)?;
    for vf in &vfs {
        let node = vf.group_node()?;
        std::os::unix::fs::chown(&node, Some(NOBODY), Some(NOBODY)).context(node.display())?;
    }
    let worker = Program::worker("exchange").user(NOBODY).memlock(64 << 20);
    let finished = worker.limit(Duration::from_secs(100)).echo().run()?;
    ensure!(finished.status.success(), "the unprivileged run failed: {}", finished.output);
    Ok(())
}

/// The unprivileged run's process.
pub fn worker(_args: &[String]) -> Result {
    let pf = crate::pf::Pf::nth(0)?;
    let vfs: Vec<_> = (0..4).map(|n| Vf::of(&pf, n)).collect::<Result<_>>()?;
    all(&vfs)
}

fn all(vfs: &[Vf]) -> Result {
    let mut ends = pair(&vfs[..2], &Config::default())?;
    let start = Instant::now();
    exchange(&mut ends, &mut [Flow::new(COUNT, standard), Flow::new(COUNT, standard)])?;
    println!("{COUNT} frames each way in {:.1} s", start.elapsed().as_secs_f64());
    for end in &ends {
        let stats = end.port.stats();
        let (rx, tx) = (stats.rx[0], stats.tx[0]);
        ensure!(rx.packets >= COUNT && tx.packets == COUNT, "counted otherwise: {stats:?}");
        ensure!(rx.violations + rx.errors + rx.no_buffers + tx.invalid + tx.lost == 0, "{stats:?}");
        ensure!(stats.device.rx_packets >= COUNT, "the device counted otherwise: {stats:?}");
    }
    drop(ends);

    let config = Config { max_frame: LARGEST, ..Config::default() };
    let mut ends = pair(&vfs[..2], &config)?;
    // Up to five buffers each.
    let flow = || Flow::new(FEW, jumbo).window(WINDOW / 2);
    exchange(&mut ends, &mut [flow(), flow()])?;
    println!("{FEW} frames of up to {LARGEST_BYTES} bytes each way");
    drop(ends);

    forward(vfs)
}

/// VF0 sends to VF1, which VF2 forwards to VF3; all on one arena.
fn forward(vfs: &[Vf]) -> Result {
    let arena = Arena::new(ArenaConfig { buffers: 8192, ..ArenaConfig::default() })?;
    let config = Config { arena: Some(arena), ..Config::default() };
    let mut ends: Vec<_> =
        vfs.iter().map(|vf| End::open(vf, config.clone())).collect::<Result<_>>()?;
    let macs: Vec<_> = ends.iter().map(|end| end.mac).collect();
    let pools: Vec<_> = ends.iter().map(|end| end.port.pool()).collect();
    let (mut bytes, mut sent, mut received) = (Vec::new(), 0, 0);
    let start = Instant::now();
    while received < FEW {
        let mut batch = pools[0].batch(64);
        while sent < FEW && sent - received < WINDOW && batch.room() > 0 {
            write(&mut bytes, standard(sent), sent, macs[1], macs[0]);
            batch.alloc(bytes.len()).context("no buffers")?.copy_from(&bytes);
            sent += 1;
        }
        while !batch.is_empty() {
            ends[0].queues.tx[0].push(&mut batch);
        }
        // The forwarder.
        let mut batch = pools[1].batch(64);
        ends[1].queues.rx[0].poll(&mut batch);
        batch.retain(|packet| packet.as_ref().head().data()[..6] == macs[1].0);
        let places: Vec<_> =
            batch.frames().map(|frame| (frame.buffer(), frame.data().as_ptr())).collect();
        for mut frame in batch.frames_mut() {
            let data = frame.data();
            data[..6].copy_from_slice(&macs[3].0);
            data[6..12].copy_from_slice(&macs[2].0);
        }
        let mut out = pools[1].batch(64);
        batch.move_to(&mut out, usize::MAX);
        let same = out.frames().map(|frame| (frame.buffer(), frame.data().as_ptr()));
        ensure!(same.eq(places), "the frames were copied");
        while !out.is_empty() {
            ends[2].queues.tx[0].push(&mut out);
        }
        // The receiver.
        let mut batch = pools[3].batch(64);
        ends[3].queues.rx[0].poll(&mut batch);
        for frame in batch.frames() {
            let Some(number) = read(frame.data(), macs[3])? else { continue };
            ensure!(number == received, "frame {number} came where {received} was due");
            received += 1;
        }
        ensure!(start.elapsed() < Duration::from_secs(60), "only {received} of {FEW} frames");
    }
    println!("{FEW} frames over two VFs of the forwarder, in the buffers they came in");
    wait_for("end of transmission", || {
        ends.iter_mut().zip(&pools).all(|(end, pool)| end.queues.tx[0].flush(pool, Duration::ZERO))
    })
}
