//! A receive ring as a driver has it: 82599 datasheet 7.1.6, 8.2.3.8.

use super::rig::Rig;

const BLOCK: usize = 0x1000;
const BAL: usize = 0x00;
const BAH: usize = 0x04;
const LEN: usize = 0x08;
const HEAD: usize = 0x10;
const SRRCTL: usize = 0x14;
const TAIL: usize = 0x18;
const CONTROL: usize = 0x28;
const ENABLE: u32 = 1 << 25;

pub const ONE_BUFFER: u32 = 1 << 25;
pub const VME: u32 = 1 << 30;

pub const DD: u64 = 1 << 0;
pub const EOP: u64 = 1 << 1;
pub const VP: u64 = 1 << 3;
pub const LB: u64 = 1 << 18;

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub bytes: Vec<u8>,
    /// The last descriptor.
    pub first: u64,
    pub second: u64,
    /// Bytes in each buffer.
    pub pieces: Vec<usize>,
}

impl Got {
    pub fn tag(&self) -> u16 {
        (self.second >> 48) as u16
    }

    pub fn hash(&self) -> u32 {
        (self.first >> 32) as u32
    }
}

pub struct RxRing {
    pub vf: usize,
    pub queue: usize,
    pub base: u64,
    pub len: usize,
    pub buffer: usize,
    buffers: u64,
    next: usize,
    tail: usize,
}

impl RxRing {
    /// A ring of `len` descriptors with buffers of `kib` KiB, all armed but the last, and `control` in
    /// RXDCTL beside the enable bit.
    pub fn start(
        rig: &mut Rig,
        vf: usize,
        queue: usize,
        len: usize,
        kib: usize,
        control: u32,
    ) -> RxRing {
        let base = rig.ram.take(len * 16);
        let buffers = rig.ram.take(len * kib * 1024);
        let mut ring =
            RxRing { vf, queue, base, len, buffer: kib * 1024, buffers, next: 0, tail: 0 };
        ring.restart(rig, control);
        ring
    }

    /// Sets the ring up anew.
    pub fn restart(&mut self, rig: &mut Rig, control: u32) {
        self.set(rig, CONTROL, 0);
        (self.next, self.tail) = (0, 0);
        self.set(rig, BAL, self.base as u32);
        self.set(rig, BAH, (self.base >> 32) as u32);
        self.set(rig, LEN, self.len as u32 * 16);
        self.set(rig, HEAD, 0);
        self.set(rig, TAIL, 0);
        self.set(rig, SRRCTL, ONE_BUFFER | (self.buffer / 1024) as u32);
        self.set(rig, CONTROL, control | ENABLE);
        for _ in 1..self.len {
            self.arm(rig);
        }
        self.ring_doorbell(rig);
    }

    pub fn set(&self, rig: &mut Rig, register: usize, value: u32) {
        rig.adapter.write(self.vf, BLOCK + self.queue * 0x40 + register, value);
    }

    pub fn set_srrctl(&self, rig: &mut Rig, value: u32) {
        self.set(rig, SRRCTL, value);
    }

    pub fn set_control(&self, rig: &mut Rig, value: u32) {
        self.set(rig, CONTROL, value);
    }

    pub fn set_tail(&self, rig: &mut Rig, value: u32) {
        self.set(rig, TAIL, value);
    }

    pub fn head(&self, rig: &mut Rig) -> u32 {
        rig.adapter.read(self.vf, BLOCK + self.queue * 0x40 + HEAD)
    }

    pub fn stop(&self, rig: &mut Rig) {
        self.set(rig, CONTROL, 0);
    }

    /// The I/O address of a descriptor.
    pub fn descriptor(&self, at: usize) -> u64 {
        self.base + 16 * (at % self.len) as u64
    }

    /// The I/O address of a descriptor's buffer.
    pub fn address(&self, at: usize) -> u64 {
        self.buffers + ((at % self.len) * self.buffer) as u64
    }

    fn arm(&mut self, rig: &Rig) {
        rig.ram.set_words(self.descriptor(self.tail), [self.address(self.tail), 0]);
        self.tail = (self.tail + 1) % self.len;
    }

    pub fn ring_doorbell(&self, rig: &mut Rig) {
        self.set(rig, TAIL, self.tail as u32);
    }

    /// Takes the frames that are there, and arms their buffers again.
    pub fn poll(&mut self, rig: &mut Rig) -> Vec<Got> {
        let mut frames = Vec::new();
        let mut part = (Vec::new(), Vec::new(), 0);
        loop {
            let at = (self.next + part.2) % self.len;
            let [first, second] = rig.ram.words(self.descriptor(at));
            if at == self.tail || second & DD == 0 {
                break;
            }
            let len = (second >> 32 & 0xffff) as usize;
            part.0.extend(rig.ram.read(self.address(at), len));
            part.1.push(len);
            part.2 += 1;
            if second & EOP != 0 {
                let (bytes, pieces, count) = std::mem::take(&mut part);
                frames.push(Got { bytes, first, second, pieces });
                self.next = (self.next + count) % self.len;
                for _ in 0..count {
                    self.arm(rig);
                }
            }
        }
        assert_eq!(part.2, 0, "a frame without an end");
        if !frames.is_empty() {
            self.ring_doorbell(rig);
        }
        frames
    }
}
