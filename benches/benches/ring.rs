//! What the rings cost, in cycles a frame at bursts of 32: `cargo bench -p barline-benches`.
//!
//! The model device takes its turn between the timed bursts, so that only the driver's side counts;
//! rings, frames and data are in this core's cache then. Rings are given by their fastest bursts.
#![allow(missing_docs)]

mod cycles;
#[path = "../../ring/tests/model/mod.rs"]
mod model;

use std::hint::black_box;
use std::time::Duration;

use barline_ring::{
    Adv82599, FrameBatch, PacketMut, Pool, RxRing, Simd, TxConfig, TxRing, handoff,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cycles::{Cycles, now};
use model::{Ip, Report, Rig, RxDevice, Sum, Traffic, TxDevice};

const BURST: usize = 32;
const RING: usize = 512;

/// A ring or two, their devices, and what goes over them.
struct Path<'a> {
    rx: RxRing<Adv82599>,
    tx: TxRing<Adv82599>,
    rx_device: RxDevice,
    tx_device: TxDevice,
    batch: FrameBatch<'a>,
}

/// Cycles of the fastest of `iterations` bursts, times `iterations`: other work on the machine makes
/// bursts slower and never faster. What reading the clock costs is taken off.
fn best(
    path: &mut Path<'_>,
    iterations: u64,
    before: fn(&mut Path<'_>),
    timed: fn(&mut Path<'_>),
    after: fn(&mut Path<'_>),
) -> u64 {
    let (mut best, mut clock) = (u64::MAX, u64::MAX);
    for _ in 0..iterations {
        before(path);
        let start = now();
        let middle = now();
        timed(path);
        let end = now();
        clock = clock.min(middle - start);
        best = best.min(end - middle);
        after(path);
    }
    best.saturating_sub(clock) * iterations
}

/// The device has received a burst of packets about which it has nothing to say.
fn arrive(path: &mut Path<'_>) {
    path.rx_device.burst(&[0; 60], &Report::good(0, true), BURST);
}

/// The device has received a burst of TCP segments, with all that it can say of them.
fn arrive_known(path: &mut Path<'_>) {
    let report = Report {
        vlan: Some(5),
        rss: Some((1, 0x1234_5678)),
        types: 0b1_0001,
        ip: Sum::Good,
        l4: Sum::Good,
        ..Report::good(0, true)
    };
    path.rx_device.burst(&tcp().bytes(), &report, BURST);
}

/// A TCP segment of 60 bytes.
fn tcp() -> Traffic {
    Traffic { tags: Vec::new(), ip: Ip::V4(0), protocol: 6, options: 0, payload: 6, seed: 1 }
}

fn poll(path: &mut Path<'_>) {
    path.rx.poll(&mut path.batch);
}

fn push(path: &mut Path<'_>) {
    path.tx.push(&mut path.batch);
}

fn forward(path: &mut Path<'_>) {
    poll(path);
    push(path);
}

/// Forwards, and has the device insert checksums, as after a change of the headers.
fn forward_asking(path: &mut Path<'_>) {
    poll(path);
    for mut packet in path.batch.packets_mut() {
        let asked = packet.request_checksums();
        debug_assert!(asked.is_ok());
    }
    push(path);
}

/// The batch is free again, after it was full.
fn free(path: &mut Path<'_>) {
    assert_eq!(path.batch.len(), BURST);
    path.batch.clear();
}

/// The device has sent what was pushed, which was the whole batch.
fn depart(path: &mut Path<'_>) {
    assert!(path.batch.is_empty());
    path.tx_device.swallow();
}

/// The application has a burst to send; `ask` is told the number of each packet.
fn prepare(path: &mut Path<'_>, ask: fn(&mut PacketMut<'_>, usize)) {
    assert_eq!(path.batch.alloc_many(60, BURST), BURST);
    let bytes = tcp().bytes();
    for (i, mut packet) in path.batch.packets_mut().enumerate() {
        packet.copy_from(&bytes);
        ask(&mut packet, i);
    }
}

fn tag(packet: &mut PacketMut<'_>, i: usize) {
    packet.head().set_vlan(Some(i as u16));
}

fn checksums(packet: &mut PacketMut<'_>, _: usize) {
    packet.request_checksums().expect("a TCP segment");
}

fn every_other(packet: &mut PacketMut<'_>, i: usize) {
    if i.is_multiple_of(2) {
        checksums(packet, i);
    }
}

fn rings(c: &mut Criterion<Cycles>) {
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(BURST as u64));
    let rig = Rig::new(2048, 2048);
    let pool = Pool::new(&rig.arena, 1024);
    let (rx, rx_device) = rig.rx::<Adv82599>(RING, 8);
    let config = TxConfig { len: RING, max_packet: 1514, max_chain: 8, simd: Simd::best() };
    let (tx, tx_device) = rig.tx::<Adv82599>(config);
    let path = &mut Path { rx, tx, rx_device, tx_device, batch: pool.batch(BURST) };
    let mut bench = |name: &str, steps: [fn(&mut Path<'_>); 3]| {
        let [before, timed, after] = steps;
        group.bench_function(name, |b| b.iter_custom(|n| best(path, n, before, timed, after)));
    };
    bench("rx", [arrive, poll, free]);
    bench("rx, tag, types, checksums and hash", [arrive_known, poll, free]);
    bench("tx", [|path| prepare(path, |_, _| {}), push, depart]);
    bench("tx, one tag", [|path| prepare(path, |packet, _| tag(packet, 5)), push, depart]);
    bench("tx, a tag each", [|path| prepare(path, tag), push, depart]);
    bench("tx, checksums", [|path| prepare(path, checksums), push, depart]);
    bench("tx, checksums of every other", [|path| prepare(path, every_other), push, depart]);
    bench("forward", [arrive, forward, depart]);
    bench("forward, tagged", [arrive_known, forward, depart]);
    bench("forward, requesting checksums", [arrive_known, forward_asking, depart]);
    group.finish();
}

fn fill(batch: &mut FrameBatch<'_>) {
    while batch.alloc(60).is_some() {}
}

fn buffers(c: &mut Criterion<Cycles>) {
    let mut group = c.benchmark_group("buffers");
    group.throughput(Throughput::Elements(BURST as u64));

    group.bench_function("alloc and free", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let mut batch = pool.batch(BURST);
        b.iter(|| {
            fill(&mut batch);
            batch.clear();
        });
    });

    group.bench_function("alloc many and free", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let mut batch = pool.batch(BURST);
        b.iter(|| {
            batch.alloc_many(60, BURST);
            batch.clear();
        });
    });

    group.bench_function("alloc and free, by way of the depot", |b| {
        let rig = Rig::new(2048, 2048);
        let (from, to) = (Pool::new(&rig.arena, 128), Pool::new(&rig.arena, 128));
        let (mut a, mut b_) = (from.batch(BURST), to.batch(BURST));
        b.iter(|| {
            fill(&mut a);
            a.move_to(&mut b_, BURST);
            b_.clear();
        });
    });

    group.bench_function("hand-off", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let (mut sender, mut receiver) = handoff(&rig.arena, 256);
        let (mut a, mut b_) = (pool.batch(BURST), pool.batch(BURST));
        fill(&mut a);
        b.iter(|| {
            sender.send(&mut a);
            receiver.recv(&mut b_);
            std::mem::swap(&mut a, &mut b_);
        });
        assert_eq!(a.len(), BURST);
    });

    group.bench_function("read a byte of each", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let mut batch = pool.batch(BURST);
        fill(&mut batch);
        b.iter(|| {
            let sum: u32 = batch.packets().map(|p| u32::from(p.head().data()[0])).sum();
            black_box(sum)
        });
    });

    group.bench_function("retain every other", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let mut batch = pool.batch(BURST);
        b.iter(|| {
            fill(&mut batch);
            let mut odd = false;
            batch.retain(|_| {
                odd = !odd;
                odd
            });
        });
    });
    group.finish();
}

/// Short runs: what is measured repeats within a few percent, and the device's untimed turns take
/// far longer than the bursts.
fn config() -> Criterion<Cycles> {
    Criterion::default()
        .with_measurement(Cycles)
        .sample_size(30)
        .warm_up_time(Duration::from_millis(20))
        .measurement_time(Duration::from_millis(60))
}

criterion_group! {
    name = all;
    config = config();
    targets = rings, buffers
}
criterion_main!(all);
