//! The registers of BAR 0, page 0, whose reading and writing has effects; and, for whoever does not map
//! them, those of the queues, which have none.

#[cfg(test)]
mod tests;

use super::{Function, Signal, WORDS, counters};
use crate::regfile::PLAIN_START;
use crate::regs;

/// What is left to do for the adapter after a register was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// The function is to be reset.
    Reset,
    /// The PF was told something.
    Mailbox(Signal),
}

impl Function {
    /// Reads a register of the BAR.
    pub(crate) fn read(&mut self, offset: usize, now: u64) -> u32 {
        if self.removed || !offset.is_multiple_of(4) {
            return u32::MAX;
        }
        if offset >= PLAIN_START {
            if counters::is_statistic(offset) {
                return self.statistics.read(offset, &self.counters, &self.registers);
            }
            return self.registers.load(offset);
        }
        match offset {
            regs::VFSTATUS => self.status(),
            regs::VFLINKS => self.link.register(self.generation, now),
            regs::VFFRTIMER => free_running_timer(now),
            regs::VFMAILBOX => self.mailbox.read(),
            _ if is_kept(offset) => self.registers.load(offset),
            _ => match mailbox_word(offset) {
                Some(word) => self.mailbox.word(word).unwrap_or(0),
                None => self.interrupts.read(offset, now).unwrap_or(0),
            },
        }
    }

    /// Writes a register of the BAR.
    pub(crate) fn write(&mut self, offset: usize, value: u32, now: u64) -> Effect {
        if self.removed || !offset.is_multiple_of(4) {
            return Effect::None;
        }
        if offset >= PLAIN_START || is_kept(offset) {
            if !counters::is_statistic(offset) {
                self.registers.store(offset, value);
            }
            return Effect::None;
        }
        match offset {
            regs::VFCTRL if value & regs::VFCTRL_RST != 0 => return Effect::Reset,
            regs::VFMAILBOX => return Effect::Mailbox(self.mailbox.write(value)),
            _ => match mailbox_word(offset) {
                Some(word) => self.mailbox.set_word(word, value),
                None => {
                    if self.interrupts.write(offset, value, now) {
                        self.settle(now);
                    }
                }
            },
        }
        Effect::None
    }

    /// VFSTATUS.
    fn status(&self) -> u32 {
        let master = if self.config.is_bus_master() { regs::VFSTATUS_MASTER } else { 0 };
        regs::VFSTATUS_IOV_ACTIVE | (self.vfs as u32) << regs::VFSTATUS_NUM_VFS_SHIFT | master
    }
}

/// Registers that only keep what is written to them.
fn is_kept(offset: usize) -> bool {
    let coalescing = regs::VTRSCINT..regs::VTRSCINT + 4 * super::QUEUES;
    offset == regs::VFPSRTYPE || coalescing.contains(&offset)
}

/// Which word of the mailbox is at an offset.
fn mailbox_word(offset: usize) -> Option<usize> {
    let word = offset.checked_sub(regs::VFMBMEM)? / 4;
    (word < WORDS).then_some(word)
}

/// VFFRTIMER, a copy of the PF's FRTIMER (82599 datasheet 8.2.3): microseconds in bits 9:0, milliseconds in 19:10, seconds in
/// 31:20.
fn free_running_timer(now: u64) -> u32 {
    let micros = now / 1_000;
    let [seconds, millis, micros] =
        [micros / 1_000_000 % 4096, micros / 1_000 % 1_000, micros % 1_000];
    (seconds << 20 | millis << 10 | micros) as u32
}
