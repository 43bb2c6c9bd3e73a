//! The loops that are measured: one worker, one queue, one core.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use barline::{FrameBatch, MacAddress, Pool, RxQueue, TxQueue};
use barline_device::Adapter;

use super::frame::HEADER;
use super::meter::{Lap, Meter};
use super::settings::Settings;
use super::soft::Soft;

/// How often to look whether the device has sent what it was given.
const LOOK: Duration = Duration::from_micros(100);

/// Looks in a row at which it has sent nothing before the rest is given up: a second or more.
const LOOKS: u32 = 10_000;

/// What a worker does that has nothing to do.
#[derive(Clone, Debug)]
pub enum Wait {
    /// Polls again.
    Spin,
    /// Leaves the core to the adapter's thread, which may have no other.
    Yield,
    /// Moves the adapter, which nobody else does.
    Step(Adapter),
}

impl Wait {
    /// As the device demands.
    pub fn new(settings: &Settings, soft: Option<&Soft>) -> Wait {
        match soft.and_then(Soft::to_step) {
            Some(adapter) => Wait::Step(adapter),
            None if settings.cores.shared => Wait::Yield,
            None => Wait::Spin,
        }
    }

    /// Waits once.
    #[inline]
    pub fn once(&self) {
        match self {
            Wait::Spin => {}
            Wait::Yield => thread::yield_now(),
            Wait::Step(adapter) => {
                adapter.step();
            }
        }
    }
}

/// What a worker does, with the queues that it needs for it.
pub enum Job {
    /// Receives, and drops what comes.
    Rx(RxQueue),
    /// Sends frames of `len` bytes that begin with `header`.
    Tx {
        /// The queue.
        tx: TxQueue,
        /// The first bytes; zeros follow.
        header: [u8; HEADER],
        /// Bytes, without FCS.
        len: usize,
    },
    /// Sends back what comes.
    Fwd {
        /// Where it comes from.
        rx: RxQueue,
        /// Where it goes.
        tx: TxQueue,
        /// The port's address.
        mac: MacAddress,
    },
}

/// What every loop needs.
struct Loop<'w> {
    batch: FrameBatch<'w>,
    wait: &'w Wait,
    lap: Lap<'w>,
    done: &'w AtomicBool,
}

impl Job {
    /// Works in bursts of up to as many frames as `burst` says until `done`; then waits until what it
    /// gave to the device is sent. Returns when that was.
    pub fn run(
        &mut self,
        pool: &Pool,
        burst: usize,
        wait: &Wait,
        meter: &Meter,
        done: &AtomicBool,
    ) -> Instant {
        let work = Loop { batch: pool.batch(burst), wait, lap: Lap::start(meter), done };
        match self {
            Job::Rx(rx) => work.receive(rx),
            Job::Tx { tx, header, len } => {
                work.send(tx, header, *len);
                flush(tx, pool, wait);
            }
            Job::Fwd { rx, tx, mac } => {
                work.forward(rx, tx, *mac);
                flush(tx, pool, wait);
            }
        }
        Instant::now()
    }
}

impl Loop<'_> {
    /// Ends a burst; false when it was the last one.
    #[inline(always)]
    fn next(&mut self, worked: bool, frames: usize) -> bool {
        if !worked {
            self.wait.once();
        }
        self.lap.burst(worked, frames);
        !self.done.load(Ordering::Relaxed)
    }

    fn receive(mut self, rx: &mut RxQueue) {
        loop {
            let received = rx.poll(&mut self.batch);
            self.batch.clear();
            if !self.next(received > 0, received) {
                return;
            }
        }
    }

    fn send(mut self, tx: &mut TxQueue, header: &[u8; HEADER], len: usize) {
        loop {
            let room = self.batch.room();
            let made = self.batch.alloc_many(len, room);
            if made > 0 {
                // Behind the headers a buffer holds the zeros that it was born with, or headers of
                // ours.
                for mut packet in self.batch.packets_mut() {
                    if let Some(bytes) = packet.head().data().first_chunk_mut() {
                        *bytes = *header;
                    }
                }
            }
            let sent = tx.push(&mut self.batch);
            // A burst that found the ring full is waiting, unless its frames were made in it.
            if !self.next(made + sent > 0, sent) {
                return;
            }
        }
    }

    fn forward(mut self, rx: &mut RxQueue, tx: &mut TxQueue, mac: MacAddress) {
        loop {
            let mut received = 0;
            // What found no room goes first: the device counts what is lost meanwhile.
            if self.batch.is_empty() {
                received = rx.poll(&mut self.batch);
                for mut packet in self.batch.packets_mut() {
                    turn(packet.head().data(), mac);
                }
            }
            let sent = tx.push(&mut self.batch);
            if !self.next(received + sent > 0, sent) {
                return;
            }
        }
    }
}

/// Waits until all that the device was given is sent, for as long as it goes on.
fn flush(tx: &mut TxQueue, pool: &Pool, wait: &Wait) {
    let mut looks = 0;
    while tx.pending() > 0 && looks < LOOKS {
        wait.once();
        if tx.reap(pool) > 0 {
            looks = 0;
        } else {
            looks += 1;
            thread::sleep(LOOK);
        }
    }
}

/// Swaps the addresses of a frame; one that was for a group comes from `mac` then, since no frame
/// comes from a group.
#[inline]
fn turn(frame: &mut [u8], mac: MacAddress) {
    if let Some(addresses) = frame.first_chunk_mut::<12>() {
        addresses.rotate_left(6);
        if addresses[6] & 1 != 0 {
            addresses[6..].copy_from_slice(&mac.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_swapped_and_a_group_sends_nothing() {
        let mac = MacAddress([2, 0, 0, 0, 0, 9]);
        let mut frame = *b"\x02BCDEF\x04bcdef..";
        turn(&mut frame, mac);
        assert_eq!(&frame, b"\x04bcdef\x02BCDEF..");
        let mut frame = *b"\xff\xff\xff\xff\xff\xff\x04bcdef";
        turn(&mut frame, mac);
        assert_eq!(&frame, b"\x04bcdef\x02\0\0\0\0\x09");
        turn(&mut [1; 11], mac);
    }
}
