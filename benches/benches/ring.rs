//! What the rings cost, in cycles a frame at bursts of 32: `cargo bench -p barline-benches`.
//!
//! The model device takes its turn between the timed bursts, so that only the driver's side counts;
//! rings, frames and data are in this core's cache then.
#![allow(missing_docs)]

#[path = "../../ring/tests/model/mod.rs"]
mod model;

use std::hint::black_box;
use std::time::Duration;

use barline_benches::{Cycles, now};
use barline_ring::{Adv82599, FrameBatch, Pool, TxConfig, handoff};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::{Rig, packet_bytes};

const BURST: usize = 32;
const RING: usize = 512;

fn tx_config() -> TxConfig {
    TxConfig { len: RING, max_packet: 1514, max_chain: 8 }
}

fn rings(c: &mut Criterion<Cycles>) {
    let mut group = c.benchmark_group("ring");
    group.throughput(Throughput::Elements(BURST as u64));
    let packet = packet_bytes(1, 60);

    group.bench_function("rx", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let (mut rx, mut device) = rig.rx::<Adv82599>(RING, 8);
        let mut batch = pool.batch(BURST);
        b.iter_custom(|iterations| {
            let mut cycles = 0;
            for _ in 0..iterations {
                (0..BURST).for_each(|_| device.send_packet(&packet));
                device.step(BURST);
                device.reported.clear();
                let start = now();
                let got = rx.poll(&mut batch);
                cycles += now() - start;
                assert_eq!(got, BURST);
                batch.clear();
            }
            cycles
        });
        drop(batch);
        rig.release_rx(rx, device);
    });

    group.bench_function("tx", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let (mut tx, mut device) = rig.tx::<Adv82599>(tx_config());
        let mut batch = pool.batch(BURST);
        b.iter_custom(|iterations| {
            let mut cycles = 0;
            for _ in 0..iterations {
                fill(&mut batch);
                let start = now();
                let sent = tx.push(&mut batch);
                cycles += now() - start;
                assert_eq!(sent, BURST);
                device.step(BURST);
                device.sent.clear();
            }
            cycles
        });
        drop(batch);
        rig.release_tx(tx, device);
    });

    group.bench_function("forward", |b| {
        let rig = Rig::new(2048, 2048);
        let pool = Pool::new(&rig.arena, 1024);
        let (mut rx, mut rx_device) = rig.rx::<Adv82599>(RING, 8);
        let (mut tx, mut tx_device) = rig.tx::<Adv82599>(tx_config());
        let mut batch = pool.batch(BURST);
        b.iter_custom(|iterations| {
            let mut cycles = 0;
            for _ in 0..iterations {
                (0..BURST).for_each(|_| rx_device.send_packet(&packet));
                rx_device.step(BURST);
                rx_device.reported.clear();
                let start = now();
                rx.poll(&mut batch);
                let sent = tx.push(&mut batch);
                cycles += now() - start;
                assert_eq!(sent, BURST);
                tx_device.step(BURST);
                tx_device.sent.clear();
            }
            cycles
        });
        drop(batch);
        rig.release_rx(rx, rx_device);
        rig.release_tx(tx, tx_device);
    });
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
