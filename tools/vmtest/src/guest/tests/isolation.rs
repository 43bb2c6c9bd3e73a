//! What the IOMMU keeps out, and what the driver makes of a device that gets nowhere.

use crate::tamper::Tampering;
use crate::traffic::{End, Flow, exchange, wait_for};
use crate::{host, vf};
use barline::pci::PciAddress;
use barline::{Arena, ArenaConfig, Config, Direction, Event, MacAddress, Port, Root, vfio};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use vmtest::{Context, Result, ensure};

/// The start of the frame buffers, which the receive ring takes first.
const HOLE: Range<usize> = 0..2 << 20;
/// How soon a stall is told.
const TOLD: Duration = Duration::from_millis(1000);

/// Buffers outside, ring bases outside, and traffic again in the same process.
pub fn run() -> Result {
    let (_pf, vfs) = vf::ready(0, 2)?;
    buffers(&vfs)?;
    ring_bases(&vfs)
}

/// A VF whose addresses are tampered with.
fn tampered(vf: &vf::Vf, hole: Range<usize>) -> Result<(End, Arc<Tampering>)> {
    let address: PciAddress = vf.bdf.parse()?;
    let tampering = Tampering::new(vfio::open(&Root::default(), address)?, hole);
    let arena = Arena::new(ArenaConfig::default())?;
    let mut port = Port::on(tampering.clone(), Config { arena: Some(arena), ..Config::default() })?;
    wait_for("link", || port.link().is_up())?;
    let queues = port.start()?;
    let (pool, mac) = (port.pool(), port.mac());
    Ok((End { port, queues, pool, mac }, tampering))
}

fn send(from: &mut End, to: MacAddress, fill: u8) -> Result {
    let mut batch = from.pool.batch(1);
    let mut bytes = [fill; 200];
    bytes[..6].copy_from_slice(&to.0);
    bytes[6..12].copy_from_slice(&from.mac.0);
    // Not the EtherType that the checkers look at.
    bytes[12..14].copy_from_slice(&[0x88, 0xb6]);
    batch.alloc(bytes.len()).context("no buffer")?.copy_from(&bytes);
    ensure!(from.queues.tx[0].push(&mut batch) == 1, "the frame was not taken");
    Ok(())
}

/// Receive buffers that are not mapped: the device's writes are blocked, and not a byte changes.
fn buffers(vfs: &[vf::Vf]) -> Result {
    let mut sender = End::open(&vfs[0], Config::default())?;
    let (mut receiver, _tampering) = tampered(&vfs[1], HOLE)?;
    let faults = host::dma_faults()?;
    send(&mut sender, receiver.mac, 0xa5)?;
    host::wait_for_dma_fault(Duration::from_secs(5))?;
    let now = host::dma_faults()?;
    ensure!(now > faults, "no DMA fault: {faults} before, {now} now");
    // This emulator reports the descriptor as done all the same.
    let mut batch = receiver.pool.batch(32);
    let (start, mut frames) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_millis(500) {
        receiver.queues.rx[0].poll(&mut batch);
        for frame in batch.frames() {
            frames += 1;
            let changed = frame.data().iter().any(|&byte| byte != 0);
            ensure!(!changed, "bytes outside changed: {:02x?}", frame.data());
        }
        batch.clear();
    }
    println!("a buffer outside: {} faults, {frames} frames without a byte", now - faults);
    Ok(())
}

/// Ring bases that are not mapped: the stall is told within a second, and after a restart of the
/// queues traffic flows.
fn ring_bases(vfs: &[vf::Vf]) -> Result {
    let plain = End::open(&vfs[0], Config::default())?;
    let (mut end, tampering) = tampered(&vfs[1], 0..0)?;
    tampering.bases_outside.store(true, Ordering::Relaxed);
    restart(&mut end)?;
    let to = plain.mac;
    let (mut plain, start) = (plain, Instant::now());
    send(&mut end, to, 1)?;
    stalls(&end, Direction::Tx, start)?;
    let start = Instant::now();
    let to = end.mac;
    send(&mut plain, to, 2)?;
    stalls(&end, Direction::Rx, start)?;

    tampering.bases_outside.store(false, Ordering::Relaxed);
    restart(&mut end)?;
    // This emulator keeps half a packet of the descriptors that it could not read, and swallows the
    // next one.
    let to = plain.mac;
    send(&mut end, to, 3)?;
    let mut ends = [plain, end];
    let flow = || Flow::new(1000, |_| 300);
    exchange(&mut ends, &mut [flow(), flow()])?;
    println!("after a restart of the queues traffic flows both ways");
    Ok(())
}

/// Resets the port and lets its worker take its queues up again.
fn restart(end: &mut End) -> Result {
    while end.port.events().try_recv().is_ok() {}
    end.port.reset();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !matches!(end.port.events().try_recv(), Ok(Event::Recovered)) {
        ensure!(Instant::now() < deadline, "the port did not recover");
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut batch = end.pool.batch(32);
    end.queues.rx[0].poll(&mut batch);
    end.queues.tx[0].reap(&end.pool);
    wait_for("link", || end.port.link().is_up())?;
    // The watcher looks at the link on its own beat.
    std::thread::sleep(Duration::from_millis(300));
    Ok(())
}

fn stalls(end: &End, wanted: Direction, since: Instant) -> Result {
    let deadline = since + Duration::from_secs(10);
    loop {
        let event = end.port.events().recv_deadline(deadline);
        let event = event.context(format_args!("no stall of {wanted:?} was told"))?;
        println!("{event:?} after {} ms", since.elapsed().as_millis());
        if matches!(event, Event::Stalled { direction, .. } if direction == wanted) {
            ensure!(since.elapsed() <= TOLD, "told after {:?}", since.elapsed());
            return Ok(());
        }
    }
}
