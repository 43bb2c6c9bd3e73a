//! What the rings cost, in cycles a frame: `cargo bench -p barline-benches --bench ring`. Each way of moving
//! descriptors that the CPU has, at bursts of 32 and 4.
//!
//! The model device takes its turn between the timed bursts, so that only the driver's side counts;
//! rings, frames and data are in this core's cache then.
#![allow(missing_docs)]

mod cycles;
#[path = "../counted/src/lane.rs"]
mod lane;
#[path = "../../ring/tests/model/mod.rs"]
mod model;

use barline_ring::{PacketMut, Simd};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cycles::{Cycles, SAMPLE, best, short};
use lane::Lane;

/// What is done before a burst, what is timed, and what is done after it.
type Steps = [fn(&mut Lane<'_>); 3];

const WAYS: [(&str, Steps); 10] = [
    ("rx", [|lane| lane.arrive(), |lane| lane.poll(), |lane| lane.free()]),
    ("rx, all known", [|lane| lane.arrive_known(), |lane| lane.poll(), |lane| lane.free()]),
    ("tx", [|lane| lane.prepare(|_, _| {}), |lane| lane.push(), |lane| lane.depart()]),
    ("tx, one tag", [|lane| lane.prepare(tag), |lane| lane.push(), |lane| lane.depart()]),
    ("tx, a tag each", [|lane| lane.prepare(tags), |lane| lane.push(), |lane| lane.depart()]),
    ("tx, checksums", [|lane| lane.prepare(checksums), |lane| lane.push(), |lane| lane.depart()]),
    (
        "tx, checksums of every other",
        [|lane| lane.prepare(every_other), |lane| lane.push(), |lane| lane.depart()],
    ),
    ("fwd", [|lane| lane.arrive(), |lane| lane.forward(), |lane| lane.depart()]),
    ("fwd, all known", [|lane| lane.arrive_known(), |lane| lane.forward(), |lane| lane.depart()]),
    (
        "fwd, offloads",
        [|lane| lane.arrive_known(), |lane| lane.forward_offload(), |lane| lane.depart()],
    ),
];

fn tag(packet: &mut PacketMut<'_>, _: usize) {
    packet.head().set_vlan(Some(5));
}

fn tags(packet: &mut PacketMut<'_>, i: usize) {
    packet.head().set_vlan(Some(i as u16));
}

fn checksums(packet: &mut PacketMut<'_>, _: usize) {
    packet.request_checksums().expect("a UDP datagram");
}

fn every_other(packet: &mut PacketMut<'_>, i: usize) {
    if i.is_multiple_of(2) {
        checksums(packet, i);
    }
}

fn rings(c: &mut Criterion<Cycles>) {
    for simd in Simd::available() {
        let mut group = c.benchmark_group(format!("ring/{simd}"));
        group.throughput(Throughput::Elements(SAMPLE as u64));
        for burst in [32, 4] {
            for (name, steps) in WAYS {
                let rig = lane::rig();
                let pool = lane::pool(&rig);
                let mut lane = Lane::new(&rig, &pool, simd, burst);
                group.bench_function(format!("{name}/{burst}"), |b| {
                    b.iter_custom(|samples| best(&mut lane, samples, burst, steps));
                });
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = all;
    config = short();
    targets = rings
}
criterion_main!(all);
