//! With the device on the other core all the time: how many frames a second, and how long one takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use barline::cores;

use super::clock::now;
use super::device::Device;
use super::slot::{Books, WARM_UP};
use super::work;
use super::{Child, ChildError};
use crate::versus::protocol::{LatencyReport, RateReport};
use crate::versus::rows::Mode;

/// Round trips that are told at most.
const TRIPS: usize = 16384;

/// Steps of the device before a frame is lost.
const PATIENCE: u32 = 10_000_000;

/// Ends the other core's thread whatever happens here: a scope waits for it.
struct Stop<'s>(&'s AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

impl Child {
    /// Counts frames while the device moves by itself.
    ///
    /// # Errors
    /// The mode is none that can be done so, or there is no other core.
    pub(super) fn rate(
        &mut self,
        mode: Mode,
        burst: u16,
        microseconds: u32,
    ) -> Result<RateReport, ChildError> {
        let core = self.other_core()?;
        let Child { device, clock, lanes, .. } = self;
        if !matches!(mode, Mode::Rx | Mode::Tx | Mode::Fwd) {
            return Err(ChildError::Order(format!("rate {mode}: expected rx, tx or fwd")));
        }
        let burst = usize::from(burst);
        let mut books = Books::open(lanes, device)?;
        let each = if mode == Mode::Tx { 0 } else { (burst * lanes.queues) as u32 };
        let over = AtomicBool::new(false);
        let len = lanes.frame;
        let mut report = RateReport::default();
        thread::scope(|scope| {
            let stop = Stop(&over);
            let moved = scope.spawn(|| feed_until(device, core, each, &over));
            let mut batch = lanes.pool.batch(burst);
            let begin = now();
            let warm = begin + clock.microseconds(WARM_UP);
            let end = warm + clock.microseconds(microseconds);
            // When counting began, and what was through then.
            let mut started: Option<(Instant, u64)> = None;
            loop {
                for lane in &mut lanes.lanes {
                    // What found no room goes first.
                    if batch.is_empty() {
                        if mode == Mode::Tx {
                            work::make(lane, &mut batch, burst, len);
                        } else {
                            books.received += lane.rx.poll(&mut batch) as u64;
                        }
                    }
                    if mode == Mode::Rx {
                        batch.clear();
                    } else {
                        books.sent += lane.tx.push(&mut batch) as u64;
                    }
                }
                let through = if mode == Mode::Rx { books.received } else { books.sent };
                let now = now();
                match started {
                    None if now >= warm => started = Some((Instant::now(), through)),
                    Some((since, before)) if now >= end => {
                        report.nanoseconds = since.elapsed().as_nanos() as u64;
                        report.frames = through - before;
                        break;
                    }
                    _ => {}
                }
            }
            drop(stop);
            moved.join().unwrap_or(Err(ChildError::Device("its thread has panicked")))
        })?;
        report.lost = books.close(lanes, device)?;
        Ok(report)
    }

    /// Times single frames.
    ///
    /// # Errors
    /// There is no other core, or there are several VFs.
    pub(super) fn latency(&mut self, microseconds: u32) -> Result<LatencyReport, ChildError> {
        let core = self.other_core()?;
        let Child { device, clock, lanes, .. } = self;
        if lanes.lanes.len() != 1 {
            let why = "latency: one VF with one queue is what is timed";
            return Err(ChildError::Order(why.into()));
        }
        let mut books = Books::open(lanes, device)?;
        let over = AtomicBool::new(false);
        let (warm, whole) = (clock.microseconds(WARM_UP), clock.microseconds(microseconds));
        let mut report = LatencyReport::default();
        thread::scope(|scope| {
            let trips = scope.spawn(|| {
                let _over = Stop(&over);
                round_trips(device, core, warm, whole)
            });
            let mut batch = lanes.pool.batch(32);
            while !over.load(Ordering::Relaxed) {
                for lane in &mut lanes.lanes {
                    books.received += lane.rx.poll(&mut batch) as u64;
                    // Of rounds that find nothing there are many, and none has to look for room.
                    if !batch.is_empty() {
                        books.sent += lane.tx.push(&mut batch) as u64;
                    }
                }
            }
            let trips = trips.join();
            report.round_trips =
                trips.unwrap_or(Err(ChildError::Device("its thread has panicked")))?;
            Ok::<(), ChildError>(())
        })?;
        report.lost = books.close(lanes, device)?;
        Ok(report)
    }
}

/// Moves the device from another core.
fn feed_until(
    device: &Device,
    core: usize,
    frames: u32,
    over: &AtomicBool,
) -> Result<(), ChildError> {
    cores::pin(core)?;
    while !over.load(Ordering::Acquire) {
        device.feed(frames)?;
    }
    Ok(())
}

/// Delivers frames one by one, and takes each back; what came before `warm` cycles were over is left out.
fn round_trips(
    device: &Device,
    core: usize,
    warm: u64,
    whole: u64,
) -> Result<Vec<u64>, ChildError> {
    cores::pin(core)?;
    let mut trips = Vec::with_capacity(TRIPS);
    let begin = now();
    // However slow the machine is, there is one.
    while trips.len() < TRIPS && (trips.is_empty() || now() - begin < warm + whole) {
        let before = device.tally()?.taken;
        let start = now();
        let mut patience = PATIENCE;
        device.feed(1)?;
        while device.tally()?.taken == before {
            device.feed(0)?;
            patience -= 1;
            if patience == 0 {
                return Err(ChildError::Device("a frame was delivered and never sent back"));
            }
        }
        let end = now();
        if start - begin >= warm {
            trips.push(end - start);
        }
    }
    Ok(trips)
}
