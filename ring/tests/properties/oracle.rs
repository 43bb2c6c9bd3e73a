//! What a receive ring has to make of a row of completions.

use std::collections::VecDeque;

use barline_ring::{Flags, FrameBatch, RxCounters};

use super::wire::ROOM;
use crate::model::{Chip, Report, RxDevice, WriteBack};

/// The completions that the ring has not taken, and what it has to have counted.
pub struct Oracle {
    /// Bytes of a buffer.
    data_room: usize,
    pub queue: VecDeque<WriteBack>,
    skipping: bool,
    pub packets: u64,
    bytes: u64,
    errors: u64,
    bad_length: u64,
    too_long: u64,
}

/// What is at the front of the queue.
enum Front {
    Packet(usize),
    Dropped(usize),
    Nothing,
}

impl Default for Oracle {
    fn default() -> Oracle {
        Oracle::new(ROOM)
    }
}

impl Oracle {
    /// One for a ring whose buffers hold so many bytes.
    pub fn new(data_room: usize) -> Oracle {
        Oracle {
            data_room,
            queue: VecDeque::new(),
            skipping: false,
            packets: 0,
            bytes: 0,
            errors: 0,
            bad_length: 0,
            too_long: 0,
        }
    }

    /// Takes note of what the device has done.
    pub fn learn(&mut self, device: &mut RxDevice) {
        self.queue.append(&mut device.reported);
    }

    /// Forgets the queue, as a restart does.
    pub fn restart(&mut self) {
        self.queue.clear();
        self.skipping = false;
    }

    /// Whether the ring is stopped by a completion that was never made.
    pub fn stuck(&self) -> bool {
        self.queue.iter().any(|entry| !entry.report.done)
    }

    /// Buffers that were reported and not taken.
    pub fn held(&self) -> usize {
        self.queue.iter().filter(|entry| entry.report.done).count()
    }

    /// The packets that a poll has to give to a batch of this capacity with this room.
    pub fn poll(&mut self, capacity: usize, room: usize, max_chain: usize) -> Vec<Vec<WriteBack>> {
        let mut got = Vec::new();
        let mut room = room;
        // A poll looks at nothing that it could not give out.
        while room > 0 {
            match self.front(capacity.min(max_chain), room) {
                Front::Packet(count) => {
                    let mut packet: Vec<_> = self.queue.drain(..count).collect();
                    if let [.., before, last] = &mut packet[..]
                        && last.report.len == 0
                    {
                        // An empty buffer says what is known of the packet, and is no part of it.
                        before.report = Report { len: before.report.len, ..last.report };
                        packet.pop();
                    }
                    room -= packet.len();
                    self.packets += 1;
                    self.bytes += packet.iter().map(|w| u64::from(w.report.len)).sum::<u64>();
                    got.push(packet);
                }
                Front::Dropped(count) => {
                    let last = self.queue.drain(..count).next_back().unwrap();
                    self.skipping = !last.report.end;
                }
                Front::Nothing => return got,
            }
        }
        got
    }

    fn front(&mut self, most: usize, room: usize) -> Front {
        for (i, entry) in self.queue.iter().enumerate() {
            let Report { done, end, error, len, .. } = entry.report;
            let count = i + 1;
            if !done {
                return Front::Nothing;
            }
            if self.skipping {
                return Front::Dropped(count);
            }
            let empty_end = len == 0 && end && i > 0;
            if len == 0 && !empty_end || usize::from(len) > self.data_room {
                self.bad_length += 1;
                return Front::Dropped(count);
            }
            if end && error {
                self.errors += 1;
                return Front::Dropped(count);
            }
            let frames = count - usize::from(empty_end);
            if frames > most {
                self.too_long += 1;
                return Front::Dropped(count);
            }
            if frames > room {
                return Front::Nothing;
            }
            if end {
                return Front::Packet(count);
            }
        }
        Front::Nothing
    }

    /// Fails unless the ring has counted the same.
    pub fn check(&self, counters: &RxCounters) {
        assert_eq!(counters.packets.value(), self.packets, "packets");
        assert_eq!(counters.bytes.value(), self.bytes, "bytes");
        assert_eq!(counters.errors.value(), self.errors, "errors");
        assert_eq!(counters.bad_length.value(), self.bad_length, "bad_length");
        assert_eq!(counters.too_long.value(), self.too_long, "too_long");
    }
}

/// Fails unless the packets of the batch behind its first `before` frames are the expected ones.
pub fn compare(chip: Chip, batch: &FrameBatch<'_>, before: usize, expected: &[Vec<WriteBack>]) {
    let mut seen = 0;
    let new = batch.packets().skip_while(|packet| {
        let old = seen < before;
        seen += packet.frame_count();
        old
    });
    let new: Vec<_> = new.collect();
    assert_eq!(new.len(), expected.len(), "packets");
    for (packet, expected) in new.iter().zip(expected) {
        assert_eq!(packet.frame_count(), expected.len(), "frames");
        for (frame, part) in packet.frames().zip(expected) {
            let (data, len) = (frame.data(), usize::from(part.report.len));
            assert_eq!(data.len(), len);
            let known = len.min(part.bytes.len());
            assert_eq!(data[..known], part.bytes[..known]);
        }
        // What is known of a packet stands in its last completion.
        let last = expected.last().unwrap().report;
        let more = if expected.len() > 1 { Flags::MORE } else { Flags::empty() };
        let head = packet.head();
        assert_eq!(head.flags(), last.flags(chip) | more);
        assert_eq!((head.vlan(), head.rss_hash()), (last.vlan, last.rss_hash()));
    }
}
