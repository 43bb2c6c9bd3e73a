//! The device's counters, which run on for as long as it has power.

use super::{Ixgbevf, regs};
use crate::nic::RawStats;

impl Ixgbevf {
    pub(super) fn read_stats(&self) -> RawStats {
        let read = |offset| self.registers.read(offset);
        RawStats {
            rx_packets: read(regs::GPRC),
            rx_bytes: wide(read, regs::GORC_LSB, regs::GORC_MSB),
            rx_multicast: read(regs::MPRC),
            tx_packets: read(regs::GPTC),
            tx_bytes: wide(read, regs::GOTC_LSB, regs::GOTC_MSB),
            rx_dropped: None,
        }
    }
}

/// Reads a counter of 36 bits in two registers, of which the lower may go round in between.
fn wide(read: impl Fn(u64) -> u32, low: u64, high: u64) -> u64 {
    let before = read(low);
    let top = read(high);
    let after = read(low);
    let top = if after < before { read(high) } else { top };
    (u64::from(top) << 32 | u64::from(after)) & ((1 << 36) - 1)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_counter_that_goes_round_while_it_is_read_is_read_right() {
        for step in [1, 1000] {
            let count = Cell::new(0x2_ffff_ffff_u64 - 2 * step);
            let read = |offset: u64| {
                count.set(count.get() + step);
                (count.get() >> (32 * offset)) as u32
            };
            for _ in 0..5 {
                let before = count.get();
                let value = wide(read, 0, 1);
                assert!((before..=count.get()).contains(&value), "{value:x} after {before:x}");
            }
        }
    }
}
