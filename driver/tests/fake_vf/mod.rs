//! An 82576 VF in plain memory, with the PF's side of its mailbox, which misbehaves when told to.
//!
//! It shares no constant with the driver: registers and bits are from the 82576 datasheet and from
//! what Linux's igb does.

mod pf;
mod queue;
mod space;
mod trouble;
mod wire;

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

pub use pf::Pf;
pub use pf::{
    ACKED, CTS, NACKED, PING, RESET, SET_LPE, SET_MAC, SET_MULTICAST, SET_PROMISC, SET_VLAN,
};
pub use queue::Queue;
pub use space::Space;
pub use trouble::Trouble;
pub use wire::Wire;

const WORDS: usize = 4096;
const QUEUES: usize = 2;

const STATUS: usize = 0x8;
const RDT: usize = 0x2818;
const TDT: usize = 0x3818;

/// STATUS: link up at 1000 Mbit/s, full duplex.
const LINK_UP: u32 = 0x83;

/// The device; cloning gives another handle.
#[derive(Clone, Debug)]
pub struct FakeVf(Arc<State>);

#[derive(Debug)]
pub struct State {
    name: String,
    /// Where the driver writes tails without a call; the other registers are in the model.
    registers: Box<[AtomicU32]>,
    model: Mutex<Model>,
    pub trouble: Arc<Trouble>,
    pub space: Arc<Space>,
}

/// What the device is at, and how it behaves.
#[derive(Debug, Default)]
pub struct Model {
    pub pf: Pf,
    pub rx: [Queue; QUEUES],
    pub tx: [Queue; QUEUES],
    pub bus_master: bool,
    pub vectors: Vec<OwnedFd>,
    pub request: Option<OwnedFd>,
    pub error: Option<OwnedFd>,
    /// Interrupts that are on.
    pub interrupts: u32,
    pub link: u32,
    /// GPRC, GPTC, GORC, GOTC, MPRC.
    pub counters: [u32; 5],
    pub dropped: u32,
    /// Frames on their way to the VF.
    pub incoming: VecDeque<Vec<u8>>,
    pub sent: Vec<Vec<u8>>,
    /// What was not put to rest when a transport was dropped.
    pub left: Vec<String>,

    pub device_id: u16,
    pub subsystem: u16,
    pub bar: u64,
    pub vector_count: u16,
    pub has_notices: bool,
    /// All registers read all ones.
    pub gone: bool,
    /// The device goes after so many more register reads.
    pub gone_after: Option<usize>,
    /// The next register access panics.
    pub panics: bool,
    pub never_on: bool,
    pub never_off: bool,
    /// The device does nothing with its queues.
    pub hangs: bool,
    pub reads: usize,
}

impl FakeVf {
    pub fn new(name: &str) -> FakeVf {
        let trouble = Arc::new(Trouble::new(name));
        let mut model = Model {
            link: LINK_UP,
            device_id: 0x10ca,
            bar: 0x4000,
            vector_count: 3,
            has_notices: true,
            ..Model::default()
        };
        model.pf.assigned = [0x02, 0, 0, 0, 0, 0x11];
        FakeVf(Arc::new(State {
            name: name.to_string(),
            registers: (0..WORDS).map(|_| AtomicU32::new(0)).collect(),
            model: Mutex::new(model),
            space: Arc::new(Space::new(trouble.clone())),
            trouble,
        }))
    }

    /// A transport to the device, as opening it gives.
    pub fn transport(&self) -> Arc<Wire> {
        Arc::new(Wire(self.0.clone()))
    }

    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.0.lock()
    }

    pub fn trouble(&self) -> &Trouble {
        &self.0.trouble
    }

    pub fn space(&self) -> &Space {
        &self.0.space
    }

    /// Lets the device work on its queues once.
    pub fn step(&self) {
        let State { registers, space, .. } = &*self.0;
        let tail =
            |first: usize, n: usize| registers[(first + 0x100 * n) / 4].load(Ordering::Acquire);
        let mut guard = self.model();
        let model = &mut *guard;
        if model.gone || model.hangs || !model.bus_master {
            return;
        }
        for n in 0..QUEUES {
            model.tx[n].tail = tail(TDT, n);
            while let Some(frame) = model.tx[n].transmit(space) {
                model.counters[1] = model.counters[1].wrapping_add(1);
                model.counters[3] = model.counters[3].wrapping_add(frame.len() as u32 + 4);
                model.sent.push(frame);
            }
            model.rx[n].tail = tail(RDT, n);
        }
        while let Some(frame) = model.incoming.pop_front() {
            model.counters[0] = model.counters[0].wrapping_add(1);
            model.counters[2] = model.counters[2].wrapping_add(frame.len() as u32 + 4);
            if !model.rx[0].receive(space, &frame) {
                model.dropped += 1;
            }
            model.interrupt(1);
        }
    }

    /// The PF resets itself: the VF's queues and interrupts are off, its counters start again.
    pub fn begin_pf_reset(&self) {
        let mut model = self.model();
        model.pf.begin_reset();
        model.counters = [0; 5];
        model.reset();
        model.interrupt(0);
    }

    pub fn end_pf_reset(&self) {
        let mut model = self.model();
        model.pf.end_reset();
        model.interrupt(0);
    }

    /// The PF says something on its own.
    pub fn say(&self, word: u32) {
        let mut model = self.model();
        model.pf.say(word);
        model.interrupt(0);
    }

    /// The kernel wants the device back.
    pub fn notify_request(&self) {
        self.model().request.iter().for_each(wire::signal);
    }

    /// The device reports an error.
    pub fn notify_error(&self) {
        self.model().error.iter().for_each(wire::signal);
    }

    /// Whether the device is as nobody had used it: off, not connected, nothing mapped.
    pub fn assert_at_rest(&self) {
        let model = self.model();
        assert_eq!(model.left, Vec::<String>::new(), "{}", self.name());
        assert!(model.vectors.is_empty() && model.request.is_none() && model.error.is_none());
        assert!(!model.bus_master);
        drop(model);
        assert_eq!(self.space().mappings(), 0, "{}: memory stays mapped", self.name());
        assert_eq!(self.space().faults(), 0, "{}: memory was missed", self.name());
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Model {
    fn interrupt(&mut self, vector: usize) {
        if self.interrupts & 1 << vector == 0 {
            return;
        }
        if vector > 0 {
            // Masks itself.
            self.interrupts &= !(1 << vector);
        }
        if let Some(fd) = self.vectors.get(vector) {
            wire::signal(fd);
        }
    }

    /// What CTRL.RST does.
    fn reset(&mut self) {
        if !self.never_off {
            self.rx = Default::default();
            self.tx = Default::default();
        }
        self.interrupts = 0;
    }

    fn read(&mut self, words: &[AtomicU32], offset: usize) -> u32 {
        self.reads += 1;
        assert!(!std::mem::take(&mut self.panics), "the model was told to panic");
        if let Some(left) = &mut self.gone_after {
            self.gone |= *left == 0;
            *left = left.saturating_sub(1);
        }
        if self.gone {
            return u32::MAX;
        }
        let queue = offset >> 8 & 1;
        match offset {
            STATUS => self.link,
            0xc40 => self.pf.read(),
            0x800..0x840 => self.pf.words[(offset - 0x800) / 4],
            0xf10 => self.counters[0],
            0xf14 => self.counters[1],
            0xf18 => self.counters[2],
            0xf34 => self.counters[3],
            0xf3c => self.counters[4],
            0x2830 => std::mem::take(&mut self.dropped),
            0x2828 | 0x2928 => self.rx[queue].control(words, offset),
            0x3828 | 0x3928 => self.tx[queue].control(words, offset),
            0x2810 | 0x2910 => self.rx[queue].head,
            0x3810 | 0x3910 => self.tx[queue].head,
            _ => words[offset / 4].load(Ordering::Relaxed),
        }
    }

    fn write(&mut self, words: &[AtomicU32], offset: usize, value: u32) {
        if self.gone {
            return;
        }
        words[offset / 4].store(value, Ordering::Release);
        let receives = offset & 0xf000 == 0x2000;
        let number = offset >> 8 & 1;
        let (never_on, never_off) = (self.never_on, self.never_off);
        let queue = if receives { &mut self.rx[number] } else { &mut self.tx[number] };
        match offset {
            0x0 if value & 1 << 26 != 0 => {
                words[0].store(value & !(1 << 26), Ordering::Relaxed);
                self.reset();
                self.pf.forget();
            }
            0xc40 => {
                self.pf.write(value);
                self.interrupt(0);
            }
            0x800..0x840 => self.pf.words[(offset - 0x800) / 4] = value,
            0x1524 => self.interrupts |= value,
            0x1528 => self.interrupts &= !value,
            _ if !(0x2800..0x2a00).contains(&offset) && !(0x3800..0x3a00).contains(&offset) => {}
            _ => match offset & 0xff {
                0x00 => queue.base = queue.base & !0xffff_ffff | u64::from(value),
                0x04 => queue.base = queue.base & 0xffff_ffff | u64::from(value) << 32,
                0x08 => queue.len = value.into(),
                0x0c => queue.buffer = (value as usize & 0x7f) << 10,
                0x10 => queue.head = value,
                0x28 => {
                    let on = value & 1 << 25 != 0;
                    queue.on = if on { queue.on || !never_on } else { queue.on && never_off };
                }
                _ => {}
            },
        }
    }
}

impl Queue {
    fn control(&self, words: &[AtomicU32], offset: usize) -> u32 {
        let rest = words[offset / 4].load(Ordering::Relaxed) & !(1 << 25);
        rest | u32::from(self.on) << 25
    }
}
