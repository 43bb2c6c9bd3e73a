//! What the benchmarks share: a clock that counts cycles.

mod cycles;

pub use cycles::{Cycles, now};
