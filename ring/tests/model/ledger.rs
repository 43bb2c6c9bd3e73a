//! Who may touch which buffer, as far as a device can know.

use std::sync::{Arc, Mutex};

/// Who has a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The host: it may do what it likes, and no device may touch it.
    Host,
    /// A receive queue, which may write it at any time.
    Receive,
    /// A transmit queue, which may read it at any time.
    Transmit,
}

/// The owner of every buffer of an arena.
#[derive(Clone)]
pub struct Ledger(Arc<Mutex<Inner>>);

struct Inner {
    base: u64,
    stride: u64,
    owners: Vec<Owner>,
    counts: [usize; 3],
}

impl Ledger {
    /// All buffers with the host.
    pub fn new(base: u64, stride: usize, count: usize) -> Ledger {
        let owners = vec![Owner::Host; count];
        Ledger(Arc::new(Mutex::new(Inner {
            base,
            stride: stride as u64,
            owners,
            counts: [count, 0, 0],
        })))
    }

    /// Moves the buffer that holds `len` bytes at `iova` from one owner to another; returns its
    /// offset within the buffer.
    pub fn pass(&self, iova: u64, len: usize, from: Owner, to: Owner) -> u64 {
        let mut ledger = self.0.lock().unwrap();
        let (index, offset) = ledger.place(iova);
        assert!(
            offset + len as u64 <= ledger.stride,
            "{len} bytes at {iova:#x} reach into the next buffer"
        );
        assert_eq!(
            ledger.owners[index], from,
            "buffer {index} goes to {to:?} and is not with {from:?}"
        );
        ledger.owners[index] = to;
        ledger.counts[from as usize] -= 1;
        ledger.counts[to as usize] += 1;
        offset
    }

    /// Who has the buffer of that number: its place in the arena, in lines of 64 bytes.
    pub fn owner(&self, number: u32) -> Owner {
        let ledger = self.0.lock().unwrap();
        let place = u64::from(number) * 64;
        assert_eq!(place % ledger.stride, 0, "no buffer starts there");
        ledger.owners[(place / ledger.stride) as usize]
    }

    /// How many buffers an owner has.
    pub fn count(&self, owner: Owner) -> usize {
        self.0.lock().unwrap().counts[owner as usize]
    }
}

impl Inner {
    fn place(&self, iova: u64) -> (usize, u64) {
        let from_base =
            iova.checked_sub(self.base).unwrap_or_else(|| panic!("DMA fault: {iova:#x}"));
        let index = (from_base / self.stride) as usize;
        assert!(index < self.owners.len(), "DMA fault: {iova:#x}");
        (index, from_base % self.stride)
    }
}
