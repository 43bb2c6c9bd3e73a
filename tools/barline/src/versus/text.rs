//! The figures as tables.

use std::collections::BTreeSet;
use std::fmt;

use barline_benches::versus::rows::{Column, Paired, Placement, Results, Row, Size};
use serde::Serialize;

/// What is answered: [`Results`] as they are, or tables of them.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Answer(pub Results);

/// DPDK's columns, as they are headed.
const THEIRS: [(Column, &str); 3] =
    [(Column::Vector, "DPDK vector"), (Column::Scalar, "scalar"), (Column::Full, "full-featured")];

/// Ours that are made to use less.
const LESS: [(Column, &str); 3] = [
    (Column::OursAvx2, "AVX2"),
    (Column::OursPlain, "plain x86-64"),
    (Column::OursSmall, "4 MiB, 4K pages"),
];

/// Width of what a row is about.
const ABOUT: usize = 34;
/// Width of a column's two figures.
const CELL: usize = 16;

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = &self.0;
        head(f, results)?;
        table(f, results)?;
        less(f, results)?;
        functions(f, &results.rows)?;
        rates(f, results)?;
        latencies(f, results)?;
        starts(f, results)?;
        writeln!(f)?;
        results.notes.iter().try_for_each(|note| wrapped(f, note))?;
        results.failures.iter().try_for_each(|failure| wrapped(f, &format!("FAILED: {failure}")))
    }
}

fn head(f: &mut fmt::Formatter<'_>, results: &Results) -> fmt::Result {
    let machine = &results.machine;
    let dpdk = results.dpdk.as_ref().map_or("no DPDK", |dpdk| dpdk.version.as_str());
    let ghz = machine.tsc_hz as f64 / 1e9;
    writeln!(
        f,
        "barline ({}) beside {dpdk}, on the same software adapter in the same run",
        results.simd
    )?;
    writeln!(
        f,
        "{}, {} cores, TSC {ghz:.2} GHz, Linux {}, {} hugepages; {:.0} s\n",
        machine.cpu, machine.cores, machine.kernel, machine.hugepages, results.seconds
    )
}

fn table(f: &mut fmt::Formatter<'_>, results: &Results) -> fmt::Result {
    let beside = results.rows.iter().any(|row| row.dpdk.is_some());
    writeln!(
        f,
        "Cycles a frame of the driver's calls alone: the least, and the 25th percentile of all samples"
    )?;
    write!(f, "{:ABOUT$}{:>CELL$}", "", "ours")?;
    if beside {
        THEIRS.iter().try_for_each(|(_, name)| write!(f, "{name:>CELL$}"))?;
        write!(f, "{:>8}  paired ratio (p10 to p90)", "ratio")?;
    }
    writeln!(f)?;
    for row in &results.rows {
        write!(f, "{:ABOUT$}{}", about(row), cell(Some((row.ours.min, row.ours.p25))))?;
        if beside {
            for (column, _) in THEIRS {
                write!(f, "{}", cell(figures(row, column)))?;
            }
            match row.ratio {
                Some(ratio) => write!(f, "{ratio:>8.2}")?,
                None => write!(f, "{:>8}", "-")?,
            }
            write!(f, "  {}", spread(row.paired.as_ref()))?;
        }
        writeln!(f)?;
    }
    if beside {
        writeln!(
            f,
            "Ratios are to DPDK's best column of the row; paired ones of neighbouring slots"
        )?;
    }
    Ok(())
}

/// What the rest of the table's row is about.
fn about(row: &Row) -> String {
    let mut about = format!("{}, burst {}", row.mode, row.burst);
    match row.placement {
        Placement::Local => {}
        Placement::Split => about += ", two cores",
        other => about += &format!(", {other}"),
    }
    if row.size != Size::Bytes(64) {
        about += &format!(", size {}", row.size);
    }
    for (unlike, words) in [
        (row.ring != 512, format!(", ring {}", row.ring)),
        (row.queues != 1, format!(", {} queues", row.queues)),
        (row.vfs != 1, format!(", {} VFs", row.vfs)),
    ] {
        if unlike {
            about += &words;
        }
    }
    about
}

fn figures(row: &Row, column: Column) -> Option<(f64, f64)> {
    row.columns.get(&column).map(|figures| (figures.min, figures.p25))
}

/// Two figures, or the place where they would be.
fn cell(figures: Option<(f64, f64)>) -> String {
    match figures {
        Some((min, p25)) => format!("{:>CELL$}", format!("{min:.2} {p25:>6.2}")),
        None => format!("{:>CELL$}", "-"),
    }
}

fn spread(paired: Option<&Paired>) -> String {
    let shown = |paired: &Paired| {
        let Paired { median, p10, p90, .. } = paired;
        format!("{median:.2} ({p10:.2} to {p90:.2})")
    };
    paired.map_or("-".into(), shown)
}

/// Ours when it is made to use less.
fn less(f: &mut fmt::Formatter<'_>, results: &Results) -> fmt::Result {
    let rows = || {
        results
            .rows
            .iter()
            .filter(|row| LESS.iter().any(|(column, _)| row.columns.contains_key(column)))
    };
    if rows().next().is_none() {
        return Ok(());
    }
    writeln!(f, "\nOurs, made to use less (in brackets the ratio to DPDK's best)")?;
    write!(f, "{:ABOUT$}{:>CELL$}", "", results.simd)?;
    LESS.iter().try_for_each(|(_, name)| write!(f, "{:>24}", name))?;
    writeln!(f)?;
    for row in rows() {
        write!(f, "{:ABOUT$}{}", about(row), cell(Some((row.ours.min, row.ours.p25))))?;
        for (column, _) in LESS {
            let ratio = row.columns.get(&column).and_then(|figures| figures.ratio);
            let ratio = ratio.map_or(String::new(), |ratio| format!("({ratio:.2})"));
            write!(f, "{}{ratio:>8}", cell(figures(row, column)))?;
        }
        writeln!(f)?;
    }
    Ok(())
}

/// Which of DPDK's functions ran.
fn functions(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let all = rows.iter().flat_map(|row| {
        let told = |(column, _): (Column, _)| {
            Some((column, row.columns.get(&column)?.functions.as_ref()?))
        };
        THEIRS.into_iter().filter_map(told)
    });
    let all: BTreeSet<_> = all.collect();
    if !all.is_empty() {
        writeln!(f, "\nDPDK's functions that ran")?;
    }
    all.iter().try_for_each(|(column, functions)| writeln!(f, "{:10}{functions}", column.name()))
}

fn rates(f: &mut fmt::Formatter<'_>, results: &Results) -> fmt::Result {
    if results.rates.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nMillions of frames a second, the device on the other core (secondary: these swing)"
    )?;
    writeln!(
        f,
        "{:ABOUT$}{:>CELL$}{:>CELL$}  paired ratio (p10 to p90)",
        "", "ours", "DPDK vector"
    )?;
    for rate in &results.rates {
        let theirs = rate.dpdk_mpps.map_or("-".into(), |mpps| format!("{mpps:.1}"));
        let about = format!("{}, burst {}", rate.mode, rate.burst);
        let paired = spread(rate.paired.as_ref());
        writeln!(f, "{about:ABOUT$}{:>CELL$.1}{theirs:>CELL$}  {paired}", rate.ours_mpps)?;
    }
    Ok(())
}

fn latencies(f: &mut fmt::Formatter<'_>, results: &Results) -> fmt::Result {
    if results.latencies.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nRound trip of one frame, device to driver on the other core and back, in nanoseconds"
    )?;
    writeln!(f, "{:ABOUT$}{:>CELL$}{:>CELL$}{:>CELL$}", "", "half within", "99%", "99.9%")?;
    for latency in &results.latencies {
        let name = latency.column.name();
        let (p50, p99, p999) = (latency.p50, latency.p99, latency.p999);
        writeln!(f, "{name:ABOUT$}{p50:>CELL$.0}{p99:>CELL$.0}{p999:>CELL$.0}")?;
    }
    Ok(())
}

fn starts(f: &mut fmt::Formatter<'_>, results: &Results) -> fmt::Result {
    if results.starts.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nFrom main to the first packet, and memory resident then (hugepages included)")?;
    for start in &results.starts {
        let name = start.column.name();
        let mib = start.resident_kib as f64 / 1024.0;
        writeln!(f, "{name:12}{:>8.1} ms{mib:>9.1} MiB  {}", start.first_packet_ms, start.what)?;
    }
    Ok(())
}

/// A sentence over lines of 100 columns, with a dash before.
fn wrapped(f: &mut fmt::Formatter<'_>, note: &str) -> fmt::Result {
    let mut line = "-".to_string();
    for word in note.split_whitespace() {
        if line.len() + word.len() >= 100 {
            writeln!(f, "{line}")?;
            line = " ".into();
        }
        line += " ";
        line += word;
    }
    writeln!(f, "{line}")
}
