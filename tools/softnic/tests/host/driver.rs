//! As much of a driver as it takes to send and receive on one queue of a VF.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use softnic::{Host, Mac, RegisterFile};

use super::other::until;

/// Descriptors of each ring.
const RING: usize = 256;
/// Bytes of a buffer.
const BUFFER: usize = 10 * 1024;
/// The rings, then a buffer for each descriptor.
const MEMORY: usize = 2 * RING * 16 + 2 * RING * BUFFER;

/// A VF with a queue each way. Its memory is mapped at an address of its own, beyond that of others.
pub struct Driver {
    pub host: Host,
    pub vf: usize,
    pub mac: Mac,
    registers: Arc<RegisterFile>,
    memory: NonNull<u8>,
    /// Where the adapter sees the memory.
    iova: u64,
    received: usize,
    sent: usize,
}

// SAFETY: the memory is this driver's alone, and is reached by one thread at a time besides the adapter.
unsafe impl Send for Driver {}

impl Driver {
    /// Opens a VF and starts its queues.
    pub fn open(host: &Host, vf: usize) -> Driver {
        let layout = Layout::from_size_align(MEMORY, 4096).unwrap();
        // SAFETY: the layout has a size.
        let memory = NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap();
        let iova = 0x10_0000_0000 * (vf as u64 + 1);
        let open = |adapter: &mut softnic::Adapter| {
            let registers = adapter.open(vf).unwrap();
            // SAFETY: the memory stays until it is unmapped when the driver is dropped.
            unsafe { adapter.memory().map(memory, MEMORY as u64, iova) }.unwrap();
            // PCI command: bus master.
            adapter.config_write(vf, 4, &[4, 0]);
            registers
        };
        let registers = host.with(open).unwrap();
        let mac = Mac::default();
        let mut driver =
            Driver { host: host.clone(), vf, mac, registers, memory, iova, received: 0, sent: 0 };
        driver.greet();
        driver.start();
        driver
    }

    /// Resets the VF, learns its address, agrees on API 1.1 and asks for jumbo frames.
    fn greet(&mut self) {
        self.write(0, 1 << 26);
        // RSTI and RSTD are over at some time.
        while self.read(0x2fc) & 0xc0 != 0 {}
        let answer = self.ask(&[1]);
        for (i, byte) in self.mac.iter_mut().enumerate() {
            *byte = answer[1 + i / 4].to_le_bytes()[i % 4];
        }
        assert_eq!(self.ask(&[8, 2])[0] & 0xffff, 8, "API 1.1");
        assert_eq!(self.ask(&[5, 9018])[0] & 0x4000_0000, 0, "jumbo frames");
    }

    /// A request to the PF, and its answer.
    fn ask(&self, message: &[u32]) -> [u32; 16] {
        // VFU, the words, REQ; then PFSTS, the words, ACK.
        self.write(0x2fc, 4);
        for (i, word) in message.iter().enumerate() {
            self.write(0x200 + 4 * i, *word);
        }
        self.write(0x2fc, 1);
        until("the PF's answer", || self.read(0x2fc) & 0x10 != 0);
        let answer = std::array::from_fn(|i| self.read(0x200 + 4 * i));
        self.write(0x2fc, 2);
        answer
    }

    /// Ring addresses, lengths, SRRCTL (one buffer of 10 KiB, advanced), enable (bit 25), tails.
    fn start(&mut self) {
        let rx = self.iova;
        let tx = rx + (RING * 16) as u64;
        for (base, at) in [(0x1000, rx), (0x2000, tx)] {
            self.write(base, at as u32);
            self.write(base + 4, (at >> 32) as u32);
            self.write(base + 8, (RING * 16) as u32);
        }
        self.write(0x1014, 10 | 1 << 25);
        for control in [0x1028, 0x2028] {
            self.write(control, 1 << 25);
            until("a queue", || self.read(control) & 1 << 25 != 0);
        }
        (0..RING - 1).for_each(|i| self.arm(i));
        self.registers.store(0x1018, RING as u32 - 1);
    }

    /// Sends a frame, if there is a descriptor for it.
    pub fn send(&mut self, frame: &[u8]) -> bool {
        let at = self.sent % RING;
        // One descriptor stays unused, since a tail at the head means that there is none. The next one
        // must be done (DD), if it was used before.
        let next = (self.sent + 1) % RING;
        let used = self.sent + 1 >= RING;
        if used && self.word(RING * 16 + next * 16 + 8).load(Ordering::Acquire) >> 32 & 1 == 0 {
            return false;
        }
        let buffer = self.buffer(RING + at);
        // SAFETY: the adapter reads it only when its descriptor is shown by the tail.
        unsafe {
            self.memory
                .add(buffer)
                .copy_from_nonoverlapping(NonNull::from(frame).cast(), frame.len())
        };
        self.word(RING * 16 + at * 16).store(self.iova + buffer as u64, Ordering::Relaxed);
        // Length; advanced data, end of packet, insert FCS, report status; payload length.
        let len = frame.len() as u64;
        let command = len | 3 << 20 | 1 << 24 | 1 << 25 | 1 << 27 | 1 << 29 | len << 46;
        self.word(RING * 16 + at * 16 + 8).store(command, Ordering::Release);
        self.sent += 1;
        self.registers.store(0x2018, (self.sent % RING) as u32);
        true
    }

    /// Hands what has arrived to `each`, and takes the buffers back.
    pub fn receive(&mut self, mut each: impl FnMut(&[u8])) -> usize {
        let before = self.received;
        let mut frame = Vec::new();
        loop {
            let at = self.received % RING;
            let status = self.word(at * 16 + 8).load(Ordering::Acquire);
            if status & 1 == 0 {
                break;
            }
            assert_eq!(status & 2, 2, "end of packet");
            let len = (status >> 32 & 0xffff) as usize;
            assert!(len <= BUFFER);
            frame.resize(len, 0);
            // SAFETY: the adapter has written it and does not again before it is armed.
            unsafe {
                self.memory
                    .add(self.buffer(at))
                    .copy_to_nonoverlapping(NonNull::from(&mut frame[..]).cast(), len)
            };
            each(&frame);
            self.arm((at + RING - 1) % RING);
            self.received += 1;
        }
        if self.received != before {
            fence(Ordering::Release);
            self.registers.store(0x1018, ((self.received + RING - 1) % RING) as u32);
        }
        self.received - before
    }

    fn arm(&self, at: usize) {
        self.word(at * 16 + 8).store(0, Ordering::Relaxed);
        self.word(at * 16).store(self.iova + self.buffer(at) as u64, Ordering::Release);
    }

    fn buffer(&self, at: usize) -> usize {
        2 * RING * 16 + at * BUFFER
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at.is_multiple_of(8) && at < 2 * RING * 16);
        // SAFETY: inside the memory, aligned, and reached by whole words only.
        unsafe { AtomicU64::from_ptr(self.memory.add(at).as_ptr().cast()) }
    }

    pub fn read(&self, offset: usize) -> u32 {
        self.host.with(|adapter| adapter.read(self.vf, offset)).unwrap()
    }

    pub fn write(&self, offset: usize, value: u32) {
        self.host.with(|adapter| adapter.write(self.vf, offset, value)).unwrap();
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let close = |adapter: &mut softnic::Adapter| {
            adapter.close(self.vf);
            adapter.memory().unmap(self.iova, MEMORY as u64).unwrap();
        };
        // A broken adapter reaches nothing any more.
        _ = self.host.with(close);
        // SAFETY: allocated with this layout; the adapter no longer has it.
        unsafe { dealloc(self.memory.as_ptr(), Layout::from_size_align(MEMORY, 4096).unwrap()) };
    }
}

/// A frame from one VF to another whose length and bytes follow from a number.
pub fn frame(to: Mac, from: Mac, n: u64) -> Vec<u8> {
    let len = 60 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % 8955;
    let mut frame: Vec<u8> = (0..len).map(|i| (n as usize + i) as u8).collect();
    frame[..6].copy_from_slice(&to);
    frame[6..12].copy_from_slice(&from);
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame[14..22].copy_from_slice(&n.to_le_bytes());
    frame
}

/// The number in such a frame.
pub fn number(frame: &[u8]) -> u64 {
    frame[14..22].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
