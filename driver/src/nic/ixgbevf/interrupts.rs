//! Vectors: 0 for the mailbox, the others for receive queues, in turn. Transmit has none.

use super::{Ixgbevf, QUEUES, regs};
use crate::nic::RxInterrupt;

/// Vectors that receive queues share: a VF has three in all.
const RX_VECTORS: u16 = 2;

/// The shortest time between two interrupts, 10 us, as Linux's driver has it for low latency.
const THROTTLE: u32 = 5 << 3 | regs::EITR_CNT_WDIS;

impl Ixgbevf {
    /// The vector of a receive queue, if the device has any.
    fn rx_vector(&self, queue: u16) -> Option<u16> {
        let vectors = self.registers.vectors().saturating_sub(1).min(RX_VECTORS);
        queue.checked_rem(vectors).map(|n| 1 + n)
    }

    pub(super) fn assign_vectors(&self) {
        let entry = |queue| self.rx_vector(queue).map_or(0, |v| u32::from(v) | regs::IVAR_VALID);
        for pair in 0..QUEUES / 2 {
            let vectors = entry(2 * pair) | entry(2 * pair + 1) << 16;
            self.registers.write(regs::IVAR + 4 * u64::from(pair), vectors);
        }
        self.registers.write(regs::IVAR_MISC, regs::IVAR_VALID);
        for vector in 0..=u64::from(RX_VECTORS) {
            self.registers.write(regs::EITR + 4 * vector, THROTTLE);
        }
        self.registers.write(regs::EIMC, 0b111);
        self.registers.write(regs::EIAC, 0b111);
        // A receive vector masks itself when it fires, so that a worker which polls hears no more.
        self.registers.write(regs::EIAM, 0b110);
        self.registers.write(regs::EIMS, 0b001);
    }

    pub(super) fn rx_interrupt_of(&self, queue: u16) -> Option<RxInterrupt> {
        let vector = self.rx_vector(queue)?;
        Some(RxInterrupt { vector, register: regs::EIMS, value: 1 << vector })
    }
}
