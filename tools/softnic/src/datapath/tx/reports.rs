//! What a transmit queue owes its driver: descriptors to be written back, or the head.

use super::descriptor::WRITTEN_BACK;
use super::{BURST, Side};
use crate::Memory;
use crate::datapath::registers::{
    CONTROL, TXDCTL_WTHRESH_MASK, TXDCTL_WTHRESH_SHIFT, WRITE_BACK_HEAD, WRITE_BACK_HIGH,
    WRITE_BACK_LOW,
};
use crate::datapath::ring::Ring;

/// Reports that have been asked for.
#[derive(Debug)]
pub(super) struct Reports {
    /// Numbers of the descriptors that asked, oldest first.
    owed: Vec<u32>,
    /// Something was written back since this was last asked.
    written: bool,
}

impl Reports {
    /// None; room for as many as a queue asks for in two bursts.
    pub(super) fn new() -> Reports {
        Reports { owed: Vec::with_capacity(2 * BURST as usize), written: false }
    }

    /// A descriptor has asked for one.
    #[inline]
    pub(super) fn owe(&mut self, number: u32) {
        self.owed.push(number);
    }

    /// Nobody is told any more.
    pub(super) fn forget(&mut self) {
        self.owed.clear();
    }

    /// Writes back what is owed, unless TXDCTL.WTHRESH has it wait for more. `idle`: there was nothing to
    /// send, so waiting has no end otherwise, as when silicon's interrupt timer runs out.
    pub(super) fn settle(&mut self, ring: &Ring, idle: bool, side: &mut Side, memory: &Memory) {
        let Some(&first) = self.owed.first() else { return };
        let control = ring.register(&side.registers, CONTROL);
        let threshold = control >> TXDCTL_WTHRESH_SHIFT & TXDCTL_WTHRESH_MASK;
        // In a ring with fewer descriptors than that, the head comes by again and again.
        let waiting = ring.behind(first).max(self.owed.len() as u32);
        if waiting < threshold && !idle {
            return;
        }
        let low = ring.register(&side.registers, WRITE_BACK_LOW);
        if low & WRITE_BACK_HEAD != 0 {
            let high = ring.register(&side.registers, WRITE_BACK_HIGH);
            let iova = u64::from(high) << 32 | u64::from(low & !3);
            side.counters.faults += u64::from(memory.write_word(iova, ring.head()).is_err());
        } else {
            self.write_descriptors(ring, side, memory);
        }
        self.owed.clear();
        self.written = true;
    }

    fn write_descriptors(&self, ring: &Ring, side: &mut Side, memory: &Memory) {
        let lies = side.scribe.lies;
        for number in self.owed.iter().filter(|_| !lies.lost) {
            let words = side.scribe.transmit(WRITTEN_BACK);
            for number in [Some(*number), lies.repeated.then(|| ring.next(*number))] {
                let iova = number.map(|number| ring.iova(number));
                if let Some(Ok(descriptor)) = iova.map(|iova| memory.descriptors(iova, 1)) {
                    descriptor.store(0, words);
                }
            }
        }
    }

    /// Whether something was written back since this was last asked.
    pub(super) fn has_written(&mut self) -> bool {
        std::mem::take(&mut self.written)
    }
}
