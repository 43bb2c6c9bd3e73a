//! Every row as figures.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::pick::Usual;
use super::words::{self, figure, maybe};
use crate::versus::rows::{Column, Mode, Paired, Results, Row};

/// Ours beside DPDK's best column. What matters most stands left, where a phone shows it.
pub(super) fn rows(rows: &[Row]) -> Markup {
    html! {
        div.scroll role="region" aria-label="table" tabindex="0" {
            table {
                thead {
                    tr {
                        th rowspan="2" scope="col" { "Work" }
                        th colspan="2" scope="colgroup" { "Minimum" }
                        th rowspan="2" scope="col" { "Ratio" }
                        th colspan="3" scope="colgroup" { "Paired ratio" }
                        th colspan="2" scope="colgroup" { "p25" }
                        th rowspan="2" scope="col" { "DPDK's" br; "path" }
                    }
                    tr {
                        th scope="col" { "barline" } th scope="col" { "DPDK" }
                        th scope="col" { "median" } th scope="col" { "p10 to p90" } th scope="col" { "pairs" }
                        th scope="col" { "barline" } th scope="col" { "DPDK" }
                    }
                }
                tbody {
                    @for row in rows {
                        @let dpdk = row.dpdk.as_ref();
                        tr {
                            (work(rows, row))
                            td { (figure(row.ours.min)) }
                            td { (maybe(dpdk.map(|dpdk| dpdk.min))) }
                            td { strong { (maybe(row.ratio)) } }
                            (paired(row.paired))
                            td { (figure(row.ours.p25)) }
                            td { (maybe(dpdk.map(|dpdk| dpdk.p25))) }
                            td { @match dpdk { Some(dpdk) => (dpdk.column), None => "–" } }
                        }
                    }
                }
            }
        }
    }
}

/// What all rows have in common that do not say otherwise, as a sentence; empty without rows.
pub(super) fn common(rows: &[Row]) -> String {
    let usual = Usual::of(rows);
    usual.map_or_else(String::new, |usual| {
        format!("Where a row does not say otherwise: {}.", usual.words())
    })
}

/// The first cell of a row: what was done, and below that what is not as usual.
fn work(rows: &[Row], row: &Row) -> Markup {
    let otherwise = Usual::of(rows).map_or_else(Vec::new, |usual| usual.otherwise(row));
    html! {
        td.work {
            code { (row.mode) }
            @if !otherwise.is_empty() { br; span.soft { (otherwise.join(", ")) } }
        }
    }
}

fn paired(paired: Option<Paired>) -> Markup {
    html! {
        td { (maybe(paired.map(|paired| paired.median))) }
        td { @match paired {
            Some(paired) => { (figure(paired.p10)) " to " (figure(paired.p90)) },
            None => "–",
        } }
        td { @match paired { Some(paired) => (paired.pairs), None => "–" } }
    }
}

/// Every column of the rows that have more of them than ours and DPDK's best; nothing if there are none.
pub(super) fn columns(rows: &[Row]) -> Markup {
    let best = |row: &Row| row.dpdk.as_ref().map(|dpdk| dpdk.column);
    let more = |row: &&Row| row.columns.keys().any(|column| Some(*column) != best(row));
    let shown: Vec<&Row> = rows.iter().filter(more).collect();
    if shown.is_empty() {
        return html! {};
    }
    let there = |column: &&Column| shown.iter().any(|row| row.columns.contains_key(column));
    let mut columns: Vec<Column> = Column::ALL.iter().filter(there).copied().collect();
    // DPDK's first: the others are ours, with less than we would take.
    columns.sort_by_key(|column| !column.is_dpdk());
    html! {
        h2 #columns { "Every path" }
        p {
            "TSC cycles a frame. The ratio is that of barline's minimum to the path's; of a path of barline's \
            own, that of its minimum to DPDK's best."
        }
        div.scroll role="region" aria-label="table" tabindex="0" {
            table {
                thead {
                    tr {
                        th rowspan="2" scope="col" { "Work" }
                        @for column in &columns { th colspan="3" scope="colgroup" { (words::column(*column)) } }
                    }
                    tr {
                        @for _ in &columns {
                            th scope="col" { "min" } th scope="col" { "p25" } th scope="col" { "ratio" }
                        }
                    }
                }
                tbody {
                    @for row in &shown {
                        tr {
                            (work(rows, row))
                            @for column in &columns {
                                @let figures = row.columns.get(column);
                                td { (maybe(figures.map(|figures| figures.min))) }
                                td { (maybe(figures.map(|figures| figures.p25))) }
                                td { (maybe(figures.and_then(|figures| figures.ratio))) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Which functions of DPDK's ran, in which column, for which work.
pub(super) fn functions(rows: &[Row]) -> Markup {
    let mut found: BTreeMap<(Column, &str), BTreeSet<Mode>> = BTreeMap::new();
    for row in rows {
        let of = row
            .columns
            .iter()
            .filter_map(|(column, figures)| Some((*column, figures.functions.as_deref()?)));
        let best = row.dpdk.iter().map(|dpdk| (dpdk.column, dpdk.functions.as_str()));
        of.chain(best).for_each(|key| {
            found.entry(key).or_default().insert(row.mode);
        });
    }
    if found.is_empty() {
        return html! { p { "None: DPDK did not run." } };
    }
    html! {
        div.scroll role="region" aria-label="table" tabindex="0" {
            table {
                thead { tr { th scope="col" { "Path" } th scope="col" { "Functions" } th scope="col" { "Work" } } }
                tbody {
                    @for ((column, functions), modes) in &found {
                        @let modes: Vec<_> = modes.iter().map(|mode| mode.name()).collect();
                        tr { td { (column) } td.words { code { (functions) } } td.words { (modes.join(", ")) } }
                    }
                }
            }
        }
    }
}

/// Frames a second, round trips, starts: what `--full` has besides.
pub(super) fn others(results: &Results) -> Markup {
    html! {
        @if !results.rates.is_empty() {
            h2 #rates { "Two cores: frames a second" }
            p {
                "The driver on one core, the device on another, both as fast as they can. The device and the \
                caches between the two take part, so this swings from run to run; the paired ratio (over 1: \
                barline moves more) is what to look at. Millions of frames a second."
            }
            div.scroll role="region" aria-label="table" tabindex="0" { table {
                thead { tr {
                    th scope="col" { "Work" } th scope="col" { "Burst" } th scope="col" { "Bytes" } th scope="col" { "barline" }
                    th scope="col" { "DPDK vector" } th scope="col" { "Paired" } th scope="col" { "p10 to p90" } th scope="col" { "Pairs" }
                } }
                tbody { @for rate in &results.rates { tr {
                    td { (rate.mode) } td { (rate.burst) } td { (rate.size) }
                    td { (figure(rate.ours_mpps)) } td { (maybe(rate.dpdk_mpps)) } (paired(rate.paired))
                } } }
            } }
        }
        @if !results.latencies.is_empty() {
            h2 #latency { "Two cores: round trips" }
            p { "Single frames: delivered by the device's core, forwarded by the driver's, taken back. Nanoseconds." }
            div.scroll role="region" aria-label="table" tabindex="0" { table {
                thead { tr {
                    th scope="col" { "Driver" } th scope="col" { "p50" } th scope="col" { "p99" } th scope="col" { "p99.9" } th scope="col" { "Frames" }
                } }
                tbody { @for one in &results.latencies { tr {
                    td { (words::column(one.column)) } td { (figure(one.p50)) } td { (figure(one.p99)) } td { (figure(one.p999)) } td { (one.frames) }
                } } }
            } }
        }
        @if !results.starts.is_empty() {
            h2 #starts { "From the start to the first packet" }
            p { "From the beginning of " code { "main" } " to the first received packet, and the memory that was resident then, hugepages included." }
            div.scroll role="region" aria-label="table" tabindex="0" { table {
                thead { tr {
                    th scope="col" { "Driver" } th scope="col" { "Milliseconds" } th scope="col" { "Memory" } th scope="col" { "" }
                } }
                tbody { @for start in &results.starts { tr {
                    td { (words::column(start.column)) } td { (figure(start.first_packet_ms)) } td { (words::memory(start.resident_kib)) } td.words { (start.what) }
                } } }
            } }
        }
    }
}
