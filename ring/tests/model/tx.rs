//! The transmit queue of the model.

use std::collections::VecDeque;

use super::offload::execute;
use super::work::{Context, Options, TxData, TxWork};
use super::{Chip, Ledger, Owner, Region, Register};

/// A packet that went out; one that was cut into segments went out as several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The tag that was inserted.
    pub vlan: Option<u16>,
    /// Buffers that it came from.
    pub buffers: Vec<u64>,
    /// A part of it was reported as done before it was read: the bytes may be anything.
    pub early: bool,
}

/// A transmit queue.
pub struct TxDevice {
    chip: Chip,
    ring: Region,
    buffers: Region,
    ledger: Ledger,
    tail: Register,
    /// The driver's ring was released.
    pub released: bool,
    len: u32,
    fetched: u32,
    queue: VecDeque<Queued>,
    /// Buffers read and not reported.
    unreported: Vec<u64>,
    /// The contexts that were set up.
    context: [Option<Context>; 2],
    packet: Sent,
    options: Options,
    /// Packets that went out, less what the test has taken.
    pub sent: Vec<Sent>,
    /// Context descriptors executed, less what the test has taken.
    pub contexts: Vec<Context>,
    /// Descriptors as they were read, less what the test has taken.
    pub words: Vec<[u64; 2]>,
    /// Reports written.
    pub reports: u64,
    /// Whether it reports at all.
    pub reporting: bool,
}

struct Queued {
    slot: u32,
    work: TxWork,
    /// Reported before it was read: the host may have done anything to it since.
    early: bool,
}

impl TxDevice {
    /// An empty queue.
    pub fn new(
        chip: Chip,
        ring: Region,
        len: usize,
        tail: Register,
        (buffers, ledger): (Region, Ledger),
    ) -> TxDevice {
        TxDevice {
            chip,
            ring,
            buffers,
            ledger,
            tail,
            released: false,
            len: len as u32,
            fetched: 0,
            queue: VecDeque::new(),
            unreported: Vec::new(),
            context: [None; 2],
            packet: Sent::default(),
            options: Options::default(),
            sent: Vec::new(),
            contexts: Vec::new(),
            words: Vec::new(),
            reports: 0,
            reporting: true,
        }
    }

    /// Reads the descriptors up to the tail.
    pub fn fetch(&mut self) {
        let tail = self.tail.value();
        assert!(tail < self.len, "tail {tail} is outside the ring");
        while self.fetched != tail {
            let words = self.ring.load(self.fetched);
            self.words.push(words);
            let work = self.chip.transmit(words);
            if let TxWork::Data(TxData { iova, len, .. }) = work {
                assert!(len > 0, "a descriptor of no bytes");
                self.ledger.pass(iova, usize::from(len), Owner::Host, Owner::Transmit);
            }
            self.queue.push_back(Queued { slot: self.fetched, work, early: false });
            self.fetched = (self.fetched + 1) % self.len;
        }
    }

    /// Descriptors shown to the device and not executed.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Executes up to `max` descriptors; returns how many.
    pub fn step(&mut self, max: usize) -> usize {
        self.fetch();
        let count = max.min(self.queue.len());
        for _ in 0..count {
            let Queued { slot, work, early } = self.queue.pop_front().unwrap();
            match work {
                TxWork::Context(context) => {
                    self.context[context.index] = Some(context);
                    self.contexts.push(context);
                }
                TxWork::Data(data) => self.gather(slot, data, early),
            }
        }
        count
    }

    /// Reports everything without reading a byte of it: as little work as it takes, for benchmarks.
    pub fn swallow(&mut self) {
        self.fetch();
        self.words.clear();
        for Queued { slot, work, .. } in self.queue.drain(..) {
            let TxWork::Data(data) = work else { continue };
            self.ledger.pass(data.iova, 0, Owner::Transmit, Owner::Host);
            if data.report {
                self.ring.store(slot, self.chip.transmitted());
            }
        }
    }

    fn gather(&mut self, slot: u32, data: TxData, early: bool) {
        let start = self.packet.bytes.len();
        self.packet.bytes.resize(start + usize::from(data.len), 0);
        self.buffers.read(data.iova, &mut self.packet.bytes[start..]);
        self.packet.buffers.push(data.iova);
        if start == 0 {
            self.options = data.options;
            self.packet.vlan = data.options.vlan.then(|| self.context().tag);
        }
        assert_eq!(data.options, self.options, "options change inside a packet");
        self.packet.early |= early;
        if !early {
            self.unreported.push(data.iova);
        }
        if data.end {
            self.finish();
        }
        if data.report {
            assert!(data.end, "RS inside a packet");
            if self.reporting && !early {
                for iova in self.unreported.drain(..) {
                    self.ledger.pass(iova, 0, Owner::Transmit, Owner::Host);
                }
                self.ring.store(slot, self.chip.transmitted());
                self.reports += 1;
            }
        }
    }

    /// The context of the packet at hand.
    fn context(&self) -> Context {
        self.context[self.options.index].expect("a context, set up before it is needed")
    }

    /// Sends the packet at hand.
    fn finish(&mut self) {
        let packet = std::mem::take(&mut self.packet);
        // With CC every packet uses its context, to tell where its headers are.
        let needed = self.chip.is_ten_gigabit() || self.options.any();
        let context = needed.then(|| self.context());
        let parts = if packet.early {
            vec![packet.bytes.clone()]
        } else {
            execute(&packet.bytes, context.as_ref(), &self.options)
        };
        self.sent.extend(parts.into_iter().map(|bytes| Sent { bytes, ..packet.clone() }));
    }

    /// Lies: reports everything that was asked for before reading any of it.
    pub fn report_early(&mut self) {
        self.fetch();
        let Some(last) = self
            .queue
            .iter()
            .rposition(|queued| matches!(queued.work, TxWork::Data(data) if data.report))
        else {
            return;
        };
        for iova in self.unreported.drain(..) {
            self.ledger.pass(iova, 0, Owner::Transmit, Owner::Host);
        }
        for queued in self.queue.range_mut(..=last) {
            let TxWork::Data(data) = queued.work else {
                continue;
            };
            if queued.early {
                continue;
            }
            queued.early = true;
            self.ledger.pass(data.iova, 0, Owner::Transmit, Owner::Host);
            if data.report {
                self.ring.store(queued.slot, self.chip.transmitted());
                self.reports += 1;
            }
        }
    }

    /// Lies: overwrites any descriptor that it has read with anything that does not say done.
    pub fn scribble(&mut self, slot: u32, [first, second]: [u64; 2]) {
        self.fetch();
        let slot = slot % self.len;
        self.ring.store(slot, [first, second & !(1 << 32)]);
    }

    /// The tail as it was written last.
    pub fn tail(&self) -> u32 {
        self.tail.value()
    }

    /// Switches the queue off.
    pub fn stop(&mut self) {
        self.fetch();
        let queued = self.queue.drain(..).filter(|queued| !queued.early).filter_map(|queued| {
            match queued.work {
                TxWork::Data(data) => Some(data.iova),
                TxWork::Context(_) => None,
            }
        });
        for iova in self.unreported.drain(..).chain(queued) {
            self.ledger.pass(iova, 0, Owner::Transmit, Owner::Host);
        }
        self.packet = Sent::default();
        self.tail.reset();
        self.fetched = 0;
        self.context = [None; 2];
    }
}

impl Drop for TxDevice {
    fn drop(&mut self) {
        if !self.released {
            self.ring.keep_for_ever();
        }
    }
}
