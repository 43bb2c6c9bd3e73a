//! The fixed text of the page: what was measured and how, and what could make it unfair.
//! docs/benchmarking.md has all of it.

use maud::{Markup, html};

use super::words;
use crate::versus::rows::{Column, Mode, Placement, Results, Row};

/// What the words of this page mean, as far as this run has them.
pub(super) fn words(rows: &[Row]) -> Markup {
    let modes = Mode::ALL.iter().filter(|mode| rows.iter().any(|row| row.mode == **mode));
    let placements =
        Placement::ALL.iter().filter(|place| rows.iter().any(|row| row.placement == **place));
    let columns = Column::ALL.iter().filter(|column| {
        **column == Column::Ours || rows.iter().any(|row| row.columns.contains_key(column))
    });
    html! {
        dl {
            dt { "VF" }
            dd { "A Virtual Function: one of the small network devices that a card with SR-IOV pretends to be, each for one program." }
            dt { "Burst" }
            dd { "How many frames one call of the driver handles at most." }
            @for mode in modes { dt { code { (mode) } ": " (words::mode(*mode)) } dd { (words::timed(*mode)) } }
            @for place in placements { dt { code { (place) } ": " (words::placement(*place)) } dd { (words::placed(*place)) } }
            @for column in columns { dt { (words::column(*column)) } dd { (words::is(*column)) } }
            dt { "min, p25" }
            dd { "The least of all samples of a driver, and what a quarter of them stays under. What disturbs a sample only ever adds to it." }
            dt { "Ratio of minima" }
            dd { "barline's minimum divided by that of DPDK's best path for that work. Under 1, barline is cheaper." }
            dt { "Paired ratio" }
            dd { "The p25 of each of barline's turns divided by that of the turn of DPDK's beside it: the middle one of all pairs, and between what eight tenths of them are." }
        }
    }
}

/// The machine that it ran on.
pub(super) fn machine(results: &Results) -> Markup {
    let machine = &results.machine;
    html! {
        table.facts {
            tbody {
                tr { th scope="row" { "Processor" } td { (machine.cpu) } }
                tr { th scope="row" { "Time stamp counter" } td { (format!("{:.0} MHz", machine.tsc_hz as f64 / 1e6)) } }
                tr { th scope="row" { "Cores" } td { (machine.cores) } }
                tr { th scope="row" { "Hugepages" } td { (machine.hugepages) } }
                tr { th scope="row" { "Kernel" } td { (machine.kernel) } }
                tr { th scope="row" { "DPDK" } td { @match &results.dpdk { Some(dpdk) => (dpdk.version), None => "did not run" } } }
                tr { th scope="row" { "barline's instructions" } td { (results.simd) } }
                tr { th scope="row" { "Took" } td { (format!("{:.0} s", results.seconds)) } }
            }
        }
    }
}

/// How it was measured.
pub(super) fn how() -> Markup {
    html! {
        ul {
            li { "One process for each driver and path, each with VFs of its own on one software adapter, which is a model of Intel's 82599. All are pinned to the same core." }
            li { "They measure in turn, 15 milliseconds each, after one that warms up and is thrown away, while the others sleep: a clock that drifts, or a neighbour on the machine, falls on all. Every other time the order is the opposite." }
            li { "Timed are windows of bursts that follow each other, 256 frames together. Before each of them the adapter delivers frames and takes what was sent, which is not timed. Timed are the driver's calls alone, between two readings of the time stamp counter with fences around them; what an empty pair of readings costs is taken off, the same way on both sides." }
            li { "A sample is as many bursts in a row as hold 2048 frames or more, so that work which a driver does once in 32 or 64 frames is never left out." }
            li { "Frames that were lost, by the adapter's own count, fail the run." }
        }
    }
}

/// What could make it unfair.
pub(super) fn unfair() -> Markup {
    html! {
        ul {
            li { strong { "Doorbells. " } "Where the processor has MOVDIRI, DPDK writes them with it: right for a card, but it throws the memory that a software device polls out of the cache. The flag is hidden from DPDK, and barline does not use the instruction either." }
            li { strong { "Compilers. " } "DPDK's library is Debian's build; the program around it is compiled with -O3 -march=native, as its users do. barline is one generic x86-64 binary, which chooses its instructions when it starts." }
            li { strong { "Settings. " } "Both have hugepages, and rings of the same length. DPDK has the thresholds that its driver recommends and the largest mempool cache there is, 512 for each core." }
            li { strong { "Paths. " } "DPDK chooses its functions itself, and its log says which; a process that runs others than its column's fails. Each row is compared with the path that was cheapest there." }
            li { strong { "The device. " } "The model was written by barline's authors, from public sources, and shares no code with barline. Unmodified DPDK passes a suite of tests on it, every byte checked." }
            li { strong { "Caches. " } "The model leaves rings and frames in the core's own cache, which flatters who touches more of them. Rows for another core's cache and for cold memory stand beside it." }
            li { strong { "Features. " } "A DPDK mbuf can do more than a barline frame: reference counts, external buffers, timestamps. DPDK pays for that whether an application wants it or not; an application that does will not find it in barline." }
        }
        p {
            "What is not in them: PCIe, MMIO, the device's own time, the application, and everything that \
            only a card can show. docs/benchmarking.md in barline's repository has the whole method, and how to \
            repeat it with a card."
        }
    }
}
