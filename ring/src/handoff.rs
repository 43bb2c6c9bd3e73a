//! Frames from one worker to another.
//!
//! One producer, one consumer, in bursts: [`rtrb`]'s ring, whose slices cost under a nanosecond a
//! frame across cores where a shared queue costs thirty. What is added here is that packets stay
//! whole, that arenas do not mix, and that no frame is lost when either end goes away first.

use std::sync::Arc;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::batch::chain_len;
use crate::frame::Frame;
use crate::sync::{Mutex, lock};
use crate::{Arena, FrameBatch};

/// A hand-off for up to `capacity` frames (at least 1) of `arena` on their way between two workers.
pub fn handoff(arena: &Arena, capacity: usize) -> (FrameSender, FrameReceiver) {
    let (producer, consumer) = RingBuffer::new(capacity.clamp(1, arena.total()));
    let shared = Arc::new(Shared { arena: arena.clone(), ends: Mutex::new(Ends::default()) });
    let sender = FrameSender { producer, shared: shared.clone() };
    (sender, FrameReceiver { consumer: Some(consumer), too_long: 0, shared })
}

/// What both ends know. Only their drops lock it.
#[derive(Debug)]
struct Shared {
    arena: Arena,
    ends: Mutex<Ends>,
}

/// Who is gone. The end that goes last frees what is left, since the other may still add to it.
#[derive(Debug, Default)]
struct Ends {
    sender_gone: bool,
    orphaned: Option<Consumer<Frame>>,
}

impl Shared {
    /// Frees what is left in the queue, to which nothing is added any more.
    fn drain(&self, mut consumer: Consumer<Frame>) {
        while let Ok(frame) = consumer.pop() {
            self.arena.give([frame.index]);
        }
    }
}

/// The end that frames go into.
#[derive(Debug)]
pub struct FrameSender {
    producer: Producer<Frame>,
    shared: Arc<Shared>,
}

impl FrameSender {
    /// Moves packets from the front of `batch` into the hand-off, as many as fit; returns how many
    /// frames. A packet of more frames than the hand-off holds never fits.
    ///
    /// # Panics
    /// The batch belongs to another arena.
    #[inline]
    pub fn send(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        batch.check_arena(&self.shared.arena);
        let count = whole_packets(batch.raw(), self.producer.slots());
        let Ok(chunk) = self.producer.write_chunk_uninit(count) else {
            return 0;
        };
        let sent = chunk.fill_from_iter(batch.raw()[..count].iter().copied());
        batch.raw_mut().remove_front(sent);
        sent
    }

    /// Whether the other end is gone: what is sent then is freed when this end goes too.
    pub fn is_abandoned(&self) -> bool {
        lock(&self.shared.ends).orphaned.is_some()
    }
}

impl Drop for FrameSender {
    fn drop(&mut self) {
        let orphaned = {
            let mut ends = lock(&self.shared.ends);
            ends.sender_gone = true;
            ends.orphaned.take()
        };
        if let Some(consumer) = orphaned {
            self.shared.drain(consumer);
        }
    }
}

/// The end that frames come out of.
#[derive(Debug)]
pub struct FrameReceiver {
    /// There until it is dropped.
    consumer: Option<Consumer<Frame>>,
    too_long: u64,
    shared: Arc<Shared>,
}

impl FrameReceiver {
    /// Moves packets from the hand-off to the end of `batch`, as many as are there and fit; returns
    /// how many frames. A packet of more frames than the batch's capacity would never fit: it is
    /// dropped and counted, as [`RxRing::poll`](crate::RxRing::poll) does.
    ///
    /// # Panics
    /// The batch belongs to another arena.
    #[inline]
    pub fn recv(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        batch.check_arena(&self.shared.arena);
        loop {
            let count = self.take(batch);
            if count > 0 || batch.room() == 0 || !self.drop_too_long(batch) {
                return count;
            }
        }
    }

    /// Packets dropped since they had more frames than the capacity of a batch.
    pub fn too_long(&self) -> u64 {
        self.too_long
    }

    #[inline]
    fn take(&mut self, batch: &mut FrameBatch<'_>) -> usize {
        let Some(consumer) = &mut self.consumer else {
            return 0;
        };
        let Ok(chunk) = consumer.read_chunk(consumer.slots()) else {
            return 0;
        };
        let room = batch.room();
        let start = batch.len();
        let to = batch.raw_mut();
        let (head, tail) = chunk.as_slices();
        to.extend(head.iter().chain(tail).take(room).copied());
        // Packets were put in whole, so only the room can cut one.
        let count = whole_packets(&to[start..], room);
        to.truncate(start + count);
        chunk.commit(count);
        count
    }

    /// Drops the next packet if it is longer than the batch can ever hold; says whether it did.
    fn drop_too_long(&mut self, batch: &FrameBatch<'_>) -> bool {
        let Some(consumer) = &mut self.consumer else {
            return false;
        };
        let Ok(chunk) = consumer.read_chunk(consumer.slots()) else {
            return false;
        };
        let (head, tail) = chunk.as_slices();
        let more = |frame: &&Frame| frame.flags.contains(crate::Flags::MORE);
        let frames = || head.iter().chain(tail);
        let count = frames().take_while(more).count() + 1;
        if head.is_empty() || count <= batch.capacity() {
            return false;
        }
        frames().take(count).for_each(|frame| batch.pool().put(&[frame.index]));
        chunk.commit(count);
        self.too_long += 1;
        true
    }

    /// Whether the other end is gone; frames may be left.
    pub fn is_abandoned(&self) -> bool {
        lock(&self.shared.ends).sender_gone
    }
}

impl Drop for FrameReceiver {
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else {
            return;
        };
        let mut ends = lock(&self.shared.ends);
        if ends.sender_gone {
            drop(ends);
            self.shared.drain(consumer);
        } else {
            ends.orphaned = Some(consumer);
        }
    }
}

/// Frames of the whole packets at the front of `frames` that fit into `room`.
#[inline]
fn whole_packets(frames: &[Frame], room: usize) -> usize {
    if frames.len() <= room
        && frames.last().is_none_or(|frame| !frame.flags.contains(crate::Flags::MORE))
    {
        return frames.len();
    }
    let mut end = 0;
    while end < frames.len() {
        let next = end + chain_len(&frames[end..]);
        let cut = frames[next - 1].flags.contains(crate::Flags::MORE);
        if next > room || cut {
            break;
        }
        end = next;
    }
    end
}
