//! Frames a second and round trips, with the device on the other core: secondary figures, since what two
//! threads make of each other swings far more than what one does by itself.

use std::time::{Duration, Instant};

use super::figures::{paired, quantile, ratio, sort};
use super::plan::Part;
use super::stage::Cast;
use super::{Problem, Setting};
use crate::versus::protocol::{Answer, Order};
use crate::versus::rows::{Column, Latency, Mode, Rate, Results};

/// How long one child runs before it is the next one's turn. Longer than a slot of cycles: two threads take
/// a while to fall into step.
const TURN: Duration = Duration::from_millis(50);

/// Frames of a burst.
const BURST: u16 = 32;

const OURS: Part = Part { column: Column::Ours, offloads: false };
const VECTOR: Part = Part { column: Column::Vector, offloads: false };

/// Why one of them is not there.
#[derive(Debug)]
pub(super) enum Lost {
    Problem(Problem),
    Frames(String),
}

impl From<Problem> for Lost {
    fn from(problem: Problem) -> Lost {
        Lost::Problem(problem)
    }
}

/// Measures them.
pub(super) fn measure(
    cast: &mut impl Cast,
    setting: &Setting<'_>,
    results: &mut Results,
) -> Result<(), Problem> {
    let time = Duration::from_secs_f64(setting.seconds / 2.0);
    for mode in [Mode::Rx, Mode::Tx, Mode::Fwd] {
        match rate(cast, mode, time) {
            Ok(rate) => results.rates.push(rate),
            Err(Lost::Problem(problem)) => return Err(problem),
            Err(Lost::Frames(why)) => results.failures.push(format!("rate, {mode}: {why}")),
        }
    }
    match latencies(cast, time) {
        Ok(latencies) => results.latencies.extend(latencies),
        Err(Lost::Problem(problem)) => return Err(problem),
        Err(Lost::Frames(why)) => results.failures.push(format!("latency: {why}")),
    }
    Ok(())
}

fn parts(cast: &impl Cast) -> Vec<Part> {
    [OURS, VECTOR].into_iter().filter(|part| cast.scene().cast.contains(part)).collect()
}

fn is_whole(part: Part, lost: u64) -> Result<(), Lost> {
    match lost {
        0 => Ok(()),
        _ => Err(Lost::Frames(format!("{} lost {lost} frames", part.column))),
    }
}

pub(super) fn rate(cast: &mut impl Cast, mode: Mode, time: Duration) -> Result<Rate, Lost> {
    let order = Order::Rate { mode, burst: BURST, microseconds: TURN.as_micros() as u32 };
    let parts = parts(cast);
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); parts.len()];
    let begun = Instant::now();
    while found[0].is_empty() || begun.elapsed() < time {
        for (part, rates) in parts.iter().zip(&mut found) {
            let report = match cast.ask(*part, order, TURN)? {
                Answer::Rate(report) => report,
                other => return Err(cast.nonsense(*part, &other).into()),
            };
            is_whole(*part, report.lost)?;
            rates.push(report.frames as f64 * 1e3 / report.nanoseconds.max(1) as f64);
        }
    }
    let ratios = found.get(1).map(|theirs| {
        found[0].iter().zip(theirs).filter_map(|(ours, theirs)| ratio(*ours, *theirs)).collect()
    });
    let mut middles = found.into_iter().map(|mut rates| {
        sort(&mut rates);
        quantile(&rates, 0.5)
    });
    Ok(Rate {
        mode,
        burst: BURST,
        size: cast.scene().size,
        ours_mpps: middles.next().flatten().unwrap_or_default(),
        dpdk_mpps: middles.next().flatten(),
        paired: ratios.and_then(paired),
    })
}

pub(super) fn latencies(cast: &mut impl Cast, time: Duration) -> Result<Vec<Latency>, Lost> {
    let order = Order::Latency { microseconds: TURN.as_micros() as u32 };
    let parts = parts(cast);
    let mut found: Vec<Vec<f64>> = vec![Vec::new(); parts.len()];
    let begun = Instant::now();
    while found[0].is_empty() || begun.elapsed() < time {
        for (part, trips) in parts.iter().zip(&mut found) {
            let report = match cast.ask(*part, order, TURN)? {
                Answer::Latency(report) => report,
                other => return Err(cast.nonsense(*part, &other).into()),
            };
            is_whole(*part, report.lost)?;
            let hz = cast.tsc_hz(*part).max(1);
            let nanoseconds = |cycles: u64| cycles as f64 * 1e9 / hz as f64;
            trips.extend(report.round_trips.into_iter().map(nanoseconds));
        }
    }
    let mut latencies = Vec::new();
    for (part, mut trips) in parts.into_iter().zip(found) {
        sort(&mut trips);
        let of = |share| {
            let none = || Lost::Frames(format!("{} timed no frame", part.column));
            quantile(&trips, share).ok_or_else(none)
        };
        latencies.push(Latency {
            column: part.column,
            p50: of(0.5)?,
            p99: of(0.99)?,
            p999: of(0.999)?,
            frames: trips.len() as u64,
        });
    }
    Ok(latencies)
}
