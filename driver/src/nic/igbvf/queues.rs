//! Turning queues on and off.

use std::time::Duration;

use super::{Igbvf, RingPlace, regs};
use crate::{Error, Result};

/// A queue turns on within microseconds, off when its last transfer is over.
const QUEUE: Duration = Duration::from_millis(100);

/// Prefetch when 16 descriptors or fewer are on chip and the host has 8 more; write back each one.
/// The 82576's VF needs a write-back threshold of 1 (an erratum; Linux and DPDK do the same).
const RX_THRESHOLDS: u32 = 16 | 8 << 8 | 1 << 16;
/// The same for transmit: 8 on chip, 1 in the host.
const TX_THRESHOLDS: u32 = 8 | 1 << 8 | 1 << 16;

impl Igbvf {
    pub(super) fn rx_on(&mut self, queue: u16, ring: RingPlace, data_room: usize) -> Result<()> {
        let reg = |first| regs::of_queue(first, queue);
        self.queue_off(reg(regs::RXDCTL), "receive", queue)?;
        self.registers.write(reg(regs::RDBAL), ring.iova as u32);
        self.registers.write(reg(regs::RDBAH), (ring.iova >> 32) as u32);
        self.registers.write(reg(regs::RDLEN), ring.len as u32);
        // The buffer size counts in KiB.
        let split = regs::SRRCTL_ADVANCED | regs::SRRCTL_DROP | (data_room >> 10) as u32;
        self.registers.write(reg(regs::SRRCTL), split);
        self.registers.write(reg(regs::RDH), 0);
        self.registers.write(reg(regs::RDT), 0);
        let control = reg(regs::RXDCTL);
        let on = RX_THRESHOLDS | regs::QUEUE_ENABLE;
        self.registers.modify(control, regs::THRESHOLDS, on);
        self.queue_is(true, control, "receive", queue)
    }

    pub(super) fn tx_on(&mut self, queue: u16, ring: RingPlace) -> Result<()> {
        let reg = |first| regs::of_queue(first, queue);
        self.queue_off(reg(regs::TXDCTL), "transmit", queue)?;
        self.registers.write(reg(regs::TDBAL), ring.iova as u32);
        self.registers.write(reg(regs::TDBAH), (ring.iova >> 32) as u32);
        self.registers.write(reg(regs::TDLEN), ring.len as u32);
        self.registers.write(reg(regs::TDH), 0);
        self.registers.write(reg(regs::TDT), 0);
        // Reports must reach memory in order.
        self.registers.modify(reg(regs::TXCTRL), regs::TXCTRL_WB_RELAXED, 0);
        let control = reg(regs::TXDCTL);
        let on = TX_THRESHOLDS | regs::QUEUE_ENABLE;
        self.registers.modify(control, regs::THRESHOLDS, on);
        self.queue_is(true, control, "transmit", queue)
    }

    pub(super) fn queue_off(&mut self, control: u64, kind: &str, queue: u16) -> Result<()> {
        self.registers.modify(control, regs::QUEUE_ENABLE, 0);
        self.queue_is(false, control, kind, queue)
    }

    fn queue_is(&self, on: bool, control: u64, kind: &str, queue: u16) -> Result<()> {
        let mut gone = false;
        let done = self.registers.wait(control, QUEUE, |value| {
            gone = value == u32::MAX;
            gone || (value & regs::QUEUE_ENABLE != 0) == on
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
                "{kind} queue {queue} did not turn {} within {} ms",
                if on { "on" } else { "off" },
                QUEUE.as_millis()
            ),
            remedy: "reset the port, and check that the PF is up".into(),
        })
    }
}
