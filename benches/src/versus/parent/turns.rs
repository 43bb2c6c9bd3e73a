//! Slot by slot, one child after the other, all on one core.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Problem;
use super::figures::{figures, p25, paired, ratio};
use super::plan::{Bracket, Part, Work};
use super::stage::Stage;
use crate::versus::protocol::{Answer, Order, SlotReport};
use crate::versus::rows::{
    Column, ColumnFigures, DpdkFigures, Figures, Mode, Paired, Placement, Row,
};

/// How long a child measures before it is the next one's turn.
pub(super) const SLOT: Duration = Duration::from_millis(15);

/// What was found about one work.
#[derive(Default)]
pub(super) struct Found {
    /// All samples of each part.
    samples: BTreeMap<Part, Vec<f64>>,
    /// Our columns by DPDK's, slot by slot.
    ratios: BTreeMap<(Part, Part), Vec<f64>>,
}

/// Why a work has no row.
pub(super) enum NoRow {
    /// That of the whole measurement.
    Problem(Problem),
    /// Only that of this row.
    Failure(String),
}

impl From<Problem> for NoRow {
    fn from(problem: Problem) -> NoRow {
        NoRow::Problem(problem)
    }
}

/// Measures a work for `time`, by turns.
pub(super) fn measure(stage: &mut Stage<'_>, work: &Work, time: Duration) -> Result<Found, NoRow> {
    let mut found = Found::default();
    let brackets = stage.scene.brackets(work);
    let begun = Instant::now();
    let mut backwards = false;
    // However slow the machine is, everybody has a turn.
    loop {
        for bracket in &brackets {
            turn(stage, work, bracket, backwards, &mut found)?;
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
    stage: &mut Stage<'_>,
    work: &Work,
    bracket: &Bracket,
    backwards: bool,
    found: &mut Found,
) -> Result<(), NoRow> {
    let mut slots = vec![None; bracket.len()];
    for n in 0..bracket.len() {
        let n = if backwards { bracket.len() - 1 - n } else { n };
        let report = slot(stage, work, bracket[n])?;
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

fn slot(stage: &mut Stage<'_>, work: &Work, part: Part) -> Result<SlotReport, NoRow> {
    let Work { mode, burst, placement, .. } = *work;
    let microseconds = SLOT.as_micros() as u32;
    let order = Order::Slot { mode, burst, placement, microseconds };
    let column = part.column;
    match stage.ask(part, order, SLOT)? {
        Answer::Slot(report) if report.lost > 0 => Err(NoRow::Failure(format!(
            "{column} lost {} of {} frames",
            report.lost,
            report.frames + report.lost
        ))),
        Answer::Slot(report) if report.samples.is_empty() => {
            Err(NoRow::Failure(format!("{column} took no sample")))
        }
        // They end up in minima: what no driver can do is a broken clock, or a broken child.
        Answer::Slot(report) if !report.samples.iter().all(|cycles| cycles.is_finite()) => {
            Err(NoRow::Failure(format!("{column} took samples that are no numbers")))
        }
        Answer::Slot(report) => Ok(report),
        other => Err(stage.nonsense(part, &other).into()),
    }
}

impl Found {
    /// The row. `functions` says which of DPDK's functions a part ran.
    pub(super) fn row(self, stage: &Stage<'_>, work: &Work) -> Result<Row, NoRow> {
        let all: BTreeMap<Part, Figures> = self
            .samples
            .into_iter()
            .filter_map(|(part, all)| Some((part, figures(all)?)))
            .collect();
        let ours = Part { column: Column::Ours, offloads: work.mode == Mode::FwdOffload };
        let &figures =
            all.get(&ours).ok_or_else(|| NoRow::Failure("ours took no sample".into()))?;
        let mut ratios: BTreeMap<(Part, Part), Paired> = self
            .ratios
            .into_iter()
            .filter_map(|(pair, ratios)| Some((pair, paired(ratios)?)))
            .collect();
        let theirs = all.iter().filter(|(part, _)| part.column.is_dpdk());
        let best = theirs.min_by(|(_, a), (_, b)| a.min.total_cmp(&b.min));
        let best = best.map(|(part, figures)| (*part, *figures));
        let mut columns = BTreeMap::new();
        for (&part, &Figures { min, p25, samples }) in &all {
            if part == ours {
                continue;
            }
            let is_dpdk = part.column.is_dpdk();
            let functions = if is_dpdk { Some(stage.functions(part)?) } else { None };
            let ratio = if is_dpdk {
                ratio(figures.min, min)
            } else {
                best.and_then(|(_, best)| ratio(min, best.min))
            };
            let paired = ratios.get(&(ours, part)).copied();
            columns
                .insert(part.column, ColumnFigures { min, p25, samples, functions, ratio, paired });
        }
        let dpdk = best.map(|(part, Figures { min, p25, .. })| -> Result<_, NoRow> {
            Ok(DpdkFigures { min, p25, functions: stage.functions(part)?, column: part.column })
        });
        let scene = &stage.scene;
        Ok(Row {
            mode: work.mode,
            burst: work.burst,
            size: scene.size,
            placement: work.placement,
            queues: scene.queues,
            ring: scene.ring,
            vfs: scene.vfs,
            ours: figures,
            dpdk: dpdk.transpose()?,
            columns,
            ratio: best.and_then(|(_, best)| ratio(figures.min, best.min)),
            paired: best.and_then(|(part, _)| ratios.remove(&(ours, part))),
        })
    }
}

impl Work {
    /// As messages have it.
    pub(super) fn name(&self) -> String {
        let Work { mode, burst, placement, .. } = self;
        match placement {
            Placement::Local => format!("{mode}, burst {burst}"),
            _ => format!("{mode}, burst {burst}, {placement}"),
        }
    }
}
