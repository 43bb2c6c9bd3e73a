//! Time stamp counter cycles as criterion's unit: a frame takes a few of them, and a nanosecond is
//! too coarse and too dependent on the machine for that.
#![allow(unsafe_code)]

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};

/// The time stamp counter now, after all that came before it in the program. (Nanoseconds on
/// machines that have none.)
#[inline]
pub fn now() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: both are in the baseline of x86-64 and touch no memory.
        unsafe {
            std::arch::x86_64::_mm_lfence();
            std::arch::x86_64::_rdtsc()
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
