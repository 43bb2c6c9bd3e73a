//! What a worker's time goes into.

use std::sync::atomic::{AtomicU64, Ordering};

use super::cycles;

/// A burst of more TSC cycles than this was interrupted: a fraction of a millisecond is more than any
/// burst takes, and less than what the kernel or a hypervisor gives somebody else at a time.
const INTERRUPTED: u64 = 1_000_000;

/// What a worker has spent, for others to read while it works. On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Meter {
    busy: AtomicU64,
    idle: AtomicU64,
    stolen: AtomicU64,
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
    /// TSC cycles of those that were interrupted.
    pub stolen: u64,
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
                stolen: sum.stolen + read(&meter.stolen),
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
            stolen: self.stolen - last.stolen,
            bursts: self.bursts - last.bursts,
            frames: self.frames - last.frames,
        }
    }

    /// TSC cycles of work for each of so many packets; `None` of none, or without a TSC.
    pub fn cycles_per_packet(&self, packets: u64) -> Option<f64> {
        (self.busy > 0 && packets > 0).then(|| self.busy as f64 / packets as f64)
    }

    /// Frames of a burst that moved one, on average.
    pub fn mean_burst(&self) -> Option<f64> {
        (self.bursts > 0).then(|| self.frames as f64 / self.bursts as f64)
    }

    /// The share of the time in which there was nothing to do, 0 to 1.
    pub fn idle_share(&self) -> Option<f64> {
        self.share(self.idle)
    }

    /// The share of the time that others took, 0 to 1.
    pub fn stolen_share(&self) -> Option<f64> {
        self.share(self.stolen)
    }

    fn share(&self, part: u64) -> Option<f64> {
        let all = self.busy + self.idle + self.stolen;
        (all > 0).then(|| part as f64 / all as f64)
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
        self.add(cycles, worked, frames);
    }

    #[inline(always)]
    fn add(&mut self, cycles: u64, worked: bool, frames: usize) {
        let (spent, meter) = (&mut self.spent, self.meter);
        // This thread alone writes them.
        let add = |sum: &mut u64, more: u64, shown: &AtomicU64| {
            *sum += more;
            shown.store(*sum, Ordering::Relaxed);
        };
        if cycles > INTERRUPTED {
            add(&mut spent.stolen, cycles, &meter.stolen);
        } else if worked {
            add(&mut spent.busy, cycles, &meter.busy);
        } else {
            add(&mut spent.idle, cycles, &meter.idle);
        }
        if worked {
            add(&mut spent.bursts, 1, &meter.bursts);
            add(&mut spent.frames, frames as u64, &meter.frames);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_waiting_and_what_others_take_are_told_apart() {
        let meters = [Meter::default(), Meter::default()];
        for meter in &meters {
            let mut lap = Lap::start(meter);
            lap.add(1000, true, 32);
            lap.add(300, false, 0);
            lap.add(INTERRUPTED, true, 16);
            lap.add(INTERRUPTED + 1, true, 12);
            lap.add(5 * INTERRUPTED, false, 0);
        }
        let spent = Meter::sum(&meters);
        let busy = 2 * (1000 + INTERRUPTED);
        let stolen = 2 * (6 * INTERRUPTED + 1);
        assert_eq!(spent, Spent { busy, idle: 600, stolen, bursts: 6, frames: 120 });
    }

    #[test]
    fn each_burst_lasts_from_the_one_before() {
        let meter = Meter::default();
        let start = cycles::now();
        let mut lap = Lap::start(&meter);
        for _ in 0..100 {
            lap.burst(true, 1);
            lap.burst(false, 0);
        }
        let Spent { busy, idle, stolen, bursts, .. } = Meter::sum(&[meter]);
        assert_eq!(bursts, 100);
        assert!(busy + idle + stolen <= cycles::now() - start);
        assert_eq!(busy > 0 && idle > 0, cfg!(target_arch = "x86_64"));
    }

    #[test]
    fn shares_and_means_are_of_what_there_was() {
        let last = Spent { busy: 100, idle: 100, stolen: 7, bursts: 1, frames: 1 };
        let now = Spent { busy: 400, idle: 200, stolen: 607, bursts: 3, frames: 61 };
        let spent = now.since(&last);
        assert_eq!(spent, Spent { busy: 300, idle: 100, stolen: 600, bursts: 2, frames: 60 });
        assert_eq!((spent.idle_share(), spent.stolen_share()), (Some(0.1), Some(0.6)));
        assert_eq!((spent.mean_burst(), spent.cycles_per_packet(60)), (Some(30.0), Some(5.0)));
        let nothing = Spent::default();
        assert_eq!((nothing.idle_share(), nothing.mean_burst()), (None, None));
        assert_eq!((nothing.stolen_share(), nothing.cycles_per_packet(60)), (None, None));
    }
}
