//! Turning queues on and off.

use super::{Igbvf, RingPlace, regs};
use crate::Result;
use crate::nic::queue_control::QueueControl;

/// Prefetch when 16 descriptors or fewer are on chip and the host has 8 more; write back each one.
/// The 82576's VF needs a write-back threshold of 1 (an erratum; Linux and DPDK do the same).
const RX_THRESHOLDS: u32 = 16 | 8 << 8 | 1 << 16;
/// The same for transmit: 8 on chip, 1 in the host.
const TX_THRESHOLDS: u32 = 8 | 1 << 8 | 1 << 16;

impl Igbvf {
    pub(super) fn rx_on(&mut self, queue: u16, ring: RingPlace, data_room: usize) -> Result<()> {
        let reg = |first| regs::of_queue(first, queue);
        let control = self.rx_control(queue);
        control.turn_off()?;
        self.registers.write(reg(regs::RDBAL), ring.iova as u32);
        self.registers.write(reg(regs::RDBAH), (ring.iova >> 32) as u32);
        self.registers.write(reg(regs::RDLEN), ring.len as u32);
        // The buffer size counts in KiB.
        let split = regs::SRRCTL_ADVANCED | regs::SRRCTL_DROP | (data_room >> 10) as u32;
        self.registers.write(reg(regs::SRRCTL), split);
        self.registers.write(reg(regs::RDH), 0);
        self.registers.write(reg(regs::RDT), 0);
        control.turn_on(regs::THRESHOLDS, RX_THRESHOLDS)
    }

    pub(super) fn tx_on(&mut self, queue: u16, ring: RingPlace) -> Result<()> {
        let reg = |first| regs::of_queue(first, queue);
        let control = self.tx_control(queue);
        control.turn_off()?;
        self.registers.write(reg(regs::TDBAL), ring.iova as u32);
        self.registers.write(reg(regs::TDBAH), (ring.iova >> 32) as u32);
        self.registers.write(reg(regs::TDLEN), ring.len as u32);
        self.registers.write(reg(regs::TDH), 0);
        self.registers.write(reg(regs::TDT), 0);
        // Reports must reach memory in order.
        self.registers.modify(reg(regs::TXCTRL), regs::TXCTRL_WB_RELAXED, 0);
        control.turn_on(regs::THRESHOLDS, TX_THRESHOLDS)
    }

    pub(super) fn rx_control(&self, queue: u16) -> QueueControl<'_> {
        QueueControl::rx(&self.registers, regs::of_queue(regs::RXDCTL, queue), queue)
    }

    pub(super) fn tx_control(&self, queue: u16) -> QueueControl<'_> {
        QueueControl::tx(&self.registers, regs::of_queue(regs::TXDCTL, queue), queue)
    }
}
