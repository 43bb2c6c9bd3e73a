//! The loops that are measured: one worker, one queue, one core.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use barline::{FrameBatch, MacAddress, Pool, RxQueue, TxQueue};

use super::cycles;
use super::frame::HEADER;

/// How long the device gets to send what it was given.
const FLUSH: Duration = Duration::from_millis(200);

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

impl Job {
    /// Works in bursts of up to as many frames as the batch holds until `stop`; then waits a little
    /// for what is still to be sent. Returns the TSC cycles of the bursts that moved a frame, and when
    /// all was done.
    pub fn run(&mut self, pool: &Pool, burst: usize, stop: &AtomicBool) -> (u64, Instant) {
        let mut batch = pool.batch(burst);
        let cycles = match self {
            Job::Rx(rx) => receive(rx, &mut batch, stop),
            Job::Tx { tx, header, len } => send(tx, &mut batch, header, *len, stop),
            Job::Fwd { rx, tx, mac } => forward(rx, tx, &mut batch, *mac, stop),
        };
        match self {
            Job::Rx(_) => {}
            Job::Tx { tx, .. } | Job::Fwd { tx, .. } => {
                tx.flush(pool, FLUSH);
            }
        }
        (cycles, Instant::now())
    }
}

fn receive(rx: &mut RxQueue, batch: &mut FrameBatch<'_>, stop: &AtomicBool) -> u64 {
    let mut spent = 0;
    while !stop.load(Ordering::Relaxed) {
        let start = cycles::now();
        if rx.poll(batch) > 0 {
            batch.clear();
            spent += cycles::now().wrapping_sub(start);
        }
    }
    spent
}

fn send(
    tx: &mut TxQueue,
    batch: &mut FrameBatch<'_>,
    header: &[u8; HEADER],
    len: usize,
    stop: &AtomicBool,
) -> u64 {
    let mut spent = 0;
    while !stop.load(Ordering::Relaxed) {
        let start = cycles::now();
        let mut made = 0;
        while let Some(mut packet) = batch.alloc(len) {
            // Behind the headers a buffer holds the zeros that it was born with, or headers of ours.
            if let Some(bytes) = packet.head().data().first_chunk_mut() {
                *bytes = *header;
            }
            made += 1;
        }
        // A burst that found the ring full is waiting, unless its frames were made in it.
        if tx.push(batch) + made > 0 {
            spent += cycles::now().wrapping_sub(start);
        }
    }
    spent
}

fn forward(
    rx: &mut RxQueue,
    tx: &mut TxQueue,
    batch: &mut FrameBatch<'_>,
    mac: MacAddress,
    stop: &AtomicBool,
) -> u64 {
    let mut spent = 0;
    while !stop.load(Ordering::Relaxed) {
        let start = cycles::now();
        let mut received = 0;
        // What found no room goes first: the device counts what is lost meanwhile.
        if batch.is_empty() {
            received = rx.poll(batch);
            for mut packet in batch.packets_mut() {
                turn(packet.head().data(), mac);
            }
        }
        if tx.push(batch) + received > 0 {
            spent += cycles::now().wrapping_sub(start);
        }
    }
    spent
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
