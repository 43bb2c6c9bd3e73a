//! From the start of a program to its first packet.

use super::plan::{self, Part};
use super::stage::Stage;
use super::{Problem, Setting};
use crate::versus::protocol::Ready;
use crate::versus::rows::{Column, Results, Start};

/// How often everybody is started only for that.
const TIMES: usize = 5;

/// Takes what a child said when it was ready: the fastest start of its column counts, with its memory.
pub(super) fn add(starts: &mut Vec<Start>, part: Part, ready: &Ready) {
    let start = Start {
        column: part.column,
        first_packet_ms: ready.started_us as f64 / 1000.0,
        resident_kib: ready.resident_kib,
        what: what(part.column).into(),
    };
    match starts.iter_mut().find(|other| other.column == part.column) {
        Some(other) if start.first_packet_ms < other.first_packet_ms => *other = start,
        Some(_) => {}
        None => starts.push(start),
    }
    starts.sort_by_key(|start| start.column);
}

fn what(column: Column) -> &'static str {
    match column {
        Column::OursSmall => "4 MiB of DMA memory, no hugepages",
        _ => "",
    }
}

/// Starts everybody again some times, alone.
pub(super) fn again(setting: &Setting<'_>, results: &mut Results) -> Result<(), Problem> {
    for _ in 0..TIMES {
        for scene in plan::starts(setting.dpdk.is_some()) {
            let stage = Stage::set(scene, setting)?;
            stage.ready().for_each(|(part, ready)| add(&mut results.starts, part, ready));
            stage.strike()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_start_of_a_column_counts() {
        let ready = |started_us, resident_kib| Ready {
            functions: None,
            simd: None,
            version: None,
            tsc_hz: 1,
            started_us,
            resident_kib,
        };
        let part = |column| Part { column, offloads: false };
        let mut starts = Vec::new();
        add(&mut starts, part(Column::Vector), &ready(90_000, 70));
        for (us, kib) in [(31_000, 10), (29_500, 11), (40_000, 12)] {
            add(&mut starts, part(Column::Ours), &ready(us, kib));
        }
        add(&mut starts, part(Column::OursSmall), &ready(1, 1));
        let told: Vec<_> = starts
            .iter()
            .map(|start| (start.column, start.first_packet_ms, start.resident_kib))
            .collect();
        let small = (Column::OursSmall, 0.001, 1);
        assert_eq!(told, [(Column::Ours, 29.5, 11), small, (Column::Vector, 90.0, 70)]);
        assert!(starts[0].what.is_empty() && starts[1].what.contains("4 MiB"));
    }
}
