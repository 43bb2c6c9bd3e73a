//! Turns and rows, of children that say what a test has them say.

use std::time::Duration;

use super::beside;
use super::plan::{Part, Scene, Work, scenes};
use super::row::NoRow;
use super::stage::Cast;
use super::{Problem, turns};
use crate::versus::protocol::{Answer, LatencyReport, Order, RateReport, SlotReport};
use crate::versus::rows::{Column, Mode, Placement, Row};

/// Children whose slots come one after the other, and are all alike in the end.
struct Made {
    scene: Scene,
    /// What a part answers, and how often it was asked.
    says: fn(Part, usize) -> Answer,
    asked: Vec<(Column, Order)>,
    functions: fn(Column) -> &'static str,
}

impl Made {
    fn new(says: fn(Part, usize) -> Answer) -> Made {
        let scene = scenes(false, true).remove(0);
        Made { scene, says, asked: Vec::new(), functions: |column| column.name() }
    }

    fn work(&self, mode: Mode, burst: u16) -> Work {
        let is_it = |work: &&Work| {
            (work.mode, work.burst, work.placement) == (mode, burst, Placement::Local)
        };
        *self.scene.works.iter().find(is_it).expect("a row of the short run")
    }

    fn row(&mut self, mode: Mode, burst: u16) -> Result<Row, NoRow> {
        let work = self.work(mode, burst);
        turns::measure(self, &work, Duration::ZERO)?.row(self, &work)
    }

    fn failure(&mut self) -> String {
        match self.row(Mode::Fwd, 32) {
            Err(NoRow::Failure(why)) => why,
            other => panic!("{other:?}"),
        }
    }
}

impl Cast for Made {
    fn scene(&self) -> &Scene {
        &self.scene
    }

    fn ask(&mut self, part: Part, order: Order, _: Duration) -> Result<Answer, Problem> {
        let times = self.asked.iter().filter(|(column, _)| *column == part.column).count();
        self.asked.push((part.column, order));
        Ok((self.says)(part, times))
    }

    fn nonsense(&mut self, part: Part, _: &Answer) -> Problem {
        Problem::Failed(format!("{}: nonsense", part.column))
    }

    fn tsc_hz(&self, _: Part) -> u64 {
        2_000_000_000
    }

    fn functions(&self, part: Part) -> Result<String, NoRow> {
        match (self.functions)(part.column) {
            "" => Err(NoRow::Failure("not told".into())),
            name => Ok(name.into()),
        }
    }
}

fn slot(samples: &[f64]) -> Answer {
    Answer::Slot(SlotReport { samples: samples.to_vec(), frames: 2048, lost: 0 })
}

/// Ours takes 2 to 3 cycles, beside each column the same; DPDK's columns 10, 20 and 40.
fn usual(part: Part, _: usize) -> Answer {
    match part.column {
        Column::Vector => slot(&[10.0, 11.0, 12.0, 13.0, 14.0]),
        Column::Scalar => slot(&[20.0, 21.0, 22.0]),
        Column::Full => slot(&[40.0, 41.0, 42.0]),
        Column::Ours => slot(&[3.0, 2.75, 2.0, 3.0, 3.0]),
        _ => slot(&[5.0]),
    }
}

#[test]
fn a_row_has_exactly_the_figures_of_its_samples() {
    let mut made = Made::new(usual);
    let row = made.row(Mode::Fwd, 32).unwrap();
    // Three slots of ours, one beside each of DPDK's.
    assert_eq!((row.ours.min, row.ours.p25, row.ours.samples), (2.0, 2.75, 15));
    let dpdk = row.dpdk.unwrap();
    assert_eq!((dpdk.min, dpdk.p25, dpdk.column), (10.0, 11.0, Column::Vector));
    assert_eq!(dpdk.functions, "vector");
    assert_eq!(row.ratio, Some(0.2));
    let paired = row.paired.unwrap();
    assert_eq!((paired.median, paired.p10, paired.p90, paired.pairs), (0.25, 0.25, 0.25, 1));
    let full = &row.columns[&Column::Full];
    assert_eq!((full.min, full.p25, full.ratio), (40.0, 41.0, Some(0.05)));
    assert_eq!(full.functions.as_deref(), Some("full"));
    let plain = &row.columns[&Column::OursPlain];
    assert_eq!((plain.min, plain.ratio, &plain.functions), (5.0, Some(0.5), &None));
    assert!(!row.columns.contains_key(&Column::Ours));
}

#[test]
fn each_of_dpdks_slots_has_one_of_ours_beside_it_and_the_next_time_the_other_way_round() {
    let mut made = Made::new(|part, times| {
        // The machine is slower the second time.
        let slower = if times > 0 { 2.0 } else { 1.0 };
        match part.column {
            Column::Vector => slot(&[10.0 * slower]),
            _ => slot(&[4.0 * slower]),
        }
    });
    made.scene.cast.retain(|part| matches!(part.column, Column::Ours | Column::Vector));
    let work = made.work(Mode::Fwd, 4);
    let found = turns::measure(&mut made, &work, Duration::from_millis(1)).unwrap();
    let row = found.row(&made, &work).unwrap();
    let paired = row.paired.unwrap();
    assert_eq!((paired.median, paired.p10, paired.p90), (0.4, 0.4, 0.4));
    let order: Vec<Column> = made.asked.iter().map(|(column, _)| *column).collect();
    use Column::{Ours, Vector};
    assert_eq!(order[..2], [Vector, Ours]);
    assert!(order.len() < 4 || order[2..4] == [Ours, Vector], "{order:?}");
    let Order::Slot { mode, burst, placement, microseconds } = made.asked[0].1 else {
        panic!("{:?}", made.asked[0])
    };
    assert_eq!((mode, burst, placement, microseconds), (Mode::Fwd, 4, Placement::Local, 15_000));
}

#[test]
fn with_offloads_dpdks_best_is_its_full_featured_path() {
    let row = Made::new(usual).row(Mode::FwdOffload, 32).unwrap();
    assert_eq!(row.dpdk.unwrap().column, Column::Full);
    assert_eq!(row.columns.keys().collect::<Vec<_>>(), [&Column::Full]);
    assert_eq!(row.ratio, Some(0.05));
}

#[test]
fn without_dpdk_there_is_nothing_to_compare_with() {
    let mut made = Made::new(usual);
    made.scene.cast.retain(|part| !part.column.is_dpdk());
    let row = made.row(Mode::Fwd, 4).unwrap();
    assert_eq!((row.dpdk, row.ratio, row.paired), (None, None, None));
    assert_eq!(row.ours.min, 2.0);
    assert!(row.columns.is_empty());
}

#[test]
fn a_row_that_lost_frames_fails_and_so_does_one_without_figures_or_functions() {
    let lost = Made::new(|part, times| match part.column {
        Column::Scalar => Answer::Slot(SlotReport { samples: vec![1.0], frames: 97, lost: 3 }),
        _ => usual(part, times),
    })
    .failure();
    assert_eq!(lost, "scalar lost 3 of 100 frames");
    let none = Made::new(|_, _| slot(&[])).failure();
    assert_eq!(none, "vector took no sample");
    let mut silent = Made::new(usual);
    silent.functions = |column| if column == Column::Full { "" } else { "known" };
    assert_eq!(silent.failure(), "not told");
}

#[test]
fn an_answer_to_something_else_ends_it_all() {
    let mut made = Made::new(|_, _| Answer::Rate(RateReport::default()));
    match made.row(Mode::Rx, 32) {
        Err(NoRow::Problem(Problem::Failed(why))) => assert_eq!(why, "vector: nonsense"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rates_are_frames_a_microsecond_and_round_trips_nanoseconds() {
    let mut made = Made::new(|part, _| {
        let frames = if part.column == Column::Ours { 5_000 } else { 2_000 };
        Answer::Rate(RateReport { frames, nanoseconds: 100_000, lost: 0 })
    });
    let rate = beside::rate(&mut made, Mode::Tx, Duration::ZERO).unwrap();
    assert_eq!((rate.ours_mpps, rate.dpdk_mpps), (50.0, Some(20.0)));
    assert_eq!(rate.paired.unwrap().median, 2.5);

    let mut made = Made::new(|_, _| {
        let round_trips = (1..=1000).map(|n| n * 2).collect();
        Answer::Latency(LatencyReport { round_trips, lost: 0 })
    });
    let latencies = beside::latencies(&mut made, Duration::ZERO).unwrap();
    assert_eq!(latencies.len(), 2);
    // At 2 GHz a cycle is half a nanosecond.
    assert_eq!(
        (latencies[0].column, latencies[0].p50, latencies[0].frames),
        (Column::Ours, 501.0, 1000)
    );
    assert_eq!((latencies[1].p99, latencies[1].p999), (990.0, 999.0));
}

#[test]
fn rates_of_frames_that_were_lost_are_none() {
    let mut made =
        Made::new(|_, _| Answer::Rate(RateReport { frames: 1, nanoseconds: 1, lost: 7 }));
    let Err(beside::Lost::Frames(why)) = beside::rate(&mut made, Mode::Rx, Duration::ZERO) else {
        panic!("7 frames are lost");
    };
    assert_eq!(why, "ours lost 7 frames");
}
