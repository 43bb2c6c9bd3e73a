//! What a VF has counted: statistics registers of true width, and all that the device knows besides.

use crate::regs;
use crate::{MalformedCounts, RegisterFile, Tally};

/// What a VF has moved and dropped since it was opened, in 64 bits: more than its registers tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VfCounters {
    /// Frames received into descriptors.
    pub rx_packets: u64,
    /// Their octets, with FCS.
    pub rx_octets: u64,
    /// Those of them that were multicast, broadcast not among them.
    pub rx_multicast: u64,
    /// Frames sent.
    pub tx_packets: u64,
    /// Their octets, with FCS.
    pub tx_octets: u64,
    /// Frames for the VF that found no descriptor, or a queue that was off.
    pub rx_no_descriptor: u64,
    /// Frames for the VF that were too long for it.
    pub rx_oversize: u64,
    /// Receive queues set up in a way that the adapter cannot serve: a tail or head outside the ring, no
    /// buffer size, another type of descriptor than the advanced one with one buffer.
    pub rx_malformed: u64,
    /// Frames that the VF sent from an address or VLAN that is not its own.
    pub tx_spoofed: u64,
    /// Transmit descriptors that make no sense.
    pub tx_malformed: MalformedCounts,
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
    /// The frames among it.
    pub(crate) fn tally(&self) -> Tally {
        Tally { delivered: self.rx_packets, taken: self.tx_packets + self.tx_spoofed }
    }
}

/// How old the statistics registers may get, in nanoseconds. They share cache lines with the doorbells of
/// queue 0, which a busy driver should have for itself.
const STALE: u64 = 1_000_000;

/// The statistics registers (82599 datasheet 8.3.5). They wrap around and are cleared by nothing that
/// a VF can do: not by reading, nor by a reset of its own.
#[derive(Debug, Default)]
pub(super) struct Statistics {
    /// What had been counted when they were last zero.
    from: Counted,
    /// What they show.
    shown: Counted,
    /// What had been counted when [`Statistics::publish`] was last called.
    last: Counted,
    /// When they were written.
    written: u64,
    /// The high half of an octet counter whose low half was read last, with its offset.
    high: Option<(usize, u32)>,
}

impl Statistics {
    /// Writes the registers if they are old, or if nothing is being counted just now.
    pub(super) fn publish(&mut self, counters: &VfCounters, registers: &RegisterFile, now: u64) {
        let counted = Counted::of(counters);
        if counted == self.shown {
            return;
        }
        let is_still = counted == std::mem::replace(&mut self.last, counted);
        if is_still || now.saturating_sub(self.written) >= STALE {
            self.written = now;
            self.write(counted, registers);
        }
    }

    /// Reads one of the registers, exactly. Drivers read the low half of an octet counter first, and
    /// the high half that follows belongs to it.
    pub(super) fn read(
        &mut self,
        offset: usize,
        counters: &VfCounters,
        registers: &RegisterFile,
    ) -> u32 {
        if let Some((_, high)) = self.high.take_if(|(at, _)| *at == offset) {
            return high;
        }
        self.write(Counted::of(counters), registers);
        if matches!(offset, regs::VFGORC_LSB | regs::VFGOTC_LSB) {
            self.high = Some((offset + 4, registers.load(offset + 4)));
        }
        registers.load(offset)
    }

    /// The registers were zeroed.
    pub(super) fn zero(&mut self, counters: &VfCounters) {
        self.from = Counted::of(counters);
        self.shown = self.from;
        self.high = None;
    }

    /// They stand so many short of their next 0.
    pub(super) fn near_wrap(
        &mut self,
        short: u32,
        counters: &VfCounters,
        registers: &RegisterFile,
    ) {
        let counted = Counted::of(counters);
        // Every width divides 2^64.
        self.from = Counted(counted.0.map(|value| value.wrapping_add(short.into())));
        self.high = None;
        self.write(counted, registers);
    }

    fn write(&mut self, counted: Counted, registers: &RegisterFile) {
        self.shown = counted;
        let [rx_packets, rx_octets, rx_multicast, tx_packets, tx_octets] =
            std::array::from_fn(|i| counted.0[i].wrapping_sub(self.from.0[i]));
        let octets = |value: u64, low, high| {
            registers.store(low, value as u32);
            registers.store(high, (value >> 32) as u32 & 0xf);
        };
        registers.store(regs::VFGPRC, rx_packets as u32);
        octets(rx_octets, regs::VFGORC_LSB, regs::VFGORC_MSB);
        registers.store(regs::VFMPRC, rx_multicast as u32);
        registers.store(regs::VFGPTC, tx_packets as u32);
        octets(tx_octets, regs::VFGOTC_LSB, regs::VFGOTC_MSB);
    }
}

/// Received packets, octets and multicast packets, sent packets and octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted([u64; 5]);

impl Counted {
    fn of(counters: &VfCounters) -> Counted {
        let VfCounters { rx_packets, rx_octets, rx_multicast, tx_packets, tx_octets, .. } =
            *counters;
        Counted([rx_packets, rx_octets, rx_multicast, tx_packets, tx_octets])
    }
}

/// Whether a statistics register is at an offset.
pub(super) fn is_statistic(offset: usize) -> bool {
    use regs::{VFGORC_LSB, VFGORC_MSB, VFGOTC_LSB, VFGOTC_MSB, VFGPRC, VFGPTC, VFMPRC};
    matches!(offset, VFGPRC | VFGORC_LSB | VFGORC_MSB | VFMPRC | VFGPTC | VFGOTC_LSB | VFGOTC_MSB)
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
        let mut statistics = Statistics::default();
        assert_eq!(statistics.read(0x101c, &counters, &registers), 3);
        assert_eq!((registers.load(0x1020), registers.load(0x1024)), (0x3456_789a, 2));
        assert_eq!(registers.load(0x1034), 5);
        assert_eq!(registers.load(0x201c), 7);
        assert_eq!((registers.load(0x2020), registers.load(0x2024)), (9, 0));
    }

    #[test]
    fn registers_are_written_once_a_millisecond_and_when_it_is_quiet() {
        let registers = RegisterFile::new().unwrap();
        let mut statistics = Statistics::default();
        let mut counters = VfCounters { rx_packets: 1, ..VfCounters::default() };
        let mut at = |packets, now| {
            counters.rx_packets = packets;
            statistics.publish(&counters, &registers, now);
            registers.load(0x101c)
        };
        assert_eq!(at(1, 2_000_000), 1);
        assert_eq!(at(2, 2_000_001), 1, "busy, and not old yet");
        assert_eq!(at(3, 3_000_000), 3);
        assert_eq!(at(4, 3_000_001), 3);
        assert_eq!(at(4, 3_000_002), 4, "nothing came since");
    }

    #[test]
    fn a_high_half_belongs_to_the_low_half_read_before_it() {
        let registers = RegisterFile::new().unwrap();
        let mut statistics = Statistics::default();
        let mut counters = VfCounters { rx_octets: 0xffff_ffff, ..Default::default() };
        assert_eq!(statistics.read(0x1020, &counters, &registers), 0xffff_ffff);
        counters.rx_octets += 1;
        assert_eq!(statistics.read(0x101c, &counters, &registers), 0);
        assert_eq!(statistics.read(0x1024, &counters, &registers), 0);
        assert_eq!(statistics.read(0x1024, &counters, &registers), 1, "by itself it is new");
        assert_eq!(statistics.read(0x1020, &counters, &registers), 0);
        assert_eq!(statistics.read(0x1024, &counters, &registers), 1);
    }

    #[test]
    fn near_a_wrap_each_register_stands_short_of_its_own() {
        let registers = RegisterFile::new().unwrap();
        let mut statistics = Statistics::default();
        let mut counters = VfCounters { rx_packets: 40, rx_octets: 4000, ..Default::default() };
        statistics.near_wrap(2, &counters, &registers);
        assert_eq!(registers.load(0x101c), u32::MAX - 1);
        assert_eq!((registers.load(0x1020), registers.load(0x1024)), (u32::MAX - 1, 0xf));
        counters.rx_packets += 2;
        counters.rx_octets += 67;
        assert_eq!(statistics.read(0x101c, &counters, &registers), 0);
        assert_eq!((registers.load(0x1020), registers.load(0x1024)), (65, 0));
        assert_eq!(registers.load(0x201c), u32::MAX - 1, "nothing was sent");
    }

    #[test]
    fn a_reset_of_the_device_starts_them_at_zero() {
        let registers = RegisterFile::new().unwrap();
        let mut statistics = Statistics::default();
        let mut counters = VfCounters { tx_packets: 40, tx_octets: 1 << 35, ..Default::default() };
        statistics.zero(&counters);
        counters.tx_packets += 2;
        assert_eq!(statistics.read(0x201c, &counters, &registers), 2);
        assert_eq!((registers.load(0x201c), registers.load(0x2024)), (2, 0));
    }
}
