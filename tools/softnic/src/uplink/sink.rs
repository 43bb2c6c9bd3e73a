//! A sink: takes everything, sends nothing.

use super::{Traffic, Uplink, UplinkCounters, Wire};

/// See [`super::UplinkSpec::Sink`].
#[derive(Default)]
pub(crate) struct Sink {
    received: Traffic,
}

impl Uplink for Sink {
    fn poll(&mut self, _now: u64, _budget: usize, _wire: &mut dyn Wire) -> usize {
        0
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.received.count(frame.len());
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters { received: self.received, ..UplinkCounters::default() }
    }
}
