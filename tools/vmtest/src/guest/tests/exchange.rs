//! Our driver at both ends.

use crate::traffic::{Flow, exchange, pair};
use crate::vf;
use barline::Config;
use std::time::Instant;
use vmtest::Result;

/// Frames each way.
const COUNT: u64 = 200_000;

/// All lengths from 60 to 1514, in no order.
fn standard(number: u64) -> usize {
    60 + (number.wrapping_mul(787) % 1455) as usize
}

/// VF0 to VF1 and back at once: nothing lost, nothing out of order, every byte right.
pub fn run() -> Result {
    let (_pf, vfs) = vf::ready(0, 2)?;
    let mut ends = pair(&vfs, &Config::default())?;
    let start = Instant::now();
    exchange(&mut ends, &mut [Flow::new(COUNT, standard), Flow::new(COUNT, standard)])?;
    println!("{COUNT} frames each way in {:.1} s", start.elapsed().as_secs_f64());
    for end in &ends {
        println!("{}: {:?}", end.port.name(), end.port.stats());
    }
    Ok(())
}
