//! From counters to what matters in a mode.

use barline::Stats;

use super::args::Mode;
use super::frame::FCS;

/// What a device itself has counted for its VF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Packets that it put into receive rings.
    pub received: u64,
    /// Packets that it took from transmit rings.
    pub sent: u64,
    /// Packets for the VF that it dropped.
    pub rx_drops: u64,
    /// Packets from the VF that it dropped.
    pub tx_drops: u64,
}

/// What a port has counted that matters in a mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets received, or sent.
    pub packets: u64,
    /// Packets and bytes (without FCS) of which the mean size is made.
    pub sized: (u64, u64),
    /// Packets lost, where somebody counts.
    pub drops: Option<u64>,
}

impl Count {
    /// Takes what matters from a port's counters, which started at zero with it, and from those of its
    /// device where they can be had.
    pub fn of(mode: Mode, stats: &Stats, tally: Option<&Tally>) -> Count {
        let received = stats.rx.iter().map(|queue| (queue.packets, queue.bytes));
        let given = stats.tx.iter().map(|queue| (queue.packets, queue.bytes));
        let sum = |(a, b), (c, d)| (a + c, b + d);
        let sent: u64 = stats.tx.iter().map(|queue| queue.completed).sum();
        let at_rx: u64 = stats.rx.iter().map(|queue| queue.errors + queue.violations).sum();
        let at_tx: u64 = stats.tx.iter().map(|queue| queue.invalid + queue.lost).sum();
        let by_device = tally.map(|tally| tally.rx_drops).or(stats.device.rx_dropped);
        let drops = by_device.map(|drops| drops + at_rx);
        match mode {
            Mode::Rx | Mode::Latency => {
                let sized = received.fold((0, 0), sum);
                Count { packets: sized.0, sized, drops }
            }
            // What is lost behind a real device is counted by nobody.
            Mode::Tx => {
                let drops = tally.map(|tally| tally.tx_drops + at_tx);
                Count { packets: sent, sized: given.fold((0, 0), sum), drops }
            }
            Mode::Fwd => {
                let tx_drops = tally.map_or(0, |tally| tally.tx_drops) + at_tx;
                let drops = drops.map(|drops| drops + tx_drops);
                Count { packets: sent, sized: given.fold((0, 0), sum), drops }
            }
        }
    }

    /// What came since `last`; drops are all that there were.
    pub fn since(&self, last: &Count) -> Count {
        Count {
            packets: self.packets - last.packets,
            sized: (self.sized.0 - last.sized.0, self.sized.1 - last.sized.1),
            drops: self.drops,
        }
    }

    /// Mean size with FCS, rounded; 0 of nothing.
    pub fn size(&self) -> u64 {
        let (packets, bytes) = self.sized;
        (bytes + packets / 2).checked_div(packets).map_or(0, |mean| mean + FCS as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barline::{DeviceStats, RxStats, TxStats};

    fn stats() -> Stats {
        let rx =
            RxStats { packets: 10, bytes: 995, errors: 1, violations: 2, ..RxStats::default() };
        let tx = TxStats { packets: 8, bytes: 800, completed: 7, lost: 1, ..TxStats::default() };
        Stats {
            device: DeviceStats { rx_dropped: Some(100), ..DeviceStats::default() },
            rx: vec![rx, RxStats { no_buffers: 9, ..RxStats::default() }],
            tx: vec![tx, TxStats { packets: 3, bytes: 180, completed: 3, ..TxStats::default() }],
        }
    }

    #[test]
    fn each_mode_counts_what_it_is_about() {
        let rx = Count::of(Mode::Rx, &stats(), None);
        assert_eq!((rx.packets, rx.size(), rx.drops), (10, 104, Some(103)));
        let tx = Count::of(Mode::Tx, &stats(), None);
        assert_eq!((tx.packets, tx.drops), (10, None));
        let fwd = Count::of(Mode::Fwd, &stats(), None);
        assert_eq!((fwd.packets, fwd.size(), fwd.drops), (10, 93, Some(104)));
    }

    #[test]
    fn a_device_that_tells_is_believed_and_one_that_does_not_leaves_it_open() {
        let tally = Tally { rx_drops: 1000, tx_drops: 2000, ..Tally::default() };
        let drops = |mode, tally| Count::of(mode, &stats(), tally).drops;
        assert_eq!(drops(Mode::Rx, Some(&tally)), Some(1003));
        assert_eq!(drops(Mode::Tx, Some(&tally)), Some(2001));
        assert_eq!(drops(Mode::Fwd, Some(&tally)), Some(3004));
        let silent = Stats { device: DeviceStats::default(), ..stats() };
        assert_eq!(Count::of(Mode::Rx, &silent, None).drops, None);
        assert_eq!(Count::of(Mode::Fwd, &silent, None).drops, None);
    }

    #[test]
    fn a_difference_has_its_own_mean_size() {
        let last = Count { packets: 500, sized: (500, 30_000), drops: Some(1) };
        let now = Count { packets: 1500, sized: (1500, 130_000), drops: Some(4) };
        let since = now.since(&last);
        assert_eq!((since.packets, since.size(), since.drops), (1000, 104, Some(4)));
        assert_eq!(Count::default().size(), 0);
    }
}
