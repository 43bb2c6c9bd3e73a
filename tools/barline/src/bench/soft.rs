//! A software adapter while its VF is measured: what it has counted, and how it comes to rest.

use std::thread;
use std::time::Duration;

use barline::{Port, Stats};
use barline_device::{Adapter, DeviceName};
use softnic::Drive;

use super::args::Mode;
use super::count::Tally;
use super::settings::Settings;

/// How often to look whether all is through.
const LOOK: Duration = Duration::from_micros(100);

/// Looks in a row at which nothing has moved before what is under way counts as lost: some seconds. Time
/// alone is no measure, since it goes on where a machine stands still.
const LOOKS: u32 = 20_000;

/// The adapter of the VF that is measured.
pub struct Soft {
    adapter: Adapter,
    device: DeviceName,
    mode: Mode,
}

/// Packets of one direction, as both sides have counted them.
struct Pair {
    direction: &'static str,
    device: u64,
    driver: u64,
}

impl Soft {
    /// For a measurement.
    pub fn new(settings: &Settings, adapter: Adapter) -> Soft {
        let (device, mode) = (settings.device.clone(), settings.mode);
        Soft { adapter, device, mode }
    }

    /// The adapter, if somebody has to move it.
    pub fn to_step(&self) -> Option<Adapter> {
        (self.adapter.spec().drive == Drive::Caller).then(|| self.adapter.clone())
    }

    /// What it has counted for the VF.
    pub fn tally(&self) -> Tally {
        let counted = self.adapter.counters();
        Tally {
            received: counted.rx_packets,
            sent: counted.tx_packets,
            rx_drops: counted.rx_no_descriptor + counted.rx_oversize + counted.dropped_on_purpose,
            tx_drops: counted.tx_spoofed + counted.tx_malformed.total(),
        }
    }

    /// Keeps the uplink from sending, and waits until what it has sent is through the worker's hands.
    pub fn drain(&self, port: &Port) {
        self.adapter.hold_uplink(true);
        let (mut last, mut looks) = (self.pairs(&port.stats()), 0);
        while last.iter().any(|pair| pair.device != pair.driver) && looks < LOOKS {
            thread::sleep(LOOK);
            let now = self.pairs(&port.stats());
            let moved = now.iter().zip(&last).any(|(now, last)| now.driver != last.driver);
            looks = if moved { 0 } else { looks + 1 };
            last = now;
        }
    }

    /// Whether the device and its driver have counted the same; else a line that says what differs.
    /// What other processes send nobody here can hold.
    pub fn compare(&self, stats: &Stats) -> Option<String> {
        if self.adapter.spec().share.is_some() {
            return None;
        }
        difference(&self.device, &self.pairs(stats))
    }

    /// What a mode moves.
    fn pairs(&self, stats: &Stats) -> Vec<Pair> {
        let tally = self.tally();
        let handled = stats.rx.iter().map(|queue| queue.packets + queue.errors + queue.violations);
        let rx = Pair { direction: "received", device: tally.received, driver: handled.sum() };
        let completed = stats.tx.iter().map(|queue| queue.completed).sum();
        let tx = Pair { direction: "sent", device: tally.sent, driver: completed };
        match self.mode {
            Mode::Rx => vec![rx],
            Mode::Tx => vec![tx],
            Mode::Fwd | Mode::Latency => vec![rx, tx],
        }
    }
}

fn difference(device: &DeviceName, pairs: &[Pair]) -> Option<String> {
    let Pair { direction, device: there, driver: here } =
        pairs.iter().find(|pair| pair.device != pair.driver)?;
    Some(format!(
        "{device}: the device counted {there} packets {direction}, and its driver {here}: \
         {} are unaccounted for",
        there.abs_diff(*here)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_one_side_misses_is_told() {
        let pair = |device, driver| Pair { direction: "received", device, driver };
        let device = DeviceName::default();
        assert_eq!(difference(&device, &[pair(7, 7), pair(0, 0)]), None);
        let told = difference(&device, &[pair(7, 7), pair(1000, 999)]).unwrap();
        assert_eq!(
            told,
            "soft: the device counted 1000 packets received, and its driver 999: 1 are unaccounted for"
        );
    }
}
