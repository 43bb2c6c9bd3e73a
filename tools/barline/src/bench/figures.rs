//! From counters to figures.

use std::fmt;
use std::time::Duration;

use barline::Stats;
use serde::Serialize;

use super::frame::FCS;
use super::settings::Settings;
use super::{Mode, cycles};

/// What a port has counted that matters in a mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Packets received, or sent.
    pub packets: u64,
    /// Packets and bytes (without FCS) of which the mean size is made.
    sized: (u64, u64),
    /// Packets lost, where somebody counts.
    pub drops: Option<u64>,
}

impl Count {
    /// Takes what matters from a port's counters, which started at zero with it.
    pub fn of(mode: Mode, stats: &Stats) -> Count {
        let received = stats.rx.iter().map(|queue| (queue.packets, queue.bytes));
        let given = stats.tx.iter().map(|queue| (queue.packets, queue.bytes));
        let sum = |(a, b), (c, d)| (a + c, b + d);
        let sent: u64 = stats.tx.iter().map(|queue| queue.completed).sum();
        let at_rx: u64 = stats.rx.iter().map(|queue| queue.errors + queue.violations).sum();
        let at_tx: u64 = stats.tx.iter().map(|queue| queue.invalid + queue.lost).sum();
        let drops = stats.device.rx_dropped.unwrap_or(0) + at_rx;
        match mode {
            Mode::Rx => {
                let sized = received.fold((0, 0), sum);
                Count { packets: sized.0, sized, drops: Some(drops) }
            }
            // What is lost behind the device is counted by nobody.
            Mode::Tx => Count { packets: sent, sized: given.fold((0, 0), sum), drops: None },
            Mode::Fwd => {
                Count { packets: sent, sized: given.fold((0, 0), sum), drops: Some(drops + at_tx) }
            }
        }
    }

    /// Mean size with FCS, rounded; 0 of nothing.
    fn size(&self) -> u64 {
        let (packets, bytes) = self.sized;
        (bytes + packets / 2).checked_div(packets).map_or(0, |mean| mean + FCS as u64)
    }
}

/// The figures of a measurement, as its JSON has them.
#[derive(Debug, Serialize)]
pub struct Figures {
    device: String,
    mode: &'static str,
    size: u64,
    burst: usize,
    packets: u64,
    drops: Option<u64>,
    mpps: f64,
    gbps: f64,
    cycles_per_packet: Option<f64>,
    elapsed_s: f64,
}

impl Figures {
    /// The figures of what was counted in `elapsed`, and took so many TSC cycles.
    pub fn new(settings: &Settings, count: &Count, cycles: u64, elapsed: Duration) -> Figures {
        let size = if settings.mode == Mode::Tx { settings.size.into() } else { count.size() };
        let mpps = mpps(count.packets, elapsed);
        Figures {
            device: settings.device.clone(),
            mode: settings.mode.name(),
            size,
            burst: settings.burst,
            packets: count.packets,
            drops: count.drops,
            mpps,
            gbps: gbps(size, mpps),
            cycles_per_packet: (cycles::COUNTED && count.packets > 0)
                .then(|| cycles as f64 / count.packets as f64),
            elapsed_s: elapsed.as_secs_f64(),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figures { device, mode, size, burst, packets, mpps, gbps, elapsed_s, .. } = self;
        let done = if *mode == "rx" { "received" } else { "sent" };
        writeln!(f, "{device} {mode}: {packets} packets {done} in {elapsed_s:.2} s")?;
        writeln!(f, "  rate        {mpps:.6} Mpps, {gbps:.6} Gbit/s")?;
        let mean = if *mode == "tx" || *packets == 0 { "" } else { " on average" };
        writeln!(f, "  frame size  {size} bytes with FCS{mean}")?;
        writeln!(f, "  burst       {burst} frames at most")?;
        writeln!(f, "  drops       {}", Drops(self.drops))?;
        match self.cycles_per_packet {
            Some(cycles) => writeln!(f, "  cycles      {cycles:.1} a packet (TSC)"),
            None => writeln!(f, "  cycles      not known"),
        }
    }
}

/// One live line: what came since the last one, and all that was lost.
pub fn live(
    settings: &Settings,
    at: Duration,
    now: &Count,
    last: &Count,
    span: Duration,
) -> String {
    let since = Count {
        packets: now.packets - last.packets,
        sized: (now.sized.0 - last.sized.0, now.sized.1 - last.sized.1),
        drops: None,
    };
    let size = if settings.mode == Mode::Tx { settings.size.into() } else { since.size() };
    let mpps = mpps(since.packets, span);
    let mut line = format!(
        "{} {:3} {:5.0} s  {mpps:9.6} Mpps  {:9.6} Gbit/s  {:>10} packets",
        settings.device,
        settings.mode.name(),
        at.as_secs_f64(),
        gbps(size, mpps),
        now.packets
    );
    if let Some(drops) = now.drops {
        line += &format!("  {drops} drops counted");
    }
    line
}

/// Million packets a second.
fn mpps(packets: u64, time: Duration) -> f64 {
    if time.is_zero() { 0.0 } else { packets as f64 / time.as_secs_f64() / 1e6 }
}

/// Gigabits a second.
fn gbps(size: u64, mpps: f64) -> f64 {
    size as f64 * 8.0 * mpps / 1000.0
}

struct Drops(Option<u64>);

impl fmt::Display for Drops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(drops) => write!(f, "{drops}, as far as the device counts them"),
            None => f.write_str("not known: nobody counts what is lost behind the device"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use barline::{DeviceStats, MacAddress, Root, RxStats, TxStats};

    fn settings(mode: Mode) -> Settings {
        Settings {
            device: "0000:01:10.0".into(),
            mode,
            dst: MacAddress::default(),
            size: 64,
            burst: 32,
            cores: vec![0],
            time: None,
            live: false,
            root: Root::default(),
        }
    }

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
        let rx = Count::of(Mode::Rx, &stats());
        assert_eq!((rx.packets, rx.size(), rx.drops), (10, 104, Some(103)));
        let tx = Count::of(Mode::Tx, &stats());
        assert_eq!((tx.packets, tx.drops), (10, None));
        let fwd = Count::of(Mode::Fwd, &stats());
        assert_eq!((fwd.packets, fwd.size(), fwd.drops), (10, 93, Some(104)));
    }

    #[test]
    fn figures_agree_with_each_other() {
        let count = Count { packets: 3_000_000, sized: (1, 60), drops: None };
        let figures = Figures::new(&settings(Mode::Tx), &count, 60_000_000, Duration::from_secs(2));
        let json: serde_json::Value = serde_json::to_value(&figures).unwrap();
        let number = |field: &str| json[field].as_f64().unwrap();
        assert_eq!(number("mpps"), 1.5);
        assert!((number("gbps") - 64.0 * 8.0 * 1.5 / 1000.0).abs() < 1e-12);
        assert_eq!(number("elapsed_s"), 2.0);
        assert_eq!(json["drops"], serde_json::Value::Null);
        if cycles::COUNTED {
            assert_eq!(number("cycles_per_packet"), 20.0);
        }
        let fields: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        let mut expected = [
            "device",
            "mode",
            "size",
            "burst",
            "packets",
            "drops",
            "mpps",
            "gbps",
            "cycles_per_packet",
            "elapsed_s",
        ];
        expected.sort_unstable();
        assert_eq!(fields, expected);
    }

    #[test]
    fn nothing_at_all_is_a_measurement_too() {
        let count = Count::of(Mode::Rx, &Stats::default());
        let figures = Figures::new(&settings(Mode::Rx), &count, 0, Duration::ZERO);
        let json = serde_json::to_value(&figures).unwrap();
        assert_eq!((&json["size"], &json["packets"]), (&0.into(), &0.into()));
        assert_eq!((json["mpps"].as_f64(), json["gbps"].as_f64()), (Some(0.0), Some(0.0)));
        assert!(json["cycles_per_packet"].is_null());
    }

    #[test]
    fn a_live_line_is_about_the_time_since_the_last() {
        let last = Count { packets: 500, sized: (500, 30_000), drops: Some(1) };
        let now = Count { packets: 1500, sized: (1500, 90_000), drops: Some(4) };
        let second = Duration::from_secs(1);
        let line = live(&settings(Mode::Rx), 3 * second, &now, &last, second);
        assert!(line.contains("rx      3 s   0.001000 Mpps   0.000512 Gbit/s"), "{line}");
        assert!(line.ends_with("1500 packets  4 drops counted"), "{line}");
    }
}
