//! Which plots the page has: work by work, placements, ratios, sweeps, rates.

use maud::{Markup, html};

use super::chart::{Bars, Lines, Span, Spread};
use super::pick::{self, Varied, minimum};
use super::words;
use crate::versus::rows::{Column, Mode, Results, Row};

const UNIT: &str = "TSC cycles a frame, minimum";
const BESIDE: [Column; 4] = [Column::Ours, Column::Vector, Column::Scalar, Column::Full];
const NARROWER: [Column; 5] =
    [Column::Ours, Column::OursAvx2, Column::OursPlain, Column::OursSmall, Column::Vector];

/// All plots that the rows have enough for.
pub(super) fn plots(results: &Results) -> Markup {
    let rows = &results.rows;
    let plain = pick::plain(rows);
    html! {
        div.plots {
            (bars("Each work", &plain, &BESIDE, |row| words::mode(row.mode).into()))
            (spread(&plain))
            @for mode in Mode::ALL {
                @let placed = pick::sweep(rows, *mode, Varied::Placement, 2);
                (bars(&format!("{}: where rings and data were", words::mode(*mode)), &placed, &BESIDE,
                    |row| format!("{}: {}", row.placement, words::placement(row.placement))))
            }
            (narrower(&pick::all_plain(rows)))
        }
    }
}

/// The sweeps as lines; `None` if there is none.
pub(super) fn sweeps(rows: &[Row]) -> Option<Markup> {
    let swept = |varied| Mode::ALL.iter().map(move |mode| (varied, *mode));
    let found: Vec<_> = Varied::SWEPT
        .into_iter()
        .flat_map(swept)
        .map(|(varied, mode)| (varied, mode, pick::sweep(rows, mode, varied, 3)))
        .filter(|(.., rows)| !rows.is_empty())
        .collect();
    (!found.is_empty()).then(|| {
        html! { div.plots { @for (varied, mode, rows) in &found { (lines(*varied, *mode, rows)) } } }
    })
}

fn bars(title: &str, rows: &[&Row], columns: &[Column], name: impl Fn(&Row) -> String) -> Markup {
    let values = |row: &Row| {
        let value = |column: &Column| Some((*column, minimum(row, *column)?));
        columns.iter().filter_map(value).collect()
    };
    let groups: Vec<_> = rows.iter().map(|row| (name(row), values(row))).collect();
    if groups.is_empty() {
        html! {}
    } else {
        Bars { title, unit: UNIT, groups }.draw()
    }
}

/// What barline costs with less than the processor has, where that was measured.
fn narrower(plain: &[&Row]) -> Markup {
    let narrow = [Column::OursAvx2, Column::OursPlain, Column::OursSmall];
    let with = |row: &&&Row| narrow.iter().any(|column| row.columns.contains_key(column));
    let rows: Vec<&Row> = plain.iter().filter(with).copied().collect();
    bars("barline with less than this machine has", &rows, &NARROWER, |row| {
        words::mode(row.mode).into()
    })
}

fn spread(plain: &[&Row]) -> Markup {
    let row = |row: &&Row| {
        let paired = row.paired?;
        let span = Span { median: paired.median, low: paired.p10, high: paired.p90 };
        Some((words::mode(row.mode).to_string(), span))
    };
    let rows: Vec<_> = plain.iter().filter_map(row).collect();
    let unit = "barline's cycles to DPDK's, paired slots";
    if rows.is_empty() {
        html! {}
    } else {
        Spread { title: "Paired ratios", unit, rows }.draw()
    }
}

fn lines(varied: Varied, mode: Mode, rows: &[&Row]) -> Markup {
    let line = |column: &Column| {
        let values: Vec<_> = rows.iter().map(|row| minimum(row, *column)).collect();
        // Of a few places there is nothing to see that varies.
        (values.iter().flatten().count() * 2 > rows.len()).then_some((*column, values))
    };
    let title = format!("{}: {}", words::mode(mode), varied.name());
    let places = rows.iter().map(|row| varied.value(row).1).collect();
    let lines = BESIDE.iter().filter_map(line).collect();
    Lines { title: &title, across: varied.name(), unit: UNIT, places, lines }.draw()
}
