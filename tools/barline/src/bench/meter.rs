//! What a worker's time goes into.

use std::sync::atomic::{AtomicU64, Ordering};

use super::cycles;

/// What a worker has spent, for others to read while it works. On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Meter {
    busy: AtomicU64,
    idle: AtomicU64,
    bursts: AtomicU64,
    frames: AtomicU64,
}

/// What one or several workers have spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// TSC cycles of bursts that moved a frame.
    pub busy: u64,
    /// TSC cycles of those that found nothing to do.
    pub idle: u64,
    /// Bursts that moved a frame.
    pub bursts: u64,
    /// Frames that these moved.
    pub frames: u64,
}

impl Meter {
    /// The sum of several workers'.
    pub fn sum(meters: &[Meter]) -> Spent {
        meters.iter().fold(Spent::default(), |sum, meter| {
            let read = |field: &AtomicU64| field.load(Ordering::Relaxed);
            Spent {
                busy: sum.busy + read(&meter.busy),
                idle: sum.idle + read(&meter.idle),
                bursts: sum.bursts + read(&meter.bursts),
                frames: sum.frames + read(&meter.frames),
            }
        })
    }
}

impl Spent {
    /// What came since `last`.
    pub fn since(&self, last: &Spent) -> Spent {
        Spent {
            busy: self.busy - last.busy,
            idle: self.idle - last.idle,
            bursts: self.bursts - last.bursts,
            frames: self.frames - last.frames,
        }
    }

    /// TSC cycles of work for each of so many packets; `None` of none, or without a TSC.
    pub fn cycles_per_packet(&self, packets: u64) -> Option<f64> {
        (cycles::COUNTED && packets > 0).then(|| self.busy as f64 / packets as f64)
    }

    /// Frames of a burst that moved one, on average.
    pub fn mean_burst(&self) -> Option<f64> {
        (self.bursts > 0).then(|| self.frames as f64 / self.bursts as f64)
    }

    /// The share of the time in which there was nothing to do, 0 to 1.
    pub fn idle_share(&self) -> Option<f64> {
        let all = self.busy + self.idle;
        (all > 0).then(|| self.idle as f64 / all as f64)
    }
}

/// A worker's side: it reads the counter once a burst, so that each cycle is in one burst or another.
pub struct Lap<'m> {
    meter: &'m Meter,
    last: u64,
    spent: Spent,
}

impl Lap<'_> {
    /// The first burst begins.
    pub fn start(meter: &Meter) -> Lap<'_> {
        Lap { meter, last: cycles::now(), spent: Spent::default() }
    }

    /// A burst has ended, and the next one begins. It did something, or else waited; and it moved so
    /// many frames.
    #[inline(always)]
    pub fn burst(&mut self, worked: bool, frames: usize) {
        let now = cycles::now();
        let cycles = now.wrapping_sub(self.last);
        self.last = now;
        // This thread alone writes them.
        if worked {
            self.spent.busy += cycles;
            self.spent.bursts += 1;
            self.spent.frames += frames as u64;
            self.meter.busy.store(self.spent.busy, Ordering::Relaxed);
            self.meter.bursts.store(self.spent.bursts, Ordering::Relaxed);
            self.meter.frames.store(self.spent.frames, Ordering::Relaxed);
        } else {
            self.spent.idle += cycles;
            self.meter.idle.store(self.spent.idle, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_waiting_are_told_apart() {
        let meters = [Meter::default(), Meter::default()];
        for meter in &meters {
            let mut lap = Lap::start(meter);
            lap.burst(true, 32);
            lap.burst(false, 0);
            lap.burst(true, 16);
        }
        let spent = Meter::sum(&meters);
        assert_eq!((spent.bursts, spent.frames, spent.mean_burst()), (4, 96, Some(24.0)));
        if cycles::COUNTED {
            assert!(spent.busy > 0 && spent.idle > 0);
        }
    }

    #[test]
    fn shares_and_means_are_of_what_there_was() {
        let last = Spent { busy: 100, idle: 100, bursts: 1, frames: 1 };
        let now = Spent { busy: 400, idle: 200, bursts: 3, frames: 61 };
        let spent = now.since(&last);
        assert_eq!(spent, Spent { busy: 300, idle: 100, bursts: 2, frames: 60 });
        assert_eq!((spent.idle_share(), spent.mean_burst()), (Some(0.25), Some(30.0)));
        assert_eq!(spent.cycles_per_packet(60), cycles::COUNTED.then_some(5.0));
        let nothing = Spent::default();
        assert_eq!((nothing.idle_share(), nothing.mean_burst()), (None, None));
        assert_eq!(nothing.cycles_per_packet(0), None);
    }
}
