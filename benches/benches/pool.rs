//! What free buffers and batches cost, in cycles a frame: `cargo bench -p barline-benches --bench pool`.
#![allow(missing_docs)]

mod cycles;
#[path = "../../ring/tests/model/mod.rs"]
mod model;

use barline_ring::{FrameBatch, FrameReceiver, FrameSender, Pool, handoff};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use cycles::{Cycles, SAMPLE, best, short};
use model::Rig;

/// Bytes of a packet.
const LEN: usize = 60;

/// Batches of two pools of one arena, and a hand-off between them.
struct Place<'p> {
    batch: FrameBatch<'p>,
    other: FrameBatch<'p>,
    sender: FrameSender,
    receiver: FrameReceiver,
}

/// What is done before a burst, what is timed, and what is done after it.
type Steps = [fn(&mut Place<'_>); 3];

/// What takes no lock: the pool has what is asked of it, and room for what comes back.
const OWN: [(&str, Steps); 5] = [
    ("alloc", [nothing, one_by_one, |place| place.batch.clear()]),
    ("alloc_many", [nothing, fill, |place| place.batch.clear()]),
    ("clear", [fill, |place| place.batch.clear(), nothing]),
    ("move_to", [fill, move_over, |place| place.other.clear()]),
    ("retain every other", [fill, retain_every_other, |place| place.batch.clear()]),
];

/// What goes from one pool to the other by way of the arena's depot: the first is always empty, and the
/// second full.
const DEPOT: [(&str, Steps); 2] = [
    ("take", [nothing, fill, over_and_clear]),
    ("give", [fill_and_over, |place| place.other.clear(), nothing]),
];

/// What goes to another worker.
const HANDOFF: [(&str, Steps); 2] = [
    ("send", [fill, send, receive_and_clear]),
    ("recv", [fill_and_send, receive, |place| place.other.clear()]),
];

fn nothing(_: &mut Place<'_>) {}

fn one_by_one(place: &mut Place<'_>) {
    while place.batch.alloc(LEN).is_some() {}
}

fn fill(place: &mut Place<'_>) {
    place.batch.alloc_many(LEN, place.batch.capacity());
    assert_eq!(place.batch.room(), 0);
}

fn move_over(place: &mut Place<'_>) {
    place.batch.move_to(&mut place.other, place.batch.capacity());
    assert_eq!(place.other.room(), 0);
}

fn fill_and_over(place: &mut Place<'_>) {
    fill(place);
    move_over(place);
}

fn over_and_clear(place: &mut Place<'_>) {
    move_over(place);
    place.other.clear();
}

fn retain_every_other(place: &mut Place<'_>) {
    let mut odd = false;
    place.batch.retain(|_| {
        odd = !odd;
        odd
    });
}

fn send(place: &mut Place<'_>) {
    place.sender.send(&mut place.batch);
    assert!(place.batch.is_empty());
}

fn receive(place: &mut Place<'_>) {
    place.receiver.recv(&mut place.other);
    assert_eq!(place.other.room(), 0);
}

fn fill_and_send(place: &mut Place<'_>) {
    fill(place);
    send(place);
}

fn receive_and_clear(place: &mut Place<'_>) {
    receive(place);
    place.other.clear();
}

/// Measures each of `ways` with pools that keep at most `limits` free buffers.
fn measure(c: &mut Criterion<Cycles>, name: &str, limits: [usize; 2], ways: &[(&str, Steps)]) {
    let mut group = c.benchmark_group(format!("pool/{name}"));
    group.throughput(Throughput::Elements(SAMPLE as u64));
    for burst in [32, 4] {
        for &(name, steps) in ways {
            let rig = Rig::new(2048, 2048);
            let [pool, other] = limits.map(|limit| Pool::new(&rig.arena, limit));
            let (sender, receiver) = handoff(&rig.arena, 256);
            let (batch, other) = (pool.batch(burst), other.batch(burst));
            let mut place = Place { batch, other, sender, receiver };
            group.bench_function(format!("{name}/{burst}"), |b| {
                b.iter_custom(|samples| best(&mut place, samples, burst, steps));
            });
        }
    }
    group.finish();
}

fn pools(c: &mut Criterion<Cycles>) {
    measure(c, "own", [1024, 1024], &OWN);
    measure(c, "depot", [64, 64], &DEPOT);
    measure(c, "handoff", [1024, 1024], &HANDOFF);
}

criterion_group! {
    name = all;
    config = short();
    targets = pools
}
criterion_main!(all);
