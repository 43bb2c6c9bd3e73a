//! The beginning of the page: what came out, for somebody who reads nothing else.

use maud::{Markup, html};

use super::pick;
use super::words::{self, figure};
use crate::versus::rows::{Results, Row, Size};

/// Title, outcome, the plain words, the notes.
pub(super) fn header(results: &Results) -> Markup {
    html! {
        header {
            h1 { "What a frame costs the driver: barline beside DPDK" }
            @match pick::first(&results.rows) {
                Some(row) => (outcome(results, row)),
                None => p.lead { "Nothing was measured: there are no rows." },
            }
            div.plain role="note" {
                p {
                    strong { "A software device." } " Both drivers drove VFs of an adapter that is a model \
                    in plain memory. There is no PCIe and no MMIO in these figures, and nothing here was \
                    run on silicon: they say what the drivers' own instructions and memory accesses \
                    cost, and not how many frames a card would move."
                }
            }
            (tiles(&results.rows))
            @if !results.failures.is_empty() {
                div.plain.failed role="alert" {
                    h2 #failures { "What failed, and is not among the rows" }
                    ul { @for failure in &results.failures { li { (failure) } } }
                }
            }
            @if !results.notes.is_empty() {
                h2 #notes { "Notes of this run" }
                ul { @for note in &results.notes { li { (note) } } }
            }
        }
    }
}

fn outcome(results: &Results, row: &Row) -> Markup {
    let of = match row.size {
        Size::Imix => "of mixed sizes (imix)".to_string(),
        size => format!("of {size} bytes"),
    };
    html! {
        p.lead {
            strong { (words::doing(row.mode)) } " frames " (of) ", " (row.burst) " at a time, took barline's driver "
            strong { (figure(row.ours.min)) " cycles" } " a frame"
            @match (&row.dpdk, row.ratio) {
                (Some(dpdk), Some(ratio)) => { " and DPDK's " strong { (figure(dpdk.min)) } ". " (compared(ratio)) },
                _ => ". DPDK did not run, so there is nothing to compare that with here; the notes say why.",
            }
        }
        p {
            @match &results.dpdk {
                Some(dpdk) => {
                    "Compared were barline and " (dpdk.version) "'s own, unmodified driver for VFs of Intel's \
                    82599, on the same device, in the same run, by turns of some milliseconds on the same \
                    core, so that whatever happened to the machine happened to both."
                },
                None => "Measured was barline alone.",
            }
            " A cycle is a tick of the processor's time stamp counter"
            @if results.machine.tsc_hz > 0 {
                ", of which this machine has " (figure(results.machine.tsc_hz as f64 / 1e9)) " in a nanosecond"
            }
            ". Fewer are better."
        }
    }
}

/// A ratio in words.
fn compared(ratio: f64) -> String {
    match ratio {
        r if r > 0.0 && r < 0.975 => format!(
            "That is {} of DPDK's cycles: while DPDK's driver works on one frame, barline's is done with {}.",
            figure(r),
            figure(1.0 / r)
        ),
        r if r <= 1.025 => "That is about the same.".into(),
        r => format!(
            "That is {} times DPDK's cycles: here DPDK's driver is the cheaper one.",
            figure(r)
        ),
    }
}

/// One tile for each work.
fn tiles(rows: &[Row]) -> Markup {
    html! {
        ul.tiles {
            @for row in pick::plain(rows) {
                li {
                    span { (words::mode(row.mode)) }
                    b { (figure(row.ours.min)) small { " cycles a frame" } }
                    @match (&row.dpdk, row.ratio) {
                        (Some(dpdk), Some(ratio)) => span.soft { "DPDK " (figure(dpdk.min)) " · ratio " (figure(ratio)) },
                        _ => span.soft { "no DPDK beside it" },
                    }
                }
            }
        }
    }
}
