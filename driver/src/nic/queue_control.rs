//! RXDCTL and TXDCTL: turning a queue on and off, and seeing that it is.

use std::time::Duration;

use super::Registers;
use crate::{Error, Result};

/// The queue is on: the same bit in both registers, of both of Intel's families.
pub(super) const ENABLE: u32 = 1 << 25;

/// A queue turns on within microseconds, off when its last transfer is over.
const SWITCH: Duration = Duration::from_millis(100);

/// The control register of one queue.
pub(super) struct QueueControl<'a> {
    registers: &'a Registers,
    offset: u64,
    /// For messages: `receive` or `transmit`.
    kind: &'static str,
    queue: u16,
}

impl<'a> QueueControl<'a> {
    /// RXDCTL at `offset`.
    pub(super) fn rx(registers: &'a Registers, offset: u64, queue: u16) -> QueueControl<'a> {
        QueueControl { registers, offset, kind: "receive", queue }
    }

    /// TXDCTL at `offset`.
    pub(super) fn tx(registers: &'a Registers, offset: u64, queue: u16) -> QueueControl<'a> {
        QueueControl { registers, offset, kind: "transmit", queue }
    }

    /// Whether the device has it on. All ones (a device that is gone) is not on.
    pub(super) fn is_on(&self) -> bool {
        let value = self.registers.read(self.offset);
        value != u32::MAX && value & ENABLE != 0
    }

    /// Turns it on with the bits of `mask` as in `bits`; returns when the device has it on.
    pub(super) fn turn_on(&self, mask: u32, bits: u32) -> Result<()> {
        self.registers.modify(self.offset, mask, bits | ENABLE);
        self.wait_until(true)
    }

    /// Turns it off; returns when the device has it off.
    pub(super) fn turn_off(&self) -> Result<()> {
        self.registers.modify(self.offset, ENABLE, 0);
        self.wait_until(false)
    }

    fn wait_until(&self, on: bool) -> Result<()> {
        let mut gone = false;
        let done = self.registers.wait(self.offset, SWITCH, |value| {
            gone = value == u32::MAX;
            gone || (value & ENABLE != 0) == on
        });
        if gone {
            return Err(self.registers.gone());
        }
        if done {
            return Ok(());
        }
        Err(Error::Device {
            device: self.registers.device(),
            what: format!(
                "{} queue {} did not turn {} within {} ms",
                self.kind,
                self.queue,
                if on { "on" } else { "off" },
                SWITCH.as_millis()
            ),
            remedy: "reset the port, and check that the PF is up".into(),
        })
    }
}
