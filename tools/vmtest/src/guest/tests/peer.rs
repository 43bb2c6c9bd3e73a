//! DPDK's testpmd at the other end.

use crate::testpmd::Testpmd;
use crate::traffic::{End, Flow, pair};
use crate::{hugepages, vf};
use barline::{Config, MacAddress};
use std::time::{Duration, Instant};
use vmtest::{Result, bail, ensure};

/// Frames through testpmd and back.
const COUNT: u64 = 50_000;
/// How long each closed loop is measured.
const MEASURED: Duration = Duration::from_secs(5);
/// Bursts of 32 that are sent into each closed loop.
const BURSTS: usize = 4;

fn standard(number: u64) -> usize {
    60 + (number.wrapping_mul(787) % 1455) as usize
}

/// Each direction, and testpmd's loop through ours.
pub fn run() -> Result {
    hugepages::reserve(128)?;
    let (_pf, vfs) = vf::ready(0, 2)?;
    let mut ours = End::open(&vfs[0], Config::default())?;
    let theirs = MacAddress(vfs[1].mac_bytes());
    let peer = format!("--eth-peer=0,{}", vfs[0].mac());

    // Ours sends, testpmd swaps the addresses and sends back: every byte is looked at twice.
    let mut testpmd = Testpmd::start(&[&vfs[1]], &["--nb-cores=1", "--forward-mode=macswap"])?;
    testpmd.command("start")?;
    reflect(&mut ours, theirs)?;
    testpmd.command("stop")?;
    let stats = testpmd.stats(0)?;
    ensure!(stats.rx_packets >= COUNT && stats.tx_packets >= COUNT, "testpmd counted {stats:?}");
    println!("{COUNT} frames to testpmd and back: {stats:?}");
    testpmd.quit()?;

    // testpmd alone sends.
    let mut testpmd =
        Testpmd::start(&[&vfs[1]], &["--nb-cores=1", "--forward-mode=txonly", &peer])?;
    testpmd.command("start")?;
    let came = count(&mut ours, theirs, Duration::from_secs(2))?;
    testpmd.command("stop")?;
    ensure!(came > 1000, "only {came} frames of testpmd's came");
    println!("{came} frames of testpmd's");
    testpmd.quit()?;

    // testpmd's io loop: it sends back what it gets, addresses and all, and so do we, swapped.
    let mut testpmd = Testpmd::start(&[&vfs[1]], &["--nb-cores=1", "--forward-mode=mac", &peer])?;
    testpmd.command("start tx_first")?;
    let through = swap(&mut ours, Duration::from_secs(2));
    testpmd.command("stop")?;
    let stats = testpmd.stats(0)?;
    ensure!(through > 1000 && stats.rx_packets > 1000, "{through} through us, {stats:?}");
    println!("{through} frames of testpmd's loop went through us: {stats:?}");
    testpmd.quit()?;
    drop(ours);
    ensure!(hugepages::free()? == 128, "hugepages are missing");
    Ok(())
}

/// Sends a flow to a peer that sends it back with swapped addresses.
fn reflect(end: &mut End, peer: MacAddress) -> Result {
    let mut flow = Flow::new(COUNT, standard);
    let (mut out, mut back) = (end.pool.batch(64), end.pool.batch(64));
    let mut last = (0, Instant::now());
    while !flow.is_done() {
        flow.send(&mut out, peer, end.mac);
        end.queues.tx[0].push(&mut out);
        end.queues.rx[0].poll(&mut back);
        flow.receive(&mut back, end.mac)?;
        if flow.received() != last.0 {
            last = (flow.received(), Instant::now());
        } else if last.1.elapsed() > Duration::from_secs(5) {
            bail!("the loop stands still at {} of {COUNT} frames", last.0);
        }
    }
    Ok(())
}

/// Sends everything back with swapped addresses for a while; returns how many frames.
fn swap(end: &mut End, time: Duration) -> u64 {
    let stop = Instant::now() + time;
    let mut batch = end.pool.batch(64);
    let mut through = 0;
    while Instant::now() < stop {
        end.queues.rx[0].poll(&mut batch);
        for mut frame in batch.frames_mut() {
            frame.data()[..12].rotate_left(6);
        }
        through += batch.len() as u64;
        while !batch.is_empty() {
            end.queues.tx[0].push(&mut batch);
        }
    }
    through
}

/// Frames from a sender within a time.
fn count(end: &mut End, from: MacAddress, time: Duration) -> Result<u64> {
    let stop = Instant::now() + time;
    let mut batch = end.pool.batch(64);
    let mut count = 0;
    while Instant::now() < stop {
        end.queues.rx[0].poll(&mut batch);
        for frame in batch.frames() {
            ensure!(frame.data().len() == 64, "a frame of {} bytes", frame.data().len());
            count += u64::from(frame.data()[6..12] == from.0);
        }
        batch.clear();
    }
    Ok(count)
}

/// The same closed loop over two VFs, first by ours, then by testpmd: frames go round and round, one
/// thread receives at each VF and sends out of the other with new addresses.
pub fn rates() -> Result {
    hugepages::reserve(128)?;
    let (_pf, vfs) = vf::ready(0, 2)?;
    let ours = our_rate(&vfs)?;
    let macs = [format!("--eth-peer=0,{}", vfs[1].mac()), format!("--eth-peer=1,{}", vfs[0].mac())];
    let args = ["--nb-cores=1", "--forward-mode=mac", "--burst=32", &macs[0], &macs[1]];
    let mut testpmd = Testpmd::start(&[&vfs[0], &vfs[1]], &args)?;
    testpmd.command(&format!("start tx_first {BURSTS}"))?;
    std::thread::sleep(Duration::from_millis(500));
    testpmd.command("clear port stats all")?;
    let start = Instant::now();
    std::thread::sleep(MEASURED);
    let frames = testpmd.stats(0)?.rx_packets + testpmd.stats(1)?.rx_packets;
    let theirs = frames as f64 / start.elapsed().as_secs_f64();
    testpmd.command("stop")?;
    testpmd.quit()?;
    println!(
        "closed loop over two VFs, both directions: barline {:.3} Mpps, testpmd {:.3} Mpps, ratio {:.2}",
        ours / 1e6,
        theirs / 1e6,
        ours / theirs
    );
    ensure!(ours > 1000.0 && theirs > 1000.0, "one of them hardly moved");
    Ok(())
}

fn our_rate(vfs: &[crate::vf::Vf]) -> Result<f64> {
    let ends = pair(vfs, &Config::default())?;
    let macs = [ends[0].mac, ends[1].mac];
    let pool = ends[0].port.pool();
    let [mut one, mut other] = ends.map(|end| (end.port, end.queues));
    let mut batch = pool.batch(32);
    // What testpmd's tx_first sends into the loop, at both ports.
    for (i, (_, queues)) in [&mut one, &mut other].into_iter().enumerate() {
        for _ in 0..BURSTS * 32 {
            let Some(mut packet) = batch.alloc(60) else { bail!("no buffers") };
            let mut bytes = [0; 60];
            bytes[..6].copy_from_slice(&macs[1 - i].0);
            bytes[6..12].copy_from_slice(&macs[i].0);
            bytes[12..14].copy_from_slice(&[0x88, 0xb5]);
            packet.copy_from(&bytes);
            queues.tx[0].push(&mut batch);
        }
    }
    let mut frames = 0;
    let (mut start, warm) = (Instant::now(), Duration::from_millis(500));
    let mut measuring = false;
    loop {
        for i in 0..2 {
            let (_, from) = if i == 0 { &mut one } else { &mut other };
            from.rx[0].poll(&mut batch);
            for mut frame in batch.frames_mut() {
                let data = frame.data();
                data[..6].copy_from_slice(&macs[i].0);
                data[6..12].copy_from_slice(&macs[1 - i].0);
            }
            frames += batch.len();
            let (_, to) = if i == 0 { &mut other } else { &mut one };
            to.tx[0].push(&mut batch);
            batch.clear();
        }
        let elapsed = start.elapsed();
        if !measuring && elapsed > warm {
            (measuring, frames, start) = (true, 0, Instant::now());
        } else if measuring && elapsed > MEASURED {
            return Ok(frames as f64 / elapsed.as_secs_f64());
        }
    }
}
