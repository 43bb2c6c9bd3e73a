//! The registers that an operand is.

use std::sync::Arc;

use libc::c_int;

use crate::access::{self, Registers};
use crate::maps;
use crate::trace::{self, Event};

/// Bytes of the widest operand, a register of AVX-512.
pub(super) const WIDEST: usize = 64;

/// Some bytes of a BAR.
pub(super) struct Window {
    /// Where they are mapped.
    pub(super) start: usize,
    pub(super) len: usize,
    offset: usize,
    protection: c_int,
    registers: Arc<dyn Registers>,
}

/// Whether a mapping is for reading, or for writing. What may be written may be read, as on any page of
/// this processor.
pub(super) fn allows(protection: c_int, write: bool) -> bool {
    let enough = if write { libc::PROT_WRITE } else { libc::PROT_READ | libc::PROT_WRITE };
    protection & enough != 0
}

impl Window {
    /// Those at an address. `None`: none of them is trapped, or not all are one device's registers, as
    /// if the bus ended between them.
    pub(super) fn of(start: usize, len: usize) -> Option<Window> {
        if !(1..=WIDEST).contains(&len) {
            return None;
        }
        let first = maps::registers_at(start)?;
        let mut trapped = first.trapped;
        let mut protection = first.protection;
        if start.checked_add(len)? > first.at.end {
            let second = maps::registers_at(first.at.end)?;
            let follows = Arc::ptr_eq(&first.registers, &second.registers)
                && second.offset == first.offset + first.at.len();
            if !follows {
                return None;
            }
            trapped |= second.trapped;
            protection &= second.protection;
        }
        let offset = first.offset + (start - first.at.start);
        let registers = first.registers;
        trapped.then_some(Window { start, len, offset, protection, registers })
    }

    /// Whether an address is one of theirs.
    pub(super) fn contains(&self, address: usize) -> bool {
        (self.start..self.start + self.len).contains(&address)
    }

    /// Whether the program has mapped them for this.
    pub(super) fn allows(&self, write: bool) -> bool {
        allows(self.protection, write)
    }

    /// Reads them.
    pub(super) fn read(&self) -> [u8; WIDEST] {
        let mut bytes = [0; WIDEST];
        access::read(&*self.registers, self.offset, &mut bytes[..self.len]);
        self.record(&bytes[..self.len], false);
        bytes
    }

    /// Writes them.
    pub(super) fn write(&self, bytes: &[u8; WIDEST]) {
        // Before, since others may see what it does at once.
        self.record(&bytes[..self.len], true);
        access::write(&*self.registers, self.offset, &bytes[..self.len]);
    }

    fn record(&self, bytes: &[u8], write: bool) {
        let (vf, offset) = (self.registers.vf(), self.offset);
        trace::record(&Event::Register { vf, offset, bytes, write });
    }
}
