//! Checked traffic between VFs; and that what goes wrong is told.

use std::num::NonZeroU64;
use std::time::Duration;

use barline::{Config, MacAddress};
use barline_device::soak::{self, Faults, Mirror, Plan, Report};
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

/// A VF whose frames the wire sends back.
fn reflected(mtu: u16, fault: Option<Fault>, frames: u64) -> Report {
    // Each MTU is another adapter: tests run side by side.
    let name: DeviceName = format!("soft:vfs=1,uplink=loop,mtu={mtu}").parse().unwrap();
    let mut device = barline_device::open(&name, Config::default()).unwrap();
    let mut queues = device.port.start().unwrap();
    let pool = device.port.pool();
    let peer = MacAddress([2, 0, 0, 0, 0, 9]);
    let mut mirror = Mirror::new(&device.port, &mut queues, &pool, peer, &Plan::default()).unwrap();
    let half = mirror.run(frames / 2, Duration::from_secs(20));
    assert!(half.faults.is_none() && half.received == frames / 2, "{half:?}");
    if let Some(fault) = fault {
        device.adapter.unwrap().inject(fault);
    }
    mirror.run(frames, Duration::from_secs(2))
}

#[test]
fn a_mirror_gives_every_frame_back() {
    let report = reflected(1501, None, 200_000);
    assert!(report.faults.is_none(), "{report:?}");
    assert_eq!((report.sent, report.received), (200_000, 200_000));
}

#[test]
fn what_a_mirror_does_not_give_back_as_it_was_is_told() {
    let one_in = NonZeroU64::new(4000);
    let none = Faults::default();
    let lost = reflected(1502, Some(Fault::DropOneIn(one_in)), 20_000);
    assert_eq!(
        (lost.sent, lost.received, lost.faults),
        (20_000, 19_998, Faults { lost: 2, ..none })
    );
    let twice = reflected(1502, Some(Fault::DuplicateOneIn(one_in)), 20_000);
    assert_eq!((twice.received, twice.faults), (20_002, Faults { duplicated: 2, ..none }));
    let wrong = reflected(1502, Some(Fault::CorruptOneIn(one_in)), 20_000);
    assert_eq!(wrong.faults, Faults { corrupted: 2, lost: 2, ..none });
}
