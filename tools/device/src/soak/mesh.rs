//! Every VF sends to every other one.

use std::time::{Duration, Instant};

use barline::{FrameBatch, Pool, Port, Queues};
use softnic::Drive;

use super::frame::{Maker, Way};
use super::sequence::{Faults, Sequence};
use super::{Plan, Report};
use crate::Adapter;

/// Frames that a VF sends at once, at most.
pub(super) const BURST: usize = 32;

/// How long nothing may come before it is asked for.
const QUIET: Duration = Duration::from_millis(10);

/// Steps of the adapter after which what has not come will not come. With these the worker moves the
/// adapter itself: its thread may be waiting for a CPU, however long.
const STEPS: u32 = 500;

/// One VF.
struct End<'a> {
    queues: Queues,
    /// What it is about to send.
    batch: FrameBatch<'a>,
    /// Whom it sends to next.
    to: usize,
    /// Frames on their way to it.
    under_way: u64,
}

/// One direction between two VFs; its number is that of the sender times that of VFs, plus that of the
/// receiver.
#[derive(Default)]
struct Stream {
    sent: u64,
    sequence: Sequence,
}

pub(super) struct Mesh<'a> {
    adapter: &'a Adapter,
    maker: Maker,
    ways: Vec<Way>,
    streams: Vec<Stream>,
    ends: Vec<End<'a>>,
    inbox: FrameBatch<'a>,
    /// Frames that may be on their way to one VF.
    window: u64,
    frames: u64,
    sent: u64,
    received: u64,
    bytes: u64,
    corrupted: u64,
}

impl<'a> Mesh<'a> {
    pub(super) fn new(
        adapter: &'a Adapter,
        plan: &Plan,
        pool: &'a Pool,
        ports: &[Port],
        queues: Vec<Queues>,
        buffers_each: usize,
    ) -> Mesh<'a> {
        let vfs = ports.len();
        let macs: Vec<_> = ports.iter().map(Port::mac).collect();
        let way = |stream: usize| Way {
            stream: stream as u32,
            from: macs[stream / vfs],
            to: macs[stream % vfs],
        };
        let end = |(vf, queues)| End {
            queues,
            batch: pool.batch(BURST * buffers_each),
            to: (vf + 1) % vfs,
            under_way: 0,
        };
        Mesh {
            adapter,
            maker: Maker::new(plan.seed, &plan.sizes),
            ways: (0..vfs * vfs).map(way).collect(),
            streams: (0..vfs * vfs).map(|_| Stream::default()).collect(),
            ends: queues.into_iter().enumerate().map(end).collect(),
            inbox: pool.batch(BURST * buffers_each),
            // The ring is filled in blocks, and one descriptor is always left out.
            window: (plan.ring / 2 / buffers_each) as u64,
            frames: plan.frames,
            sent: 0,
            received: 0,
            bytes: 0,
            corrupted: 0,
        }
    }

    pub(super) fn run(mut self) -> Report {
        let caller = self.adapter.spec().drive == Drive::Caller;
        let start = Instant::now();
        let mut last = start;
        let mut steps = 0;
        loop {
            let mut moved = 0;
            for vf in 0..self.ends.len() {
                moved += self.send(vf) + self.receive(vf);
            }
            let quiet = moved == 0 && last.elapsed() > QUIET;
            if caller || quiet {
                self.adapter.step();
            }
            steps = if quiet { steps + 1 } else { 0 };
            if moved > 0 {
                last = Instant::now();
            } else if steps < STEPS {
                std::thread::yield_now();
            } else if self.sent == self.frames {
                return self.report(last - start);
            } else {
                // What is under way will not come any more; the others go on.
                self.ends.iter_mut().for_each(|end| end.under_way = 0);
                last = Instant::now();
            }
        }
    }

    /// Sends a burst from a VF; returns how many frames the device took.
    fn send(&mut self, vf: usize) -> usize {
        let to = self.ends[vf].to;
        let stream = vf * self.ends.len() + to;
        let room = self.window.saturating_sub(self.ends[to].under_way).min(BURST as u64);
        let count = room.min(self.frames - self.sent);
        let mut made = 0;
        let Stream { sent, .. } = &mut self.streams[stream];
        let batch = &mut self.ends[vf].batch;
        while made < count
            && let Some(mut packet) = batch.alloc(self.maker.len(stream as u32, *sent))
        {
            self.maker.fill(self.ways[stream], *sent, &mut packet);
            *sent += 1;
            made += 1;
        }
        self.sent += made;
        self.ends[to].under_way += made;
        let vfs = self.ends.len();
        let end = &mut self.ends[vf];
        if made > 0 {
            let next = (to + 1) % vfs;
            end.to = if next == vf { (next + 1) % vfs } else { next };
        }
        if end.batch.is_empty() { 0 } else { end.queues.tx[0].push(&mut end.batch) }
    }

    /// Takes what has come to a VF; returns how many packets that were.
    fn receive(&mut self, vf: usize) -> usize {
        let vfs = self.ends.len();
        let end = &mut self.ends[vf];
        end.queues.rx[0].poll(&mut self.inbox);
        let mut packets = 0;
        for packet in self.inbox.packets() {
            packets += 1;
            self.bytes += packet.len() as u64;
            match self.maker.read(&self.ways, packet) {
                Some((way, number)) if way.stream as usize % vfs == vf => {
                    let known = self.streams[way.stream as usize].sequence.note(number);
                    end.under_way = end.under_way.saturating_sub(known);
                }
                _ => self.corrupted += 1,
            }
        }
        self.inbox.clear();
        self.received += packets as u64;
        packets
    }

    fn report(&self, elapsed: Duration) -> Report {
        let mut faults = Faults { corrupted: self.corrupted, ..Faults::default() };
        self.streams.iter().for_each(|stream| faults += stream.sequence.faults(stream.sent));
        let Mesh { sent, received, bytes, .. } = *self;
        Report { sent, received, bytes, faults, elapsed }
    }
}
