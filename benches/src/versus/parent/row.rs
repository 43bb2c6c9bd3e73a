//! A row, made of all slots of its work.

use std::collections::BTreeMap;

use super::Problem;
use super::figures::{figures, paired, ratio};
use super::plan::{Part, Work};
use super::stage::Cast;
use crate::versus::rows::{
    Column, ColumnFigures, DpdkFigures, Figures, Mode, Paired, Placement, Row,
};

/// Why a work has no row.
#[derive(Debug)]
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

/// What was found about one work.
#[derive(Default)]
pub(super) struct Found {
    /// All samples of each part.
    pub(super) samples: BTreeMap<Part, Vec<f64>>,
    /// Ours by DPDK's, slot by slot.
    pub(super) ratios: BTreeMap<(Part, Part), Vec<f64>>,
}

impl Found {
    /// The row.
    ///
    /// # Errors
    /// Which of DPDK's functions ran could not be told, or they are not those of their column.
    pub(super) fn row(self, cast: &impl Cast, work: &Work) -> Result<Row, NoRow> {
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
            let functions = if is_dpdk { Some(cast.functions(part)?) } else { None };
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
            Ok(DpdkFigures { min, p25, functions: cast.functions(part)?, column: part.column })
        });
        let scene = cast.scene();
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
