//! One queue in each direction, with memory of its own: just enough of a driver for frames to flow.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use softnic::Adapter;

use super::mailbox_user::MailboxUser;

const LEN: usize = 0x1_0000;
const DESCRIPTORS: u64 = 32;
const TX_RING: u64 = 0x0000;
const RX_RING: u64 = 0x1000;
const TX_BUFFER: u64 = 0x2000;
const RX_BUFFERS: u64 = 0x4000;
const RX_BUFFER: u64 = 0x400;
const ENABLE: u32 = 1 << 25;

/// A VF that greets, sends and receives.
pub struct Rings {
    pub mailbox: MailboxUser,
    memory: NonNull<u8>,
    /// Where the device sees the memory.
    iova: u64,
    sent: u64,
    received: u64,
}

impl Rings {
    /// Opens a VF and maps its memory; bus mastering is on.
    pub fn new(adapter: &mut Adapter, vf: usize) -> Rings {
        adapter.open(vf).unwrap();
        adapter.config_write(vf, 4, &[4]);
        // SAFETY: the layout has a size.
        let memory = NonNull::new(unsafe { alloc_zeroed(layout()) }).unwrap();
        let iova = 0x1000_0000 + (vf * LEN) as u64;
        // SAFETY: the memory lives until `Rings` is dropped, which the adapter does not outlive.
        unsafe { adapter.memory().map(memory, LEN as u64, iova) }.unwrap();
        let mailbox = MailboxUser::new(vf);
        Rings { mailbox, memory, iova, sent: 0, received: 0 }
    }

    /// Resets, greets, asks for frames of that size, and turns the queues on.
    pub fn start(&mut self, adapter: &mut Adapter, frame: u32) {
        self.mailbox.begin(adapter, 4);
        self.mailbox.ask(adapter, &[5, frame]);
        self.turn_on(adapter);
    }

    /// Sets the queues up and turns them on.
    pub fn turn_on(&mut self, adapter: &mut Adapter) {
        let vf = self.mailbox.vf;
        (self.sent, self.received) = (0, 0);
        for (base, ring) in [(0x1000, RX_RING), (0x2000, TX_RING)] {
            let address = self.iova + ring;
            for (offset, value) in [
                (0x00, address as u32),
                (0x04, (address >> 32) as u32),
                (0x08, 16 * DESCRIPTORS as u32),
                (0x10, 0),
                (0x18, 0),
                (0x28, ENABLE),
            ] {
                adapter.write(vf, base + offset, value);
            }
        }
        adapter.write(vf, 0x1014, 0x0200_0001);
        for at in 0..DESCRIPTORS {
            self.put(RX_RING + 16 * at, self.iova + RX_BUFFERS + RX_BUFFER * at);
            self.put(RX_RING + 16 * at + 8, 0);
        }
        adapter.write(vf, 0x1018, DESCRIPTORS as u32 - 1);
    }

    /// Sends a frame of 60 bytes to an address, with what X550 and later demand.
    pub fn send(&mut self, adapter: &mut Adapter, to: [u8; 6]) {
        let mac = address(self.mailbox.vf);
        let mut frame = [0; 60];
        frame[..6].copy_from_slice(&to);
        frame[6..12].copy_from_slice(&mac);
        frame[12..14].copy_from_slice(&[0x88, 0xb5]);
        frame[14] = self.sent as u8;
        for (at, bytes) in frame.chunks(4).enumerate() {
            let word = u32::from_le_bytes(bytes.try_into().unwrap());
            // SAFETY: inside the memory, which is aligned to a page.
            unsafe {
                self.memory.add(TX_BUFFER as usize).cast::<u32>().add(at).write_volatile(word)
            };
        }
        let at = TX_RING + 16 * (self.sent % DESCRIPTORS);
        // An advanced context descriptor, then a data descriptor: EOP, IFCS, RS, DEXT, CC.
        self.put(at, 14 << 9);
        self.put(at + 8, 0x2020_0000);
        self.sent += 1;
        let at = TX_RING + 16 * (self.sent % DESCRIPTORS);
        self.put(at, self.iova + TX_BUFFER);
        self.put(at + 8, 60 << 46 | 0x80 << 32 | 0x2b30_0000 | 60);
        self.sent += 1;
        adapter.write(self.mailbox.vf, 0x2018, (self.sent % DESCRIPTORS) as u32);
    }

    /// Whether the last frame was reported as sent.
    pub fn is_sent(&self) -> bool {
        let last = (self.sent + DESCRIPTORS - 1) % DESCRIPTORS;
        self.get(TX_RING + 16 * last + 8) & 1 << 32 != 0
    }

    /// Takes what was received: how many frames.
    pub fn receive(&mut self, adapter: &mut Adapter) -> usize {
        let mut count = 0;
        loop {
            let at = self.received % DESCRIPTORS;
            if self.get(RX_RING + 16 * at + 8) & 1 == 0 {
                return count;
            }
            self.put(RX_RING + 16 * at, self.iova + RX_BUFFERS + RX_BUFFER * at);
            self.put(RX_RING + 16 * at + 8, 0);
            adapter.write(self.mailbox.vf, 0x1018, at as u32);
            self.received += 1;
            count += 1;
        }
    }

    /// The memory as it is now.
    pub fn snapshot(&self) -> Vec<u64> {
        (0..LEN as u64).step_by(8).map(|at| self.get(at)).collect()
    }

    fn put(&self, at: u64, word: u64) {
        // SAFETY: inside the memory, at a multiple of eight.
        unsafe { self.memory.add(at as usize).cast::<u64>().write_volatile(word.to_le()) };
    }

    fn get(&self, at: u64) -> u64 {
        // SAFETY: as above.
        u64::from_le(unsafe { self.memory.add(at as usize).cast::<u64>().read_volatile() })
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout; the tests drop the adapter first.
        unsafe { dealloc(self.memory.as_ptr(), layout()) };
    }
}

/// The address that the PF gives a VF.
pub fn address(vf: usize) -> [u8; 6] {
    [0x02, 0x82, 0x59, 0x90, 0x00, vf as u8]
}

fn layout() -> Layout {
    Layout::from_size_align(LEN, 4096).unwrap()
}
