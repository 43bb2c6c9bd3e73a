//! The time stamp counter (TSC), read so that what stands between two readings is between them.
#![allow(unsafe_code)]

use std::time::Instant;

/// Pairs of readings in a row, and rows of which the cheapest counts. The counter may tick in steps, so
/// that one pair says little.
const PAIRS: u64 = 1000;
const ROWS: usize = 20;

/// The counter now: after all that came before in the program, and before all that comes after. Where
/// there is none, nanoseconds.
#[inline(always)]
pub(super) fn now() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: all three are in the baseline of x86-64 and touch no memory.
    unsafe {
        use std::arch::x86_64::{_mm_lfence, _rdtsc};
        _mm_lfence();
        let now = _rdtsc();
        _mm_lfence();
        now
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        use std::sync::LazyLock;
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed().as_nanos() as u64
    }
}

/// What the counter costs, and how fast it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// What two readings with nothing between them take.
    pair: u64,
    /// Its frequency.
    pub(super) hz: u64,
}

impl Clock {
    /// Measures the clock, which takes some milliseconds.
    pub(super) fn new() -> Clock {
        let (start, begin) = (Instant::now(), now());
        let mut pair = u64::MAX;
        for _ in 0..ROWS {
            let row = (0..PAIRS).map(|_| {
                let first = now();
                now().wrapping_sub(first)
            });
            pair = pair.min(row.sum::<u64>() / PAIRS);
        }
        while start.elapsed().as_millis() < 5 {
            std::hint::spin_loop();
        }
        let hz = now().wrapping_sub(begin) as f64 / start.elapsed().as_secs_f64();
        Clock { pair, hz: hz as u64 }
    }

    /// Cycles of what stood between two readings. The counter may tick in steps: what is less than the
    /// clock's own cost is made up for elsewhere.
    #[inline(always)]
    pub(super) fn between(&self, start: u64, end: u64) -> i64 {
        end.wrapping_sub(start).wrapping_sub(self.pair) as i64
    }

    /// Cycles of so many microseconds.
    pub(super) fn microseconds(&self, microseconds: u32) -> u64 {
        (self.hz as f64 / 1e6 * f64::from(microseconds)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_takes_nothing_and_a_millisecond_a_millisecond() {
        let clock = Clock::new();
        assert_eq!(clock.between(100, 100 + clock.pair), 0);
        assert_eq!(clock.between(100, 100), -(clock.pair as i64));
        assert_eq!(clock.between(u64::MAX, clock.pair + 6), 7);
        let least = (0..1000).map(|_| {
            let start = now();
            clock.between(start, now())
        });
        assert!(least.min().unwrap() <= clock.pair as i64);
        let millisecond = clock.microseconds(1000);
        assert!((1_000_000 / 100..1_000_000 * 100).contains(&millisecond), "{millisecond}");
    }
}
