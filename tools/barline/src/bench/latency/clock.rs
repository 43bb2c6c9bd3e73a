//! The clock that times frames, and what a look at it costs.

use std::time::Instant;

/// Readings to find out what one costs.
const READINGS: u64 = 100_000;

/// Nanoseconds since it was started, which never go back.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Starts at zero.
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    /// Nanoseconds now.
    #[inline]
    pub fn now(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }

    /// Nanoseconds that a reading takes, on average.
    pub fn cost(&self) -> f64 {
        let start = self.now();
        for _ in 1..READINGS {
            std::hint::black_box(self.now());
        }
        (self.now() - start) as f64 / READINGS as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_costs_something_and_time_goes_on() {
        let clock = Clock::start();
        let before = clock.now();
        let cost = clock.cost();
        assert!(cost > 0.0 && cost < 1e6, "{cost} ns");
        assert!(clock.now() >= before + (cost * READINGS as f64 / 2.0) as u64);
    }
}
