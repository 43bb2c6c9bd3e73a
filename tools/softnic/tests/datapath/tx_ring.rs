//! A transmit ring as a driver has it: 82599 datasheet 7.2.3, 8.2.3.9.

use super::rig::Rig;

const BLOCK: usize = 0x2000;
const BAL: usize = 0x00;
const BAH: usize = 0x04;
const LEN: usize = 0x08;
const HEAD: usize = 0x10;
const TAIL: usize = 0x18;
const CONTROL: usize = 0x28;
const WRITE_BACK: usize = 0x38;
const ENABLE: u32 = 1 << 25;

pub const DATA: u64 = 0x3 << 20;
pub const CONTEXT: u64 = 0x2 << 20;
pub const EOP: u64 = 1 << 24;
pub const IFCS: u64 = 1 << 25;
pub const RS: u64 = 1 << 27;
pub const DEXT: u64 = 1 << 29;
pub const VLE: u64 = 1 << 30;
pub const TSE: u64 = 1 << 31;
pub const DD: u64 = 1 << 32;
pub const CC: u64 = 1 << 39;
pub const IXSM: u64 = 1 << 40;
pub const TXSM: u64 = 1 << 41;

pub const V4: u64 = 1 << 10;
pub const L4_UDP: u64 = 0 << 11;
pub const L4_TCP: u64 = 1 << 11;
pub const L4_SCTP: u64 = 2 << 11;

/// PAYLEN.
pub fn paylen(len: usize) -> u64 {
    (len as u64) << 46
}

/// IDX.
pub fn idx(context: u64) -> u64 {
    context << 36
}

/// A context descriptor: MACLEN, IPLEN and L4LEN; VLAN; MSS; TUCMD and IDX as they stand in the second
/// word.
pub fn context(lengths: [u64; 3], vlan: u16, mss: u64, rest: u64) -> [u64; 2] {
    let [mac, ip, l4] = lengths;
    [ip | mac << 9 | u64::from(vlan) << 16, CONTEXT | DEXT | rest | l4 << 40 | mss << 48]
}

pub struct TxRing {
    pub vf: usize,
    pub queue: usize,
    pub base: u64,
    pub len: usize,
    buffers: u64,
    /// Bytes of the buffer that each descriptor has.
    room: usize,
    pub tail: usize,
}

impl TxRing {
    /// A ring of `len` descriptors, `control` in TXDCTL beside the enable bit.
    pub fn start(rig: &mut Rig, vf: usize, queue: usize, len: usize, control: u32) -> TxRing {
        TxRing::with_room(rig, vf, queue, len, control, 2048)
    }

    pub fn with_room(
        rig: &mut Rig,
        vf: usize,
        queue: usize,
        len: usize,
        control: u32,
        room: usize,
    ) -> TxRing {
        let base = rig.ram.take(len * 16);
        let buffers = rig.ram.take(len * room);
        let mut ring = TxRing { vf, queue, base, len, buffers, room, tail: 0 };
        ring.restart(rig, control);
        ring
    }

    /// Sets the ring up anew.
    pub fn restart(&mut self, rig: &mut Rig, control: u32) {
        self.set(rig, CONTROL, 0);
        self.tail = 0;
        self.set(rig, BAL, self.base as u32);
        self.set(rig, BAH, (self.base >> 32) as u32);
        self.set(rig, LEN, self.len as u32 * 16);
        self.set(rig, HEAD, 0);
        self.set(rig, TAIL, 0);
        self.set(rig, CONTROL, control | ENABLE);
    }

    pub fn set(&self, rig: &mut Rig, register: usize, value: u32) {
        rig.adapter.write(self.vf, BLOCK + self.queue * 0x40 + register, value);
    }

    pub fn set_control(&self, rig: &mut Rig, value: u32) {
        self.set(rig, CONTROL, value);
    }

    pub fn set_tail(&self, rig: &mut Rig, value: u32) {
        self.set(rig, TAIL, value);
    }

    /// TDWBAL and TDWBAH.
    pub fn set_write_back(&self, rig: &mut Rig, value: u64) {
        self.set(rig, WRITE_BACK, value as u32);
        self.set(rig, WRITE_BACK + 4, (value >> 32) as u32);
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
        self.buffers + ((at % self.len) * self.room) as u64
    }

    /// Puts a descriptor into the ring and returns its number. The doorbell is yet to be rung.
    pub fn put(&mut self, rig: &Rig, words: [u64; 2]) -> usize {
        let at = self.tail;
        rig.ram.set_words(self.descriptor(at), words);
        self.tail = (at + 1) % self.len;
        at
    }

    pub fn ring_doorbell(&self, rig: &mut Rig) {
        self.set(rig, TAIL, self.tail as u32);
    }

    /// Puts a packet into as many descriptors as it has pieces; `first` are further bits of the first
    /// one, `all` of all of them, and the length that PAYLEN has.
    pub fn put_packet(
        &mut self,
        rig: &Rig,
        pieces: &[&[u8]],
        first: u64,
        all: u64,
        payload: usize,
    ) -> usize {
        let mut last = 0;
        for (n, piece) in pieces.iter().enumerate() {
            let address = self.address(self.tail);
            rig.ram.write(address, piece);
            let mut word = DATA | DEXT | IFCS | all | piece.len() as u64 | paylen(payload);
            word |= if n == 0 { first } else { 0 };
            word |= if n + 1 == pieces.len() { EOP | RS } else { 0 };
            last = self.put(rig, [address, word]);
        }
        last
    }

    /// Sends a frame as it is, in one descriptor with RS. Returns the descriptor's number.
    pub fn send(&mut self, rig: &mut Rig, frame: &[u8]) -> usize {
        let at = self.put_packet(rig, &[frame], 0, 0, frame.len());
        self.ring_doorbell(rig);
        at
    }

    /// Whether a descriptor was written back.
    pub fn is_done(&self, rig: &Rig, at: usize) -> bool {
        rig.ram.words(self.descriptor(at))[1] & DD != 0
    }
}
