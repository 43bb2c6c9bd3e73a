//! A driver of a VF by VFIO alone, for one receive queue.

use crate::kit::{PAGE, Pages, Rig};

/// Descriptors of the ring, which is a page's begin.
const RING: usize = 8;

/// A receive queue whose ring and buffers are in the first pages of `memory`, from `iova` on: the ring,
/// then a page for each buffer.
pub struct Receiver<'r> {
    rig: &'r Rig,
    device: i32,
}

impl Receiver<'_> {
    /// Greets the PF and turns the queue on. `buffers`: I/O addresses, of which one stays unused.
    pub fn start<'r>(
        rig: &'r Rig,
        device: i32,
        memory: &Pages,
        iova: u64,
        buffers: [u64; RING],
    ) -> Receiver<'r> {
        let receiver = Receiver { rig, device };
        rig.bus_master(device, true);
        receiver.greet();
        for (at, buffer) in buffers.into_iter().enumerate() {
            memory.set_word(16 * at, buffer);
            memory.set_word(16 * at + 8, 0);
        }
        // RDBAL, RDBAH, RDLEN, RDH; SRRCTL: advanced descriptors, buffers of 4 KiB; RXDCTL: on; RDT.
        for (register, value) in [
            (0x1000, iova as u32),
            (0x1004, (iova >> 32) as u32),
            (0x1008, 16 * RING as u32),
            (0x1010, 0),
            (0x1014, 1 << 25 | 4),
            (0x1028, 1 << 25),
            (0x1018, RING as u32 - 1),
        ] {
            rig.write32(device, register, value);
        }
        receiver
    }

    /// Moves the adapter until so many descriptors are done.
    pub fn receive(&self, memory: &Pages, descriptors: usize) {
        for _ in 0..1000 {
            assert!(self.rig.vfio.step() >= 0);
            if (0..descriptors).all(|at| memory.word(16 * at + 8) & 1 == 1) {
                return;
            }
        }
        panic!("no {descriptors} frames came");
    }

    /// Resets the VF and asks the PF for its address; its answer turns receive on.
    fn greet(&self) {
        let (rig, device) = (self.rig, self.device);
        rig.write32(device, 0, 1 << 26);
        // RSTD shows once.
        while rig.read32(device, 0x2fc) & 0xc0 != 0 {}
        for message in [&[1][..], &[8, 2], &[5, 1518]] {
            // VFU, the words, REQ; then PFSTS, ACK.
            rig.write32(device, 0x2fc, 4);
            for (at, word) in message.iter().enumerate() {
                rig.write32(device, 0x200 + 4 * at as i64, *word);
            }
            rig.write32(device, 0x2fc, 1);
            let answered = (0..1000).any(|_| rig.read32(device, 0x2fc) & 0x10 != 0);
            assert!(answered, "the PF does not answer {message:?}");
            rig.write32(device, 0x2fc, 2);
        }
    }
}

/// The buffers of [`Receiver::start`]: a page each, behind the ring's.
pub fn buffers(iova: u64) -> [u64; RING] {
    std::array::from_fn(|at| iova + ((1 + at) * PAGE) as u64)
}
