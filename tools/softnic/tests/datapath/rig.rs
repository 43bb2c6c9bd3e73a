//! An adapter with memory, VFs that have greeted their PF, and a wire that a test holds in its hands.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

use softnic::uplink::{Uplink, UplinkCounters, Wire};
use softnic::{Adapter, Facts, Mac, Plane, Spec, VfCounters};

use super::ram::Ram;

const VFCTRL: usize = 0x000;
const VFCTRL_RST: u32 = 1 << 26;
const VFMBMEM: usize = 0x200;
const VFMAILBOX: usize = 0x2fc;
const REQ: u32 = 1;
const ACK: u32 = 2;
const VFU: u32 = 4;
const PFSTS: u32 = 0x10;

/// Where the memory starts.
pub const RAM: u64 = 0x4000_0000;

/// The wire's other end.
#[derive(Default)]
pub struct End {
    pub to_send: VecDeque<Vec<u8>>,
    pub taken: Vec<Vec<u8>>,
    /// How many frames each VF had room for, when it was last asked, by length.
    pub ask_room: Option<(usize, usize)>,
    pub room: usize,
    /// What is done just before the frames are sent, in the middle of a step.
    pub before: Option<Box<dyn FnMut() + Send>>,
}

struct Probe(Arc<Mutex<End>>);

impl Uplink for Probe {
    fn poll(&mut self, _now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let mut end = self.0.lock().unwrap();
        if let Some((vf, len)) = end.ask_room {
            end.room = wire.room(vf, len);
        }
        if let Some(before) = &mut end.before {
            before();
        }
        let count = end.to_send.len().min(budget);
        for frame in end.to_send.drain(..count) {
            wire.deliver(&frame, &Facts::of(&frame));
        }
        count
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.0.lock().unwrap().taken.push(frame.to_vec());
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters::default()
    }
}

/// An adapter under test. The memory goes last.
pub struct Rig {
    pub adapter: Adapter,
    pub end: Arc<Mutex<End>>,
    pub now: u64,
    pub ram: Ram,
}

impl Rig {
    /// An adapter with these options, and 16 MiB of memory.
    pub fn new(options: &str) -> Rig {
        Rig::with_pages(options, 4096)
    }

    pub fn with_pages(options: &str, pages: usize) -> Rig {
        let spec = Spec::parse(options).unwrap();
        Rig::on(&spec, Plane::private(&spec), pages)
    }

    /// An adapter that shares a file with others.
    pub fn sharing(options: &str, file: &Path) -> Rig {
        let spec = Spec::parse(options).unwrap();
        Rig::on(&spec, Plane::shared(file, &spec).unwrap(), 4096)
    }

    fn on(spec: &Spec, plane: Plane, pages: usize) -> Rig {
        let end = Arc::new(Mutex::new(End::default()));
        let probe = Box::new(Probe(Arc::clone(&end)));
        let mut adapter = Adapter::new(spec, plane, Some(probe));
        let ram = Ram::new(pages, RAM);
        ram.map(adapter.memory());
        Rig { adapter, end, now: 0, ram }
    }

    /// Opens a VF, has it greet its PF and agree on jumbo frames. Returns its address.
    pub fn open(&mut self, vf: usize) -> Mac {
        self.adapter.open(vf).unwrap();
        self.adapter.config_write(vf, 4, &[0x06, 0x00]);
        self.greet(vf)
    }

    /// Resets a VF, greets its PF and agrees on jumbo frames.
    pub fn greet(&mut self, vf: usize) -> Mac {
        self.adapter.write(vf, VFCTRL, VFCTRL_RST);
        let answer = self.ask(vf, &[0x01]);
        let [a, b, c, d] = answer[1].to_le_bytes();
        let [e, f, ..] = answer[2].to_le_bytes();
        assert_eq!(self.ask(vf, &[0x08, 4])[0] >> 31, 1, "API 1.3");
        assert_eq!(self.ask(vf, &[0x05, 9018])[0] >> 31, 1, "frames of 9018 bytes");
        [a, b, c, d, e, f]
    }

    /// Asks the PF and returns its answer.
    pub fn ask(&mut self, vf: usize, message: &[u32]) -> [u32; 16] {
        self.adapter.write(vf, VFMAILBOX, VFU);
        for (at, word) in message.iter().enumerate() {
            self.adapter.write(vf, VFMBMEM + 4 * at, *word);
        }
        self.adapter.write(vf, VFMAILBOX, REQ);
        assert_ne!(self.adapter.read(vf, VFMAILBOX) & PFSTS, 0, "no answer to {message:#x?}");
        let words = std::array::from_fn(|at| self.adapter.read(vf, VFMBMEM + 4 * at));
        self.adapter.write(vf, VFMAILBOX, ACK);
        words
    }

    /// One step, a microsecond after the last.
    pub fn step(&mut self) -> usize {
        self.now += 1_000;
        self.adapter.step(self.now)
    }

    /// A measured step, a microsecond after the last one.
    pub fn feed(&mut self, frames: usize) -> usize {
        self.now += 1_000;
        self.adapter.feed(self.now, frames)
    }

    /// Steps until nothing moves.
    pub fn settle(&mut self) -> usize {
        let mut moved = 0;
        loop {
            match self.step() {
                0 => return moved,
                frames => moved += frames,
            }
        }
    }

    /// Puts a frame on the wire, for the VFs.
    pub fn wire(&mut self, frame: &[u8]) {
        self.end.lock().unwrap().to_send.push_back(frame.to_vec());
    }

    /// Takes what has left by the wire.
    pub fn taken(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.end.lock().unwrap().taken)
    }

    pub fn counters(&self, vf: usize) -> VfCounters {
        self.adapter.counters(vf)
    }
}

/// A frame of `len` bytes without FCS, of a protocol for experiments (IEEE 802, 88B5); its payload
/// counts up from `seed`.
pub fn frame(to: Mac, from: Mac, len: usize, seed: u8) -> Vec<u8> {
    let mut frame = [to, from].concat();
    frame.extend([0x88, 0xb5]);
    frame.extend((0..len - 14).map(|i| seed.wrapping_add(i as u8)));
    frame
}

/// The same with a VLAN tag, and four bytes longer.
pub fn tagged(mut frame: Vec<u8>, tci: u16) -> Vec<u8> {
    let [high, low] = tci.to_be_bytes();
    frame.splice(12..12, [0x81, 0x00, high, low]);
    frame
}
