//! A VF that the test itself drives.

use std::collections::VecDeque;
use std::time::Instant;

use barline::{Config, Flags, FrameBatch, MacAddress, PacketMut, Pool, Port, Queues};
use barline_device::{Adapter, DeviceName};
use softnic::VfCounters;

use super::{LIMIT, Run};

/// Frames that may be under way in a closed loop if nothing else is said: fewer than any ring on the way
/// has descriptors by default.
const WINDOW: usize = 128;
/// Bytes that may be under way: fewer than there is room for between two processes.
const WINDOW_BYTES: usize = 256 * 1024;

/// Buffers of a batch, enough for some of the longest frames.
const BATCH: usize = 64;

/// One VF of a run's adapter, driven by barline in this process.
pub struct Peer {
    pub queues: Queues,
    pub port: Port,
    pub adapter: Adapter,
    /// Frames that may be under way in a closed loop.
    pub window: usize,
    vf: usize,
    pool: Pool,
}

/// A received packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    /// Its bytes, of all its buffers.
    pub bytes: Vec<u8>,
    /// What the device said about it.
    pub flags: Flags,
    /// The VLAN tag that was taken out.
    pub vlan: Option<u16>,
    /// The hash that the device computed.
    pub hash: Option<u32>,
    /// The receive queue that it came to.
    pub queue: usize,
}

/// What went round in a closed loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchanged {
    /// Frames sent, each of which came back.
    pub frames: u64,
    /// Bytes of those sent, without FCS.
    pub bytes: u64,
}

impl Peer {
    /// Opens a VF with one queue pair, for frames of standard length.
    #[track_caller]
    pub fn open(run: &Run, vf: usize) -> Peer {
        Peer::open_with(run, vf, Config::default())
    }

    /// Opens a VF and starts its queues.
    #[track_caller]
    pub fn open_with(run: &Run, vf: usize, config: Config) -> Peer {
        let name = DeviceName::soft(run.spec().clone(), vf).unwrap();
        let mut device = barline_device::open(&name, config).unwrap();
        let queues = device.port.start().unwrap();
        let pool = device.port.pool();
        let adapter = device.adapter.unwrap();
        Peer { queues, port: device.port, adapter, window: WINDOW, vf, pool }
    }

    /// Its unicast address.
    pub fn mac(&self) -> MacAddress {
        self.port.mac()
    }

    /// What the adapter has counted for it.
    pub fn counters(&self) -> VfCounters {
        self.adapter.counters_of(self.vf)
    }

    /// Sends frames, given without FCS, and waits until the device has taken them.
    #[track_caller]
    pub fn send(&mut self, frames: &[Vec<u8>]) {
        self.send_with(frames, |_| ());
    }

    /// The same, with something asked for each, such as an offload.
    #[track_caller]
    pub fn send_with(&mut self, frames: &[Vec<u8>], ask: impl Fn(&mut PacketMut<'_>)) {
        let tx = &mut self.queues.tx[0];
        let mut batch = self.pool.batch(BATCH);
        let mut frames = frames.iter();
        let mut next = frames.next();
        let start = Instant::now();
        while next.is_some() || !batch.is_empty() {
            while let Some(frame) = next
                && let Some(mut packet) = batch.alloc(frame.len())
            {
                packet.copy_from(frame);
                ask(&mut packet);
                next = frames.next();
            }
            if tx.push(&mut batch) == 0 {
                tx.reap(&self.pool);
                std::thread::yield_now();
            }
            assert!(start.elapsed() < LIMIT, "the device does not send");
        }
        assert!(tx.flush(&self.pool, LIMIT), "the device does not send all");
    }

    /// What has come to all queues by now, up to some packets.
    pub fn poll(&mut self) -> Vec<Got> {
        let mut batch = self.pool.batch(BATCH);
        let mut all = Vec::new();
        for (queue, rx) in self.queues.rx.iter_mut().enumerate() {
            rx.poll(&mut batch);
            all.extend(read(&batch, queue));
            batch.clear();
        }
        all
    }

    /// Waits for so many packets. More may come with them.
    #[track_caller]
    pub fn receive(&mut self, count: usize) -> Vec<Got> {
        let mut all = Vec::new();
        let start = Instant::now();
        while all.len() < count {
            let came = self.poll();
            if came.is_empty() {
                std::thread::yield_now();
            }
            all.extend(came);
            let elapsed = start.elapsed();
            assert!(elapsed < LIMIT, "{} of {count} packets came in {elapsed:?}", all.len());
        }
        all
    }

    /// A closed loop: sends frames and wants each back, as told, in the order in which they were sent
    /// and with nothing between them. Never so much is under way that something could be lost for want
    /// of room.
    #[track_caller]
    pub fn exchange(&mut self, frames: impl IntoIterator<Item = (Vec<u8>, Vec<u8>)>) -> Exchanged {
        let mut frames = frames.into_iter();
        let mut next = frames.next();
        let mut done = Exchanged::default();
        let mut under_way = VecDeque::new();
        let mut bytes = 0;
        let [mut out, mut back] = [self.pool.batch(BATCH), self.pool.batch(BATCH)];
        let mut last = Instant::now();
        while next.is_some() || !under_way.is_empty() {
            while under_way.len() < self.window
                && bytes < WINDOW_BYTES
                && let Some((sent, wanted)) = next.take()
            {
                let Some(mut packet) = out.alloc(sent.len()) else {
                    next = Some((sent, wanted));
                    break;
                };
                packet.copy_from(&sent);
                done.frames += 1;
                done.bytes += sent.len() as u64;
                bytes += sent.len();
                under_way.push_back((sent.len(), wanted));
                next = frames.next();
            }
            let moved = self.queues.tx[0].push(&mut out) + self.queues.rx[0].poll(&mut back);
            for packet in back.packets() {
                let got = packet.frames().flat_map(|frame| frame.data().to_vec()).collect();
                bytes -= check(&mut under_way, &got, done.frames);
            }
            back.clear();
            if moved > 0 {
                last = Instant::now();
                continue;
            }
            std::thread::yield_now();
            if last.elapsed() > LIMIT {
                let (sent, missing) = (done.frames, under_way.len());
                panic!("{sent} frames were sent, and the last {missing} did not come back");
            }
        }
        done
    }
}

/// Whether a frame is the next that is wanted back; returns how many bytes of it had been sent.
#[track_caller]
fn check(under_way: &mut VecDeque<(usize, Vec<u8>)>, got: &Vec<u8>, sent: u64) -> usize {
    let number = sent - under_way.len() as u64;
    match under_way.pop_front() {
        Some((len, wanted)) if wanted == *got => len,
        Some((_, wanted)) => match under_way.iter().position(|(_, later)| later == got) {
            Some(ahead) => panic!(
                "frame {} came when {number} was the next: lost or out of order",
                number + ahead as u64 + 1
            ),
            None => panic!("frame {number} came back wrong:\nwanted {wanted:02x?}\ngot {got:02x?}"),
        },
        None => panic!("a frame came that was not sent, or twice: {got:02x?}"),
    }
}

fn read(batch: &FrameBatch<'_>, queue: usize) -> Vec<Got> {
    let got = |packet: barline::Packet<'_>| {
        let head = packet.head();
        Got {
            bytes: packet.frames().flat_map(|frame| frame.data().to_vec()).collect(),
            flags: head.flags(),
            vlan: head.vlan(),
            hash: head.rss_hash(),
            queue,
        }
    };
    batch.packets().map(got).collect()
}
