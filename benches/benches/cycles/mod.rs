//! Time stamp counter cycles as criterion's unit: a frame takes a few of them, and a nanosecond is
//! too coarse and too dependent on the machine for that.
// Every benchmark uses a part of it.
#![allow(dead_code, unsafe_code)]

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Criterion, Throughput};

/// Frames of a sample. What is done once for a block of them is in each sample as often, and the steps in
/// which some counters tick even out.
pub const SAMPLE: usize = 2048;

/// The time stamp counter now: after all that came before it in the program, and before all that comes
/// after. (Nanoseconds on machines that have none.)
#[inline(always)]
pub fn now() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_mm_lfence, _rdtsc};
        // SAFETY: all three are in the baseline of x86-64 and touch no memory.
        unsafe {
            _mm_lfence();
            let now = _rdtsc();
            _mm_lfence();
            now
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// What a reading of the counter costs: of many in a row, so that it is known to less than a step.
static READING: LazyLock<f64> = LazyLock::new(|| {
    const READINGS: u32 = 1000;
    let rows = (0..100).map(|_| {
        let start = now();
        (0..READINGS).for_each(|_| _ = black_box(now()));
        now() - start
    });
    rows.min().unwrap_or(0) as f64 / f64::from(READINGS + 1)
});

/// Cycles of the fastest of `samples` samples, times `samples`: other work on the machine makes them slower
/// and never faster. A sample is [`SAMPLE`] frames in bursts of `burst`; of each burst only the middle one
/// of its three steps counts, less what reading the counter costs.
pub fn best<T>(state: &mut T, samples: u64, burst: usize, steps: [fn(&mut T); 3]) -> u64 {
    let [before, timed, after] = steps;
    let bursts = SAMPLE / burst;
    let sample = |_| {
        let mut cycles = 0;
        for _ in 0..bursts {
            before(state);
            let start = now();
            timed(state);
            cycles += now() - start;
            after(state);
        }
        cycles
    };
    let best: u64 = (0..samples).map(sample).min().unwrap_or(0);
    best.saturating_sub((*READING * bursts as f64) as u64) * samples
}

/// Short runs: what is measured repeats within a few percent, and what is not timed takes far longer than
/// what is.
pub fn short() -> Criterion<Cycles> {
    Criterion::default()
        .with_measurement(Cycles)
        .sample_size(20)
        .nresamples(2000)
        .warm_up_time(Duration::from_millis(30))
        .measurement_time(Duration::from_millis(50))
}

/// Measures in cycles; with a throughput of elements, cycles per element are reported.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cycles;

impl Measurement for Cycles {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        now()
    }

    fn end(&self, start: u64) -> u64 {
        now().wrapping_sub(start)
    }

    fn add(&self, a: &u64, b: &u64) -> u64 {
        a + b
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Formatter
    }
}

struct Formatter;

impl ValueFormatter for Formatter {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        "cycles"
    }

    fn scale_throughputs(
        &self,
        _typical: f64,
        throughput: &Throughput,
        values: &mut [f64],
    ) -> &'static str {
        let (count, unit) = match *throughput {
            Throughput::Elements(n) => (n, "cycles/frame"),
            Throughput::Bytes(n) | Throughput::BytesDecimal(n) => (n, "cycles/byte"),
            _ => (1, "cycles"),
        };
        values.iter_mut().for_each(|value| *value /= count as f64);
        unit
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "cycles"
    }
}
