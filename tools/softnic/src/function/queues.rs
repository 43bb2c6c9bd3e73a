//! What a reset does to the registers of a VF's queues.

use crate::RegisterFile;
use crate::regs;

/// Queues that a VF's BAR has registers for; how many of them work is the adapter's choice.
pub(crate) const QUEUES: usize = 8;

/// Base, high base and length of a ring, from its queue's first register on.
const RING: [usize; 3] = [0x00, 0x04, 0x08];

/// VFSRRCTL: buffers of 2 KiB and headers of 256 bytes (DPDK's `ixgbe_virt_clr_reg`).
const SRRCTL_DEFAULT: u32 = 0x0402;
/// VFDCA_RXCTRL: relaxed ordering of descriptor reads, data and header writes.
const DCA_RXCTRL_DEFAULT: u32 = 1 << 9 | 1 << 13 | 1 << 15;
/// VFDCA_TXCTRL: relaxed ordering of descriptor reads and writes, and of data reads.
const DCA_TXCTRL_DEFAULT: u32 = 1 << 9 | 1 << 11 | 1 << 13;

/// The registers of all queues that are not zero after power-on.
pub(super) fn power_on(registers: &RegisterFile) {
    for queue in 0..QUEUES {
        let of = |register: usize| register + queue * regs::QUEUE_STRIDE;
        registers.store(of(regs::VFSRRCTL), SRRCTL_DEFAULT);
        registers.store(of(regs::VFDCA_RXCTRL), DCA_RXCTRL_DEFAULT);
        registers.store(of(regs::VFDCA_TXCTRL), DCA_TXCTRL_DEFAULT);
    }
}

/// Queues off and rings forgotten. The rest stays as it was: heads and tails, VFSRRCTL, VFRXDCTL,
/// VFTXDCTL but for the enable bit, VFTDWBAL/H and both VFDCA registers are not reset by a function-level
/// reset (82599 specification update, software clarification 5).
pub(super) fn reset(registers: &RegisterFile) {
    for queue in 0..QUEUES {
        let of = |register: usize| register + queue * regs::QUEUE_STRIDE;
        for control in [regs::VFRXDCTL, regs::VFTXDCTL] {
            let value = registers.load(of(control));
            registers.store(of(control), value & !regs::QUEUE_ENABLE);
        }
        for base in [regs::RX_BASE, regs::TX_BASE] {
            for offset in RING {
                registers.store(of(base) + offset, 0);
            }
        }
    }
}
