//! Frames that tell their number and prove every byte, and closed loops of them.

use crate::vf::Vf;
use barline::{Config, FrameBatch, MacAddress, Pool, Port, Queues};
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail, ensure};

/// EtherType of local experiments (IEEE 802, 88b5).
const ETHERTYPE: [u8; 2] = [0x88, 0xb5];
/// Destination, source, EtherType, sequence number.
pub const HEADER: usize = 14 + 8;
/// How long a closed loop may stand still.
const STILL: Duration = Duration::from_secs(5);

/// A port of ours, open and started.
pub struct End {
    /// The port.
    pub port: Port,
    /// Its queues.
    pub queues: Queues,
    /// Free buffers of the thread that uses it.
    pub pool: Pool,
    /// Its address.
    pub mac: MacAddress,
}

impl End {
    /// Opens a VF, waits for its link and starts it.
    pub fn open(vf: &Vf, config: Config) -> Result<End> {
        End::open_bdf(&vf.bdf, config)
    }

    /// The same by its address.
    pub fn open_bdf(bdf: &str, config: Config) -> Result<End> {
        let mut port = Port::open_with(bdf, config).context(bdf)?;
        wait_for("link", || port.link().is_up())?;
        let queues = port.start()?;
        let (pool, mac) = (port.pool(), port.mac());
        Ok(End { port, queues, pool, mac })
    }
}

/// Two VFs of ours on one arena.
pub fn pair(vfs: &[Vf], config: &Config) -> Result<[End; 2]> {
    let arena = barline::Arena::new(barline::ArenaConfig::default())?;
    let config = Config { arena: Some(arena), ..config.clone() };
    Ok([End::open(&vfs[0], config.clone())?, End::open(&vfs[1], config)?])
}

/// Waits up to ten seconds for something.
pub fn wait_for(what: &str, mut there: impl FnMut() -> bool) -> Result {
    let end = Instant::now() + Duration::from_secs(10);
    while !there() {
        if Instant::now() > end {
            bail!("no {what} after ten seconds");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Byte `at` (a multiple of 8) and the seven after it of the frame with this number.
fn pattern(number: u64, at: usize) -> [u8; 8] {
    let mut word = number ^ (at as u64) << 40 ^ 0x9e37_79b9_7f4a_7c15;
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (word ^ word >> 27).to_le_bytes()
}

/// The bytes of a frame.
pub fn write(frame: &mut Vec<u8>, len: usize, number: u64, to: MacAddress, from: MacAddress) {
    frame.clear();
    frame.extend(to.0);
    frame.extend(from.0);
    frame.extend(ETHERTYPE);
    frame.extend(number.to_be_bytes());
    while frame.len() < len {
        let word = pattern(number, frame.len());
        let part = (len - frame.len()).min(8);
        frame.extend(&word[..part]);
    }
}

/// The number of a frame of ours: `None` for one of somebody else's. Fails when a byte is wrong.
pub fn read(frame: &[u8], to: MacAddress) -> Result<Option<u64>> {
    if frame.len() < HEADER || frame[12..14] != ETHERTYPE {
        return Ok(None);
    }
    ensure!(frame[..6] == to.0, "a frame for {:02x?} came to {to}", &frame[..6]);
    let number = u64::from_be_bytes(frame[14..22].try_into()?);
    for (i, bytes) in frame[HEADER..].chunks(8).enumerate() {
        let word = pattern(number, HEADER + 8 * i);
        ensure!(bytes == &word[..bytes.len()], "frame {number}: wrong bytes at {}", HEADER + 8 * i);
    }
    Ok(Some(number))
}

/// One direction of a closed loop.
pub struct Flow {
    sent: u64,
    received: u64,
    count: u64,
    sizes: fn(u64) -> usize,
    window: u64,
    bytes: Vec<u8>,
}

/// Frames of a flow on their way at most: what the receiver's ring can hold of one buffer each.
pub const WINDOW: u64 = 128;

impl Flow {
    /// So many frames, whose sizes depend on their numbers.
    pub fn new(count: u64, sizes: fn(u64) -> usize) -> Flow {
        Flow { sent: 0, received: 0, count, sizes, window: WINDOW, bytes: Vec::new() }
    }

    /// With so many frames on their way at most.
    pub fn window(self, window: u64) -> Flow {
        Flow { window, ..self }
    }

    /// Frames that have arrived.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// Whether all have arrived.
    pub fn is_done(&self) -> bool {
        self.received == self.count
    }

    /// Adds as many frames to a batch as the loop lets out now.
    pub fn send(&mut self, batch: &mut FrameBatch<'_>, to: MacAddress, from: MacAddress) {
        while self.sent < self.count && self.sent - self.received < self.window {
            let len = (self.sizes)(self.sent);
            write(&mut self.bytes, len, self.sent, to, from);
            let Some(mut packet) = batch.alloc(len) else { return };
            packet.copy_from(&self.bytes);
            self.sent += 1;
        }
    }

    /// Takes the frames of a batch as received: all of them there, in order, every byte right.
    pub fn receive(&mut self, batch: &mut FrameBatch<'_>, to: MacAddress) -> Result {
        for packet in batch.packets() {
            self.bytes.clear();
            for frame in packet.frames() {
                self.bytes.extend(frame.data());
            }
            let Some(number) = read(&self.bytes, to)? else { continue };
            let expected = self.received;
            ensure!(number == expected, "frame {number} came where {expected} was due");
            let len = (self.sizes)(number);
            ensure!(self.bytes.len() == len, "frame {number} has {} of {len}", self.bytes.len());
            self.received += 1;
        }
        batch.clear();
        Ok(())
    }
}

/// Runs a flow in each direction between two ends until all frames have arrived.
pub fn exchange(ends: &mut [End; 2], flows: &mut [Flow; 2]) -> Result {
    let [one, other] = ends;
    let macs = [one.mac, other.mac];
    let mut batches =
        [[one.pool.batch(64), one.pool.batch(64)], [other.pool.batch(64), other.pool.batch(64)]];
    let mut last = (0, Instant::now());
    while !flows.iter().all(Flow::is_done) {
        for i in 0..2 {
            let [send, receive] = &mut batches[i];
            flows[i].send(send, macs[1 - i], macs[i]);
            let queues = if i == 0 { &mut one.queues } else { &mut other.queues };
            queues.tx[0].push(send);
            queues.rx[0].poll(receive);
            let arrived = flows[1 - i].receive(receive, macs[i]);
            arrived.inspect_err(|_| {
                println!("{:?}\n{:?}", one.port.stats(), other.port.stats());
            })?;
        }
        let received = flows[0].received + flows[1].received;
        if received != last.0 {
            last = (received, Instant::now());
        } else if last.1.elapsed() > STILL {
            bail!(
                "the loop stands still at {} of {} and {} of {} frames",
                flows[0].received,
                flows[0].count,
                flows[1].received,
                flows[1].count
            );
        }
    }
    Ok(())
}
