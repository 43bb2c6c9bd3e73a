//! Every counter that there is, by name.

use super::stats::DeviceStats;
use super::tally::Tally;

/// A counter with its name.
///
/// Names stay the same from release to release; new ones may come. They begin with what counts:
/// `device_`, `rx_q0_` or `tx_q0_` with the number of a queue, `driver_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedStat {
    /// Its name, such as `rx_q0_packets`.
    pub name: String,
    /// Its value, counted since the port was opened; a queue's since it was given out.
    pub value: u64,
}

impl ExtendedStat {
    pub(super) fn new(name: impl Into<String>, value: u64) -> ExtendedStat {
        ExtendedStat { name: name.into(), value }
    }
}

/// The device's counters.
pub(super) fn device(stats: DeviceStats) -> impl Iterator<Item = ExtendedStat> {
    let DeviceStats { rx_packets, rx_bytes, rx_multicast, tx_packets, tx_bytes, rx_dropped } =
        stats;
    let always = [
        ("device_rx_packets", rx_packets),
        ("device_rx_bytes", rx_bytes),
        ("device_rx_multicast", rx_multicast),
        ("device_tx_packets", tx_packets),
        ("device_tx_bytes", tx_bytes),
    ];
    let dropped = rx_dropped.map(|dropped| ("device_rx_dropped", dropped));
    always.into_iter().chain(dropped).map(|(name, value)| ExtendedStat::new(name, value))
}

/// What the driver counts itself, with the requests that it has sent to the PF.
pub(super) fn driver(tally: &Tally, requests: u64) -> impl Iterator<Item = ExtendedStat> {
    [
        ("driver_mailbox_requests", requests),
        ("driver_pf_resets", tally.pf_resets.value()),
        ("driver_resets", tally.resets.value()),
        ("driver_recoveries", tally.recoveries.value()),
        ("driver_failed_recoveries", tally.failed_recoveries.value()),
        ("driver_queue_restarts", tally.queue_restarts.value()),
        ("driver_stalls", tally.stalls.value()),
        ("driver_settings_lost", tally.settings_lost.value()),
        ("driver_events_lost", tally.events_lost.value()),
    ]
    .into_iter()
    .map(|(name, value)| ExtendedStat::new(name, value))
}
