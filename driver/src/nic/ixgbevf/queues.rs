//! Turning queues on and off.

use std::time::Duration;

use super::{Ixgbevf, regs};
use crate::nic::queue_control::QueueControl;
use crate::nic::{RingPlace, RxSetup};
use crate::{Result, clock};

/// What the device may still have on its way to memory when it says that a receive queue is off
/// (82599 datasheet 4.6.7.1.2).
const DRAIN: Duration = Duration::from_micros(100);

/// How long a transmit queue gets to send what it was given before it is turned off; Linux's and
/// DPDK's drivers give it as much.
const FINISH: Duration = Duration::from_millis(10);

/// Prefetch when 32 descriptors or fewer are on chip and the host has 1 more. Write-back threshold 0:
/// reports are written at once, as they must be where not every descriptor asks for one (82599
/// datasheet 7.2.3.4.1).
const TX_THRESHOLDS: u32 = 32 | 1 << 8;

/// Bytes of a VLAN tag, which the largest frame does not count.
const TAG: u32 = 4;

impl Ixgbevf {
    pub(super) fn rx_on(&mut self, queue: u16, ring: RingPlace, setup: &RxSetup) -> Result<()> {
        self.rx_off(queue)?;
        let write = |first, value| self.registers.write(regs::of_queue(first, queue), value);
        write(regs::RDBAL, ring.iova as u32);
        write(regs::RDBAH, (ring.iova >> 32) as u32);
        write(regs::RDLEN, ring.len as u32);
        // Packets must be in memory before their descriptors.
        write(regs::DCA_RXCTRL, regs::DCA_DESC_READ_RELAXED);
        // The buffer size counts in KiB.
        let size = (setup.data_room >> 10) as u32;
        write(regs::SRRCTL, regs::SRRCTL_ADVANCED | regs::SRRCTL_DROP | size);
        write(regs::RDH, 0);
        write(regs::RDT, 0);
        let (mask, limit) = self.length_limit();
        let strip = self.strip_bits(setup.vlan_strip);
        self.rx_control(queue).turn_on(mask | regs::RXDCTL_VME, limit | strip)
    }

    pub(super) fn rx_off(&self, queue: u16) -> Result<()> {
        self.rx_control(queue).turn_off()?;
        clock::pause(DRAIN);
        Ok(())
    }

    pub(super) fn tx_on(&mut self, queue: u16, ring: RingPlace) -> Result<()> {
        self.tx_off(queue)?;
        let write = |first, value| self.registers.write(regs::of_queue(first, queue), value);
        write(regs::TDBAL, ring.iova as u32);
        write(regs::TDBAH, (ring.iova >> 32) as u32);
        write(regs::TDLEN, ring.len as u32);
        // No reset clears the address that the VF's last user may have had its head written to.
        write(regs::TDWBAL, 0);
        write(regs::TDWBAH, 0);
        // Reports must reach memory in order.
        let relaxed = regs::DCA_DESC_READ_RELAXED | regs::DCA_DATA_READ_RELAXED;
        write(regs::DCA_TXCTRL, relaxed);
        write(regs::TDH, 0);
        write(regs::TDT, 0);
        self.tx_control(queue).turn_on(regs::TXDCTL_THRESHOLDS, TX_THRESHOLDS)
    }

    pub(super) fn tx_off(&self, queue: u16) -> Result<()> {
        let control = self.tx_control(queue);
        if control.is_on() {
            let read = |first| self.registers.read(regs::of_queue(first, queue));
            let tail = read(regs::TDT);
            // One that cannot send, without a link say, is turned off with what it has.
            self.registers.wait(regs::of_queue(regs::TDH, queue), FINISH, |head| head == tail);
        }
        control.turn_off()?;
        clock::pause(DRAIN);
        Ok(())
    }

    /// Turns everything off that a reset may have left on.
    pub(super) fn all_off(&self) {
        for queue in 0..regs::QUEUES {
            self.registers.write(regs::of_queue(regs::RXDCTL, queue), 0);
            self.registers.write(regs::of_queue(regs::TXDCTL, queue), 0);
        }
        self.registers.write(regs::EIMC, u32::MAX);
    }

    /// Changes the limit on packets' lengths of the queues that are on.
    pub(super) fn limit_length(&self) {
        let (mask, limit) = self.length_limit();
        for queue in (0..self.used.rx).filter(|&queue| self.rx_control(queue).is_on()) {
            self.registers.modify(regs::of_queue(regs::RXDCTL, queue), mask, limit);
        }
    }

    fn strip_bits(&self, wanted: bool) -> u32 {
        // The tag of a port VLAN is between PF and switch: the VF's packets go without one.
        if wanted || self.granted.port_vlan { regs::RXDCTL_VME } else { 0 }
    }

    /// RXDCTL's bits that limit the length of packets, and what they are to be.
    fn length_limit(&self) -> (u32, u32) {
        match self.model.limits_length {
            true => (
                regs::RXDCTL_RLPML | regs::RXDCTL_RLPML_EN,
                (u32::from(self.max_frame) + TAG) | regs::RXDCTL_RLPML_EN,
            ),
            false => (0, 0),
        }
    }

    fn rx_control(&self, queue: u16) -> QueueControl<'_> {
        QueueControl::rx(&self.registers, regs::of_queue(regs::RXDCTL, queue), queue)
    }

    fn tx_control(&self, queue: u16) -> QueueControl<'_> {
        QueueControl::tx(&self.registers, regs::of_queue(regs::TXDCTL, queue), queue)
    }
}
