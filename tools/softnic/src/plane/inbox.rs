//! Frames from one process to one port: a ring of bytes in shared memory, with one writer and one reader.
//!
//! The writer puts whole frames behind the tail and shows them by one store of the tail; the reader
//! gives their room back by one store of the head. So one that is killed leaves nothing half, and one
//! that stands still stops nobody else. Positions only grow; a place is a position modulo [`SIZE`].

use std::sync::atomic::Ordering;

use super::shm::Shm;
use super::{FRAME_MAX, UPLINK};

/// Bytes for frames, as many as the 82599 has for all that it has received (datasheet 1.3): 53 of the
/// longest, or 7281 of the shortest.
pub(super) const SIZE: usize = 512 * 1024;

/// An inbox in the file.
pub(super) const LEN: usize = DATA + SIZE;

/// Where the writer is. Head and tail are apart, so that neither side's stores take the other's line.
const TAIL: usize = 0;
/// Where the reader is.
const HEAD: usize = 128;
const DATA: usize = 4096;

/// Before each frame: its length and its source, 4 bytes each.
const RECORD: usize = 8;

/// Bytes that a frame takes.
fn record_len(frame_len: usize) -> usize {
    (RECORD + frame_len).next_multiple_of(8)
}

/// The writer's end.
#[derive(Debug)]
pub(super) struct Writer {
    at: usize,
    /// Where the next frame goes.
    tail: u64,
    /// Up to where the reader may look.
    shown: u64,
    /// Where the reader was when that was looked at last: it can only be further by now.
    head: u64,
}

impl Writer {
    /// Goes on where the row's last owner stopped.
    pub(super) fn new(shm: &Shm, at: usize) -> Writer {
        let tail = shm.word(at + TAIL).load(Ordering::Acquire);
        Writer { at, tail, shown: tail, head: head(shm, at) }
    }

    /// How many frames of this length have room.
    pub(super) fn room(&self, shm: &Shm, frame_len: usize) -> usize {
        free(self.tail, head(shm, self.at)) / record_len(frame_len)
    }

    /// Adds a frame, which the reader does not see yet. False: there is no room, or it is too long.
    pub(super) fn push(&mut self, shm: &Shm, source: usize, frame: &[u8]) -> bool {
        let len = record_len(frame.len());
        if free(self.tail, self.head) < len {
            self.head = head(shm, self.at);
        }
        if frame.len() > FRAME_MAX || free(self.tail, self.head) < len {
            return false;
        }
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&(frame.len() as u32).to_ne_bytes());
        record[4..].copy_from_slice(&(source as u32).to_ne_bytes());
        self.write(shm, self.tail, &record);
        self.write(shm, self.tail.wrapping_add(RECORD as u64), frame);
        self.tail = self.tail.wrapping_add(len as u64);
        true
    }

    /// Shows the reader all that was added.
    pub(super) fn show(&mut self, shm: &Shm) {
        if self.shown != self.tail {
            shm.word(self.at + TAIL).store(self.tail, Ordering::Release);
            self.shown = self.tail;
        }
    }

    fn write(&self, shm: &Shm, position: u64, bytes: &[u8]) {
        let (place, first) = place(position, bytes.len());
        let (first, second) = bytes.split_at(first);
        shm.write(self.at + DATA + place, first);
        shm.write(self.at + DATA, second);
    }
}

/// Where the reader is. Acquire: what it has copied, it has copied before its bytes are written anew.
fn head(shm: &Shm, at: usize) -> u64 {
    shm.word(at + HEAD).load(Ordering::Acquire)
}

/// Bytes that are free. Where more are used than there can be, the head is no number of this program's,
/// and none are.
fn free(tail: u64, head: u64) -> usize {
    SIZE.saturating_sub(usize::try_from(tail.wrapping_sub(head)).unwrap_or(SIZE))
}

/// The reader's end of the inbox at `at`: hands up to `budget` frames to `each`, with their sources.
/// Returns how many it took, and whether `each` wants no more. What cannot be there is thrown away, which
/// is logged unless it `was_broken` before.
pub(super) fn take(
    shm: &Shm,
    at: usize,
    scratch: &mut [u8; FRAME_MAX],
    budget: usize,
    was_broken: &mut bool,
    each: &mut impl FnMut(usize, &[u8]) -> bool,
) -> (usize, bool) {
    // Acquire: what was written before it was shown.
    let tail = shm.word(at + TAIL).load(Ordering::Acquire);
    let start = shm.word(at + HEAD).load(Ordering::Relaxed);
    let (mut head, mut taken, mut enough) = (start, 0, false);
    while head != tail && taken < budget {
        let Some((source, len)) = record(shm, at, head, tail) else {
            if !std::mem::replace(was_broken, true) {
                tracing::warn!("an inbox of the shared adapter held no frames; it was emptied");
            }
            head = tail;
            break;
        };
        read(shm, at, head.wrapping_add(RECORD as u64), &mut scratch[..len]);
        if !each(source, &scratch[..len]) {
            enough = true;
            break;
        }
        taken += 1;
        head = head.wrapping_add(record_len(len) as u64);
    }
    if head != start {
        // Release: everything was copied before the writer may use its room.
        shm.word(at + HEAD).store(head, Ordering::Release);
    }
    (taken, enough)
}

/// Throws away what is in the inbox at `at`; for its reader.
pub(super) fn discard(shm: &Shm, at: usize) {
    let tail = shm.word(at + TAIL).load(Ordering::Acquire);
    shm.word(at + HEAD).store(tail, Ordering::Release);
}

/// Source and length of the frame at `head`, if one can be there.
fn record(shm: &Shm, at: usize, head: u64, tail: u64) -> Option<(usize, usize)> {
    let used = usize::try_from(tail.wrapping_sub(head)).ok().filter(|used| *used <= SIZE)?;
    let mut record = [0; RECORD];
    if used < RECORD {
        return None;
    }
    read(shm, at, head, &mut record);
    let [len, source] =
        [0, 4].map(|i| u32::from_ne_bytes([0, 1, 2, 3].map(|j| record[i + j])) as usize);
    (len <= FRAME_MAX && record_len(len) <= used && source <= UPLINK).then_some((source, len))
}

fn read(shm: &Shm, at: usize, position: u64, into: &mut [u8]) {
    let (place, first) = place(position, into.len());
    let (first, second) = into.split_at_mut(first);
    shm.read(at + DATA + place, first);
    shm.read(at + DATA, second);
}

/// Where a position is, and how many of `len` bytes are in front of the ring's end.
fn place(position: u64, len: usize) -> (usize, usize) {
    let place = (position % SIZE as u64) as usize;
    (place, len.min(SIZE - place))
}
