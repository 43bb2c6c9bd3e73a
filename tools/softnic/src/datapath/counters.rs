//! What a VF's two sides have counted.

use super::MalformedCounts;
use crate::VfCounters;

/// The receive side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RxCounters {
    pub(super) packets: u64,
    pub(super) octets: u64,
    pub(super) multicast: u64,
    pub(super) no_descriptor: u64,
    pub(super) oversize: u64,
    pub(super) malformed: u64,
    pub(super) dropped_on_purpose: u64,
    pub(super) faults: u64,
}

/// The transmit side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxCounters {
    pub(super) packets: u64,
    pub(super) octets: u64,
    pub(super) spoofed: u64,
    pub(super) malformed: MalformedCounts,
    /// Times that malicious-driver detection stopped a queue.
    pub(super) stopped: u64,
    pub(super) faults: u64,
}

impl VfCounters {
    /// Takes over what the VF's two sides have counted.
    pub(crate) fn take(&mut self, rx: &RxCounters, tx: &TxCounters) {
        self.rx_packets = rx.packets;
        self.rx_octets = rx.octets;
        self.rx_multicast = rx.multicast;
        self.rx_no_descriptor = rx.no_descriptor;
        self.rx_oversize = rx.oversize;
        self.rx_malformed = rx.malformed;
        self.dropped_on_purpose = rx.dropped_on_purpose;
        self.tx_packets = tx.packets;
        self.tx_octets = tx.octets;
        self.tx_spoofed = tx.spoofed;
        self.tx_malformed = tx.malformed;
        self.mdd_events = tx.stopped;
        self.dma_faults = rx.faults + tx.faults;
    }
}
