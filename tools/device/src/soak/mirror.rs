//! One VF that sends to somebody who sends every frame back.

use std::time::{Duration, Instant};

use barline::{FrameBatch, MacAddress, Pool, Port, Queues, Result};

use super::frame::{Maker, Way};
use super::mesh::BURST;
use super::sequence::Sequence;
use super::{Plan, Report};

/// Bytes that may be under way: less than there is room for between two processes, in either direction,
/// whatever the frames' lengths.
const WINDOW_BYTES: usize = 256 * 1024;

/// The smallest data room that a buffer may have.
const DATA_ROOM_MIN: usize = 1024;

/// A VF, and somebody with another address who sends its frames back with the two addresses exchanged,
/// whatever program that is. Each frame is checked as in [`run`](super::run): what does not come back,
/// or comes twice, late or changed, is told.
///
/// No more is under way than half of the plan's ring: a mirror with a ring as long, which is empty to
/// begin with, need not lose any.
pub struct Mirror<'a> {
    queues: &'a mut Queues,
    maker: Maker,
    there: Way,
    back: [Way; 1],
    sequence: Sequence,
    out: FrameBatch<'a>,
    inbox: FrameBatch<'a>,
    window: u64,
    under_way: u64,
    bytes_under_way: usize,
    report: Report,
    start: Instant,
}

impl<'a> Mirror<'a> {
    /// Frames between a port with one queue pair, whose batches come from `pool`, and the one who has
    /// the address. The plan's number of frames means nothing here.
    ///
    /// # Errors
    /// A size is not possible.
    pub fn new(
        port: &Port,
        queues: &'a mut Queues,
        pool: &'a Pool,
        peer: MacAddress,
        plan: &Plan,
    ) -> Result<Mirror<'a>> {
        plan.check_sizes()?;
        let buffers = BURST * plan.sizes.end().div_ceil(DATA_ROOM_MIN);
        Ok(Mirror {
            queues,
            maker: Maker::new(plan.seed, &plan.sizes),
            there: Way { stream: 0, from: port.mac(), to: peer },
            back: [Way { stream: 0, from: peer, to: port.mac() }],
            sequence: Sequence::default(),
            out: pool.batch(buffers),
            inbox: pool.batch(buffers),
            window: (plan.ring / 2) as u64,
            under_way: 0,
            bytes_under_way: 0,
            report: Report::default(),
            start: Instant::now(),
        })
    }

    /// Sends until there have been `frames` in all, and waits for them to come back; no longer than
    /// `patience` for the next one. What has come by then is told.
    pub fn run(&mut self, frames: u64, patience: Duration) -> Report {
        let mut last = Instant::now();
        while self.report.sent < frames || self.under_way > 0 {
            if self.turn(frames) > 0 {
                last = Instant::now();
            } else if last.elapsed() > patience {
                break;
            } else {
                std::thread::yield_now();
            }
        }
        self.report()
    }

    /// Sends and takes what can be now, up to `frames` in all. Returns how many packets moved.
    pub fn turn(&mut self, frames: u64) -> usize {
        let mut made = 0;
        while made < BURST
            && self.report.sent < frames
            && self.under_way < self.window
            && self.bytes_under_way < WINDOW_BYTES
        {
            let number = self.report.sent;
            let len = self.maker.len(0, number);
            let Some(mut packet) = self.out.alloc(len) else { break };
            self.maker.fill(self.there, number, &mut packet);
            self.bytes_under_way += len;
            self.under_way += 1;
            self.report.sent += 1;
            made += 1;
        }
        let sent = if self.out.is_empty() { 0 } else { self.queues.tx[0].push(&mut self.out) };
        sent + self.receive()
    }

    fn receive(&mut self) -> usize {
        let received = self.queues.rx[0].poll(&mut self.inbox);
        for packet in self.inbox.packets() {
            self.report.received += 1;
            self.report.bytes += packet.len() as u64;
            let Some((_, number)) = self.maker.read(&self.back, packet) else {
                self.report.faults.corrupted += 1;
                continue;
            };
            let known = self.sequence.note(number).min(self.under_way);
            self.under_way -= known;
            let lens = (0..known).map(|i| self.maker.len(0, number.saturating_sub(i)));
            self.bytes_under_way = self.bytes_under_way.saturating_sub(lens.sum());
        }
        if received > 0 {
            self.report.elapsed = self.start.elapsed();
        }
        self.inbox.clear();
        received
    }

    /// What is under way will not come any more: the mirror is another one, for instance. If it comes
    /// after all, it is none the worse for that.
    pub fn write_off(&mut self) {
        (self.under_way, self.bytes_under_way) = (0, 0);
    }

    /// What has come of it so far.
    pub fn report(&self) -> Report {
        let mut report = self.report;
        report.faults += self.sequence.faults(report.sent);
        report
    }
}
