//! A slot: windows of the driver's calls are timed, the device's turns between them not.

use barline::FrameBatch;

use super::clock::{Clock, now};
use super::device::{Device, Tally};
use super::helper::{Asked, Helper};
use super::lanes::{Lane, Lanes};
use super::work::{self, Moved};
use super::{Child, ChildError};
use crate::versus::protocol::SlotReport;
use crate::versus::rows::{Mode, Placement};

/// Frames of a sample at least, so that what is done once in a block of 32 or 64 frames is never left out.
const SAMPLE: u64 = 2048;

/// Frames of a window at most, or those of one burst: what a loop does before the device's turn.
const WINDOW: usize = 256;

/// Rounds in which nothing more comes before the rest is lost.
const PATIENCE: u32 = 1000;

/// How long a slot warms up, in microseconds.
pub(super) const WARM_UP: u32 = 1000;

/// What bursts took.
pub(super) struct Samples {
    cycles: i64,
    frames: u64,
    report: SlotReport,
    /// Before, nothing counts.
    warm: u64,
    end: u64,
}

impl Samples {
    /// Of a slot that begins now.
    pub(super) fn new(clock: &Clock, microseconds: u32) -> Samples {
        let warm = now() + clock.microseconds(WARM_UP);
        let end = warm + clock.microseconds(microseconds);
        let report = SlotReport { samples: Vec::with_capacity(4096), ..SlotReport::default() };
        Samples { cycles: 0, frames: 0, report, warm, end }
    }

    /// Takes a window, or a round of them.
    #[inline(always)]
    pub(super) fn add(&mut self, cycles: i64, frames: u64) {
        self.cycles += cycles;
        self.frames += frames;
    }

    /// Ends a round; false when it was the last one.
    pub(super) fn go_on(&mut self) -> bool {
        let now = now();
        if now < self.warm {
            (self.cycles, self.frames) = (0, 0);
            return true;
        }
        if self.frames >= SAMPLE {
            self.report.samples.push(self.cycles as f64 / self.frames as f64);
            self.report.frames += self.frames;
            (self.cycles, self.frames) = (0, 0);
        }
        // However slow the machine is, there is a sample.
        now < self.end || self.report.samples.is_empty()
    }

    /// All of them.
    pub(super) fn finish(self, lost: u64) -> SlotReport {
        SlotReport { lost, ..self.report }
    }
}

/// What this side has counted, to be compared with the device's tally.
#[derive(Default)]
pub(super) struct Books {
    before: Tally,
    pub(super) received: u64,
    pub(super) sent: u64,
}

impl Books {
    /// From now on: whatever is still in the rings is through.
    pub(super) fn open(lanes: &mut Lanes, device: &Device) -> Result<Books, ChildError> {
        let mut books = Books::default();
        books.drain(lanes, device)?;
        Ok(Books { before: device.tally()?, ..Books::default() })
    }

    /// Takes what is still on its way, and frees it.
    fn drain(&mut self, lanes: &mut Lanes, device: &Device) -> Result<(), ChildError> {
        let mut batch = lanes.pool.batch(64);
        device.feed(0)?;
        for lane in &mut lanes.lanes {
            loop {
                let frames = lane.rx.poll(&mut batch);
                self.received += frames as u64;
                batch.clear();
                if frames == 0 {
                    break;
                }
            }
            lane.tx.reap(&lanes.pool);
        }
        Ok(())
    }

    /// Frames that one side has counted and the other has not, when all is through.
    pub(super) fn close(mut self, lanes: &mut Lanes, device: &Device) -> Result<u64, ChildError> {
        self.drain(lanes, device)?;
        let after = device.tally()?;
        let delivered = after.delivered.wrapping_sub(self.before.delivered);
        let taken = after.taken.wrapping_sub(self.before.taken);
        Ok(delivered.abs_diff(self.received) + taken.abs_diff(self.sent))
    }
}

/// Who moves the device, and what happens to caches then.
enum Mover<'a> {
    Here(&'a Device),
    There(&'a Asked<'a>),
    Chilled(&'a Device),
}

impl Mover<'_> {
    fn feed(&self, frames: u32) -> Result<u64, ChildError> {
        match self {
            Mover::Here(device) => device.feed(frames),
            Mover::There(asked) => asked.feed(frames),
            Mover::Chilled(device) => {
                let fed = device.feed(frames)?;
                device.chill()?;
                Ok(fed)
            }
        }
    }
}

/// A slot that is being measured.
struct Slot<'a> {
    burst: usize,
    /// Bursts of a window.
    window: usize,
    mover: Mover<'a>,
    clock: Clock,
    samples: Samples,
    books: Books,
}

impl Child {
    /// Measures what `mode` costs the driver.
    ///
    /// # Errors
    /// The child was not set up for that, or the device does not move.
    pub(super) fn slot(
        &mut self,
        mode: Mode,
        burst: u16,
        placement: Placement,
        microseconds: u32,
    ) -> Result<SlotReport, ChildError> {
        let other_core = self.config.other_core;
        let Child { config, device, clock, lanes } = self;
        let ring = usize::from(config.ring);
        if mode == Mode::FwdOffload && !config.offloads {
            return Err(ChildError::Order("fwd_offload: this child has no offloads on".into()));
        }
        let device = *device;
        let mut measure = |mover: Mover<'_>| {
            let slot = Slot {
                burst: burst.into(),
                window: window(burst.into(), ring),
                mover,
                clock: *clock,
                samples: Samples::new(clock, microseconds),
                books: Books::open(lanes, &device)?,
            };
            slot.measure(mode, lanes, &device)
        };
        match placement {
            Placement::Local => measure(Mover::Here(&device)),
            Placement::Cold => measure(Mover::Chilled(&device)),
            Placement::Remote => {
                let core = other_core.ok_or_else(no_other_core)?;
                Helper::beside(device, core, |asked| measure(Mover::There(asked)))
            }
            Placement::Split => self.split(mode, burst, microseconds),
        }
    }

    /// The core that is not the driver's.
    pub(super) fn other_core(&self) -> Result<usize, ChildError> {
        let core = self.config.other_core;
        core.ok_or_else(no_other_core)
    }
}

/// A window of bursts, one after the other as in an application. What has to stay in a batch stays there,
/// and the next burst has another one.
#[inline(always)]
fn all_of(
    lane: &mut Lane,
    batches: &mut [FrameBatch<'_>],
    work: impl Fn(&mut Lane, &mut FrameBatch<'_>) -> Moved,
) -> Moved {
    let (mut all, mut at) = (Moved::default(), 0);
    for _ in 0..batches.len() {
        let Moved { received, sent } = work(lane, &mut batches[at]);
        all.received += received;
        all.sent += sent;
        at += usize::from(!batches[at].is_empty());
    }
    all
}

/// Bursts of a window. It leaves half of a ring to the device.
fn window(burst: usize, ring: usize) -> usize {
    (WINDOW.min(ring / 2) / burst).max(1)
}

fn no_other_core() -> ChildError {
    ChildError::Order("this takes a second core, and there is none".into())
}

impl Slot<'_> {
    fn measure(
        mut self,
        mode: Mode,
        lanes: &mut Lanes,
        device: &Device,
    ) -> Result<SlotReport, ChildError> {
        match mode {
            Mode::Rx => self.incoming(lanes, work::receive)?,
            Mode::Tx => self.outgoing(lanes)?,
            Mode::Fwd => self.incoming(lanes, work::forward)?,
            Mode::FwdMac => self.incoming(lanes, work::forward_mac)?,
            Mode::FwdOffload => self.incoming(lanes, work::forward_offload)?,
        }
        let lost = self.books.close(lanes, device)?;
        Ok(self.samples.finish(lost))
    }

    /// Rounds in which frames come: until all that was delivered is there.
    fn incoming(
        &mut self,
        lanes: &mut Lanes,
        work: impl Fn(&mut Lane, &mut FrameBatch<'_>) -> Moved,
    ) -> Result<(), ChildError> {
        let each = (self.burst * self.window * lanes.queues) as u32;
        let mut batches: Vec<_> = (0..self.window).map(|_| lanes.pool.batch(self.burst)).collect();
        loop {
            let mut left = self.mover.feed(each)?;
            let mut patience = PATIENCE;
            while left > 0 && patience > 0 {
                patience -= 1;
                for lane in &mut lanes.lanes {
                    let start = now();
                    let all = all_of(lane, &mut batches, &work);
                    let cycles = self.clock.between(start, now());
                    let packets = all.received as u64;
                    self.samples.add(cycles, packets);
                    self.books.received += packets;
                    self.books.sent += all.sent as u64;
                    left = left.saturating_sub(packets);
                    for batch in &mut batches {
                        if all.sent == 0 {
                            batch.clear();
                        }
                        self.send(lane, batch)?;
                    }
                }
            }
            if !self.samples.go_on() {
                return Ok(());
            }
        }
    }

    /// Rounds in which frames are made and sent.
    fn outgoing(&mut self, lanes: &mut Lanes) -> Result<(), ChildError> {
        let len = lanes.frame;
        let mut batches: Vec<_> = (0..self.window).map(|_| lanes.pool.batch(self.burst)).collect();
        loop {
            for lane in &mut lanes.lanes {
                let make = |batch| work::make(lane, batch, self.burst, len) as u64;
                let made = batches.iter_mut().map(make).sum();
                let start = now();
                let sent: usize = batches.iter_mut().map(|batch| lane.tx.push(batch)).sum();
                self.samples.add(self.clock.between(start, now()), made);
                self.books.sent += sent as u64;
                for batch in &mut batches {
                    self.send(lane, batch)?;
                }
            }
            self.mover.feed(0)?;
            if !self.samples.go_on() {
                return Ok(());
            }
        }
    }

    /// Sends all of a batch, timed; the device takes its turn where there is no room.
    fn send(&mut self, lane: &mut Lane, batch: &mut FrameBatch<'_>) -> Result<(), ChildError> {
        let mut patience = PATIENCE;
        while !batch.is_empty() {
            let start = now();
            let sent = lane.tx.push(batch);
            self.samples.add(self.clock.between(start, now()), 0);
            self.books.sent += sent as u64;
            if !batch.is_empty() {
                self.mover.feed(0)?;
                patience -= 1;
                if patience == 0 {
                    return Err(ChildError::Device("nothing that is sent is taken"));
                }
            }
        }
        Ok(())
    }
}
