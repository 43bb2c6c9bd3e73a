//! How many frames took how long.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Significant digits of what is recorded.
const DIGITS: u8 = 3;

/// The longest time that is told from longer ones: a minute, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

/// Times of frames, to three digits.
#[derive(Clone, Debug)]
pub struct Times(Histogram<u64>);

/// Times of frames in nanoseconds, as the JSON has them: all to three digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    /// The shortest.
    min: u64,
    /// Half of the frames took no longer.
    p50: u64,
    /// 9 of 10.
    p90: u64,
    /// 99 of 100.
    p99: u64,
    /// 999 of 1000.
    p99_9: u64,
    /// 9999 of 10,000.
    p99_99: u64,
    /// The longest.
    max: u64,
    /// What reading the clock takes, which is part of each time.
    clock: f64,
}

impl Times {
    /// None yet.
    pub fn new() -> Times {
        let histogram = Histogram::new_with_bounds(1, LONGEST, DIGITS);
        Times(histogram.expect("three digits from 1 to a minute are within the histogram's limits"))
    }

    /// Records a time, in nanoseconds.
    #[inline]
    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// How many were recorded.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// What most of them were like; zeros of none. `clock` is what a reading of the clock costs.
    pub fn latency(&self, clock: f64) -> Latency {
        let at = |share| self.0.value_at_quantile(share);
        Latency {
            min: self.0.min(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: self.0.max(),
            clock,
        }
    }
}

impl Latency {
    /// The middle, the edge and the end, for a live line.
    pub fn brief(&self) -> String {
        let Latency { p50, p99, max, .. } = *self;
        format!("p50 {}  p99 {}  max {}", Time(p50), Time(p99), Time(max))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Latency { min, p50, p90, p99, p99_9, p99_99, max, clock } = *self;
        let times = [
            ("min", min),
            ("p50", p50),
            ("p90", p90),
            ("p99", p99),
            ("p99.9", p99_9),
            ("p99.99", p99_99),
            ("max", max),
        ];
        for (name, time) in times {
            writeln!(f, "  {name:<10}  {}", Time(time))?;
        }
        writeln!(f, "  clock       {clock:.0} ns a reading, which is part of each time")
    }
}

/// A time in a unit in which it is short.
struct Time(u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{time} ns"),
            1_000..1_000_000 => write!(f, "{:.2} µs", time / 1e3),
            1_000_000..1_000_000_000 => write!(f, "{:.2} ms", time / 1e6),
            _ => write!(f, "{:.2} s", time / 1e9),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_all_frames_to_three_digits() {
        let mut times = Times::new();
        for time in 1..=10_000 {
            times.record(time * 10);
        }
        let latency = times.latency(25.0);
        assert_eq!((times.len(), latency.min), (10_000, 10));
        let close = |found: u64, expected: f64| (found as f64 / expected - 1.0).abs() < 1e-3;
        let Latency { p50, p90, p99, p99_9, p99_99, max, .. } = latency;
        for (found, expected) in [
            (p50, 50_000.0),
            (p90, 90_000.0),
            (p99, 99_000.0),
            (p99_9, 99_900.0),
            (p99_99, 99_990.0),
            (max, 100_000.0),
        ] {
            assert!(close(found, expected), "{found}, not {expected}");
        }
    }

    #[test]
    fn what_takes_too_long_is_recorded_as_long() {
        let mut times = Times::new();
        times.record(u64::MAX);
        assert!(times.latency(0.0).max >= LONGEST);
        assert_eq!(Times::new().latency(1.0), Latency { clock: 1.0, ..Latency::default() });
    }

    #[test]
    fn times_are_shown_in_a_unit_in_which_they_are_short() {
        let shown =
            [999, 1_000, 123_456, 1_000_000, 2_500_000_000].map(|time| Time(time).to_string());
        assert_eq!(shown, ["999 ns", "1.00 µs", "123.46 µs", "1.00 ms", "2.50 s"]);
        let text = Latency { p50: 812, clock: 24.6, ..Latency::default() }.to_string();
        assert!(
            text.contains("  p50         812 ns\n") && text.contains("25 ns a reading"),
            "{text}"
        );
    }
}
