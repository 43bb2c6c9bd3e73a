//! Slot by slot, one child after the other, all on one core.

use std::time::{Duration, Instant};

use super::figures::{p25, ratio};
use super::plan::{Bracket, Part, Work};
use super::row::{Found, NoRow};
use super::stage::Cast;
use crate::versus::protocol::{Answer, Order, SlotReport};

/// How long a child measures before it is the next one's turn.
pub(super) const SLOT: Duration = Duration::from_millis(15);

/// Measures a work for `time`, by turns.
pub(super) fn measure(cast: &mut impl Cast, work: &Work, time: Duration) -> Result<Found, NoRow> {
    let mut found = Found::default();
    let brackets = cast.scene().brackets(work);
    let begun = Instant::now();
    let mut backwards = false;
    // However slow the machine is, everybody has a turn.
    loop {
        for bracket in &brackets {
            turn(cast, work, bracket, backwards, &mut found)?;
        }
        // Nobody always comes after the same one.
        backwards = !backwards;
        if begun.elapsed() >= time {
            return Ok(found);
        }
    }
}

/// One turn of those who stand side by side.
fn turn(
    cast: &mut impl Cast,
    work: &Work,
    bracket: &Bracket,
    backwards: bool,
    found: &mut Found,
) -> Result<(), NoRow> {
    let mut slots = vec![None; bracket.len()];
    for n in 0..bracket.len() {
        let n = if backwards { bracket.len() - 1 - n } else { n };
        let report = slot(cast, work, bracket[n])?;
        slots[n] = p25(&report.samples);
        found.samples.entry(bracket[n]).or_default().extend(report.samples);
    }
    let first = bracket[0];
    if !first.column.is_dpdk() {
        return Ok(());
    }
    for (part, slot) in bracket.iter().zip(&slots).skip(1) {
        if let (Some(ours), Some(theirs)) = (slot, slots[0]) {
            found.ratios.entry((*part, first)).or_default().extend(ratio(*ours, theirs));
        }
    }
    Ok(())
}

fn slot(cast: &mut impl Cast, work: &Work, part: Part) -> Result<SlotReport, NoRow> {
    let Work { mode, burst, placement, .. } = *work;
    let microseconds = SLOT.as_micros() as u32;
    let order = Order::Slot { mode, burst, placement, microseconds };
    let column = part.column;
    match cast.ask(part, order, SLOT)? {
        Answer::Slot(report) if report.lost > 0 => Err(NoRow::Failure(format!(
            "{column} lost {} of {} frames",
            report.lost,
            report.frames + report.lost
        ))),
        Answer::Slot(report) if report.samples.is_empty() => {
            Err(NoRow::Failure(format!("{column} took no sample")))
        }
        Answer::Slot(report) => Ok(report),
        other => Err(cast.nonsense(part, &other).into()),
    }
}
