//! Checked traffic between VFs; and that what goes wrong is told.

use std::num::NonZeroU64;

use barline_device::soak::{self, Faults, Plan, Report};
use barline_device::{Adapter, DeviceName};
use softnic::Fault;

fn adapter(name: &str) -> Adapter {
    let name: DeviceName = name.parse().unwrap();
    Adapter::open(name.as_soft().unwrap().0).unwrap()
}

#[track_caller]
fn assert_clean(adapter: &Adapter, plan: &Plan) -> Report {
    let report = soak::run(adapter, plan).unwrap();
    assert!(report.faults.is_none(), "{report:?}");
    assert_eq!((report.sent, report.received), (plan.frames, plan.frames));
    assert_eq!(adapter.dma_faults(), 0);
    report
}

#[test]
fn a_million_frames_both_ways() {
    let adapter = adapter("soft:vfs=2,uplink=sink");
    let report = assert_clean(&adapter, &Plan::default());
    // Of lengths from 60 to 1514.
    assert!((780..795).contains(&(report.bytes / report.sent)), "{report:?}");
}

#[test]
fn sixty_three_vfs() {
    let plan = Plan { frames: 500_000, ring: 64, seed: 2, ..Plan::default() };
    assert_clean(&adapter("soft:vfs=63,uplink=sink"), &plan);
}

#[test]
fn an_adapter_that_the_caller_moves() {
    let plan = Plan { frames: 100_000, seed: 4, ..Plan::default() };
    assert_clean(&adapter("soft:uplink=sink,drive=caller"), &plan);
}

#[test]
fn frames_over_several_buffers() {
    let plan = Plan { frames: 50_000, sizes: 64..=9018, seed: 3, ..Plan::default() };
    assert_clean(&adapter("soft:vfs=3,uplink=sink"), &plan);
}

/// Each fault happens to few frames, and is told from the others.
#[test]
fn what_goes_wrong_is_told() {
    let told = |fault: fn(Option<NonZeroU64>) -> Fault, one_in| {
        let adapter = adapter("soft:uplink=sink,mtu=1500");
        adapter.inject(fault(NonZeroU64::new(one_in)));
        let plan = Plan { frames: 70_000, sizes: 64..=128, ..Plan::default() };
        soak::run(&adapter, &plan).unwrap().faults
    };
    let none = Faults::default();
    assert_eq!(told(Fault::DropOneIn, 20_000), Faults { lost: 3, ..none });
    assert_eq!(told(Fault::DuplicateOneIn, 20_000), Faults { duplicated: 3, ..none });
    // The stream misses such a frame, too.
    assert_eq!(told(Fault::CorruptOneIn, 20_000), Faults { corrupted: 3, lost: 3, ..none });
    // One that has none behind it when the adapter has nothing else to do keeps its place.
    let swapped = told(Fault::SwapOneIn, 200);
    assert!((1..=350).contains(&swapped.reordered), "{swapped:?}");
    assert_eq!(swapped, Faults { reordered: swapped.reordered, ..none });
}

#[test]
fn one_in_a_million_is_told() {
    let adapter = adapter("soft:uplink=sink,mtu=1700");
    adapter.inject(Fault::DropOneIn(NonZeroU64::new(1_000_000)));
    let plan = Plan { frames: 1_000_100, sizes: 64..=64, ..Plan::default() };
    assert_eq!(soak::run(&adapter, &plan).unwrap().faults, Faults { lost: 1, ..Faults::default() });
}

/// The last frame, after which nothing comes that could show it.
#[test]
fn the_last_frame_is_not_forgotten() {
    let adapter = adapter("soft:uplink=sink,mtu=1600");
    adapter.inject(Fault::DropOneIn(NonZeroU64::new(1000)));
    let plan = Plan { frames: 1000, ..Plan::default() };
    assert_eq!(soak::run(&adapter, &plan).unwrap().faults, Faults { lost: 1, ..Faults::default() });
}
