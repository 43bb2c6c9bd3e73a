//! What a port has counted.

use std::ops::AddAssign;

use barline_ring::{RxCounters, TxCounters};

use crate::nic::RawStats;

/// What the device and the queues of a port have counted since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The device's own counters.
    pub device: DeviceStats,
    /// Each started receive queue, by number.
    pub rx: Vec<RxStats>,
    /// Each started transmit queue, by number.
    pub tx: Vec<TxStats>,
}

/// Counters of the device, which has them in 32 or 36 bits: widened here to 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceStats {
    /// Good packets received.
    pub rx_packets: u64,
    /// Octets of these, with FCS.
    pub rx_bytes: u64,
    /// Multicast packets received.
    pub rx_multicast: u64,
    /// Good packets transmitted.
    pub tx_packets: u64,
    /// Octets of these, with FCS.
    pub tx_bytes: u64,
    /// Packets dropped since a receive queue had no descriptor; `None` where the device does not
    /// tell, as the 82599's VF.
    pub rx_dropped: Option<u64>,
}

impl AddAssign for DeviceStats {
    fn add_assign(&mut self, more: DeviceStats) {
        self.rx_packets += more.rx_packets;
        self.rx_bytes += more.rx_bytes;
        self.rx_multicast += more.rx_multicast;
        self.tx_packets += more.tx_packets;
        self.tx_bytes += more.tx_bytes;
        self.rx_dropped = match (self.rx_dropped, more.rx_dropped) {
            (Some(here), Some(more)) => Some(here + more),
            (here, more) => here.or(more),
        };
    }
}

/// Counters of a receive queue; see [`RxCounters`] for what each means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RxStats {
    /// Which queue.
    pub queue: u16,
    /// Packets handed to the application.
    pub packets: u64,
    /// Bytes of these, without FCS.
    pub bytes: u64,
    /// Damaged packets, dropped.
    pub errors: u64,
    /// Packets of an impossible length or of too many buffers, dropped: the device is at fault, or
    /// the port's largest frame too small.
    pub violations: u64,
    /// Times that no buffer was left to give to the device.
    pub no_buffers: u64,
}

impl RxStats {
    pub(crate) fn new(queue: u16, counters: &RxCounters) -> RxStats {
        RxStats {
            queue,
            packets: counters.packets.value(),
            bytes: counters.bytes.value(),
            errors: counters.errors.value(),
            violations: counters.bad_length.value() + counters.too_long.value(),
            no_buffers: counters.no_buffers.value(),
        }
    }
}

/// Counters of a transmit queue; see [`TxCounters`] for what each means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TxStats {
    /// Which queue.
    pub queue: u16,
    /// Packets handed to the device.
    pub packets: u64,
    /// Bytes of these, without FCS.
    pub bytes: u64,
    /// Packets that the device reported done, as far as the worker has looked.
    pub completed: u64,
    /// Packets refused: under 17 bytes, too long, or of too many frames.
    pub invalid: u64,
    /// Packets whose fate is unknown, since the queue was reset under them.
    pub lost: u64,
}

impl TxStats {
    pub(crate) fn new(queue: u16, counters: &TxCounters) -> TxStats {
        TxStats {
            queue,
            packets: counters.packets.value(),
            bytes: counters.bytes.value(),
            completed: counters.completed.value(),
            invalid: counters.invalid.value(),
            lost: counters.lost.value(),
        }
    }
}

/// Counters of few bits made into 64: right as long as they are looked at before they go round, which
/// takes over half a minute at 1 Gbit/s.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Widened {
    /// `None` when the next readings are the first.
    last: Option<RawStats>,
    total: DeviceStats,
    octet_bits: u32,
}

impl Widened {
    /// Starts at zero, with the device's counters where they are now, or are found first.
    pub(crate) fn new(now: Option<RawStats>, octet_bits: u32) -> Widened {
        Widened { last: now, total: DeviceStats::default(), octet_bits }
    }

    /// Takes new readings.
    pub(crate) fn update(&mut self, now: RawStats) -> DeviceStats {
        let last = self.last.replace(now).unwrap_or(now);
        let grown = |now: u32, last: u32| u64::from(now.wrapping_sub(last));
        let octets = |now: u64, last: u64| now.wrapping_sub(last) & ((1 << self.octet_bits) - 1);
        self.total += DeviceStats {
            rx_packets: grown(now.rx_packets, last.rx_packets),
            rx_bytes: octets(now.rx_bytes, last.rx_bytes),
            rx_multicast: grown(now.rx_multicast, last.rx_multicast),
            tx_packets: grown(now.tx_packets, last.tx_packets),
            tx_bytes: octets(now.tx_bytes, last.tx_bytes),
            // The device clears this one when it is read.
            rx_dropped: now.rx_dropped.map(u64::from),
        };
        self.total
    }

    /// What was counted up to the last readings.
    pub(crate) fn total(&self) -> DeviceStats {
        self.total
    }

    /// Goes on from readings that may have started again.
    pub(crate) fn rebase(&mut self, now: Option<RawStats>) {
        let rx_dropped = now.and_then(|now| now.rx_dropped).map(u64::from);
        self.total += DeviceStats { rx_dropped, ..DeviceStats::default() };
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(rx_packets: u32) -> RawStats {
        RawStats { rx_packets, ..RawStats::default() }
    }

    #[test]
    fn counters_go_on_over_the_end_of_32_bits_and_over_a_reset() {
        let mut stats = Widened::new(Some(packets(u32::MAX - 1)), 32);
        assert_eq!(stats.update(packets(1)).rx_packets, 3);
        assert_eq!(stats.update(packets(1)).rx_packets, 3);
        stats.rebase(Some(packets(0)));
        assert_eq!(stats.update(packets(5)).rx_packets, 8);
        // Where they are after a reset may not be known at once.
        stats.rebase(None);
        assert_eq!(stats.update(packets(1000)).rx_packets, 8);
        assert_eq!(stats.update(packets(1001)).rx_packets, 9);
    }
}
