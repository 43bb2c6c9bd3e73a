//! The receive queue of the model.

use std::collections::VecDeque;

use super::{Chip, Ledger, Owner, Region, Register, Report};

/// One buffer's worth of a packet on its way to the host, and what the device says of it.
#[derive(Clone, Debug)]
pub struct Fragment {
    /// Bytes that are written to the buffer.
    pub bytes: Vec<u8>,
    /// What is written to the descriptor, true or not.
    pub words: [u64; 2],
}

/// A completion as the host can read it, for whoever wants to know what has to come out.
#[derive(Clone, Debug)]
pub struct WriteBack {
    /// What the descriptor says.
    pub report: Report,
    /// What the device wrote to the buffer.
    pub bytes: Vec<u8>,
}

/// A receive queue.
pub struct RxDevice {
    chip: Chip,
    ring: Region,
    buffers: Region,
    ledger: Ledger,
    tail: Register,
    /// The driver's ring was released.
    pub released: bool,
    len: u32,
    headroom: u64,
    data_room: usize,
    fetched: u32,
    armed: VecDeque<(u32, u64)>,
    /// Descriptors whose buffers were written and never reported.
    silent: VecDeque<(u32, u64)>,
    wire: VecDeque<Fragment>,
    /// Completions that nobody has taken note of.
    pub reported: VecDeque<WriteBack>,
    /// Buffers ever shown to the device.
    pub shown: u64,
}

impl RxDevice {
    /// An empty queue.
    pub fn new(
        chip: Chip,
        ring: Region,
        len: usize,
        tail: Register,
        (buffers, ledger): (Region, Ledger),
        (headroom, data_room): (usize, usize),
    ) -> RxDevice {
        RxDevice {
            chip,
            ring,
            buffers,
            ledger,
            tail,
            released: false,
            len: len as u32,
            headroom: headroom as u64,
            data_room,
            fetched: 0,
            armed: VecDeque::new(),
            silent: VecDeque::new(),
            wire: VecDeque::new(),
            reported: VecDeque::new(),
            shown: 0,
        }
    }

    /// Reads the descriptors up to the tail, as prefetching does.
    pub fn fetch(&mut self) {
        let tail = self.tail.value();
        assert!(tail < self.len, "tail {tail} is outside the ring");
        while self.fetched != tail {
            let [iova, second] = self.ring.load(self.fetched);
            // Bit 0 of the first word is NSE, not part of the address; bit 0 of the second is where
            // DD will stand.
            assert_eq!(iova & 1, 0, "an odd buffer address");
            assert_eq!(second, 0, "a header buffer, or a stale write-back");
            let ledger = &self.ledger;
            let offset = ledger.pass(iova, self.data_room, Owner::Host, Owner::Receive);
            assert_eq!(offset, self.headroom, "headroom");
            self.armed.push_back((self.fetched, iova));
            self.fetched = (self.fetched + 1) % self.len;
            self.shown += 1;
        }
    }

    /// Cuts a packet into fragments that tell the truth; the last carries `report`.
    pub fn cut(&self, bytes: &[u8], report: &Report) -> Vec<Fragment> {
        let parts = bytes.chunks(self.data_room);
        let last = parts.len() - 1;
        let fragment = |(i, part): (usize, &[u8])| {
            let report = if i == last {
                Report { len: part.len() as u16, ..*report }
            } else {
                Report::good(part.len(), false)
            };
            Fragment { bytes: part.to_vec(), words: self.chip.write_back(&report) }
        };
        parts.enumerate().map(fragment).collect()
    }

    /// Ends a packet with an empty buffer: the device had moved on to it for the CRC.
    pub fn end_empty(&self, fragments: &mut Vec<Fragment>) {
        let last = fragments.last_mut().unwrap();
        let report = self.chip.parse(last.words);
        last.words = self.chip.write_back(&Report::good(usize::from(report.len), false));
        let words = self.chip.write_back(&Report { len: 0, ..report });
        fragments.push(Fragment { bytes: Vec::new(), words });
    }

    /// Puts fragments on the wire.
    pub fn send(&mut self, fragments: impl IntoIterator<Item = Fragment>) {
        self.wire.extend(fragments);
    }

    /// Puts a good packet of these bytes on the wire.
    pub fn send_packet(&mut self, bytes: &[u8]) {
        let fragments = self.cut(bytes, &Report::good(0, true));
        self.send(fragments);
    }

    /// Fragments on the wire.
    pub fn waiting(&self) -> usize {
        self.wire.len()
    }

    /// Receives up to `max` fragments into armed buffers; returns how many.
    pub fn step(&mut self, max: usize) -> usize {
        self.fetch();
        let count = max.min(self.wire.len()).min(self.armed.len());
        for _ in 0..count {
            let (slot, iova) = self.armed.pop_front().unwrap();
            let Fragment { bytes, words } = self.wire.pop_front().unwrap();
            assert!(bytes.len() <= self.data_room);
            self.buffers.write(iova, &bytes);
            let report = self.chip.parse(words);
            if report.done {
                self.ledger.pass(iova, 0, Owner::Receive, Owner::Host);
            } else {
                self.silent.push_back((slot, iova));
            }
            self.ring.store(slot, words);
            self.reported.push_back(WriteBack { report, bytes });
        }
        count
    }

    /// Receives the same packet of one buffer `count` times: as little work as it takes, for
    /// benchmarks.
    pub fn burst(&mut self, bytes: &[u8], report: &Report, count: usize) {
        self.fetch();
        let words = self.chip.write_back(&Report { len: bytes.len() as u16, ..*report });
        for _ in 0..count {
            let (slot, iova) = self.armed.pop_front().expect("armed buffers");
            self.buffers.write(iova, bytes);
            self.ledger.pass(iova, 0, Owner::Receive, Owner::Host);
            self.ring.store(slot, words);
        }
    }

    /// Overwrites any descriptor with anything. A buffer that the host may take for received now is
    /// not written any more: that much a device is trusted with.
    pub fn scribble(&mut self, slot: u32, words: [u64; 2]) {
        self.fetch();
        let slot = slot % self.len;
        for written in [&mut self.armed, &mut self.silent] {
            if self.chip.parse(words).done
                && let Some(at) = written.iter().position(|&(armed, _)| armed == slot)
            {
                let (_, iova) = written.remove(at).unwrap();
                self.ledger.pass(iova, 0, Owner::Receive, Owner::Host);
            }
        }
        self.ring.store(slot, words);
    }

    /// What stands in the ring.
    pub fn memory(&self) -> Vec<[u64; 2]> {
        (0..self.len).map(|slot| self.ring.load(slot)).collect()
    }

    /// The tail as it was written last.
    pub fn tail(&self) -> u32 {
        self.tail.value()
    }

    /// Switches the queue off: nothing is touched any more, and the head and tail are 0 again.
    pub fn stop(&mut self) {
        self.fetch();
        for (_, iova) in self.armed.drain(..).chain(self.silent.drain(..)) {
            self.ledger.pass(iova, 0, Owner::Receive, Owner::Host);
        }
        self.tail.reset();
        self.fetched = 0;
        self.wire.clear();
        self.reported.clear();
    }
}

impl Drop for RxDevice {
    fn drop(&mut self) {
        if !self.released {
            self.ring.keep_for_ever();
        }
    }
}
