//! What a VF has counted: statistics registers of true width, and all that the device knows besides.

use crate::RegisterFile;
use crate::regs;

/// What a VF has moved and dropped since it was opened, in 64 bits: more than its registers tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VfCounters {
    /// Frames received into descriptors.
    pub rx_packets: u64,
    /// Their octets, with FCS.
    pub rx_octets: u64,
    /// Those of them that were multicast or broadcast.
    pub rx_multicast: u64,
    /// Frames sent.
    pub tx_packets: u64,
    /// Their octets, with FCS.
    pub tx_octets: u64,
    /// Frames for the VF that found no descriptor, or a queue that was off.
    pub rx_no_descriptor: u64,
    /// Frames for the VF that were too long for it.
    pub rx_oversize: u64,
    /// Frames that the VF sent from an address or VLAN that is not its own.
    pub tx_spoofed: u64,
    /// Transmit descriptors that make no sense.
    pub tx_malformed: u64,
    /// Frames dropped on purpose, as [`crate::Fault::DropOneIn`] asks.
    pub dropped_on_purpose: u64,
    /// Accesses by DMA to what is not mapped.
    pub dma_faults: u64,
    /// Times that malicious-driver detection stopped a queue.
    pub mdd_events: u64,
    /// Interrupt messages sent.
    pub interrupts: u64,
    /// Mailbox messages that the PF took.
    pub mailbox_requests: u64,
}

impl VfCounters {
    /// What the statistics registers have counted since `then`.
    pub(crate) fn since(&self, then: &VfCounters) -> VfCounters {
        VfCounters {
            rx_packets: self.rx_packets.wrapping_sub(then.rx_packets),
            rx_octets: self.rx_octets.wrapping_sub(then.rx_octets),
            rx_multicast: self.rx_multicast.wrapping_sub(then.rx_multicast),
            tx_packets: self.tx_packets.wrapping_sub(then.tx_packets),
            tx_octets: self.tx_octets.wrapping_sub(then.tx_octets),
            ..*self
        }
    }

    /// Shows them in the statistics registers (82599 datasheet 8.3.5.13): packets of 32 bits, octets of
    /// 36, which wrap around and are cleared by nothing that the VF can do.
    pub(crate) fn publish(&self, registers: &RegisterFile) {
        let octets = |value: u64, low, high| {
            registers.store(low, value as u32);
            registers.store(high, (value >> 32) as u32 & 0xf);
        };
        registers.store(regs::VFGPRC, self.rx_packets as u32);
        octets(self.rx_octets, regs::VFGORC_LSB, regs::VFGORC_MSB);
        registers.store(regs::VFMPRC, self.rx_multicast as u32);
        registers.store(regs::VFGPTC, self.tx_packets as u32);
        octets(self.tx_octets, regs::VFGOTC_LSB, regs::VFGOTC_MSB);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_have_36_bits_and_packets_32() {
        let registers = RegisterFile::new().unwrap();
        let counters = VfCounters {
            rx_packets: (1 << 32) + 3,
            rx_octets: 0x12_3456_789a,
            rx_multicast: (1 << 33) + 5,
            tx_packets: 7,
            tx_octets: (1 << 36) + 9,
            ..VfCounters::default()
        };
        counters.publish(&registers);
        assert_eq!(registers.load(0x101c), 3);
        assert_eq!((registers.load(0x1020), registers.load(0x1024)), (0x3456_789a, 2));
        assert_eq!(registers.load(0x1034), 5);
        assert_eq!(registers.load(0x201c), 7);
        assert_eq!((registers.load(0x2020), registers.load(0x2024)), (9, 0));
    }
}
