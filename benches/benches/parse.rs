//! What it costs to tell what a packet is, in cycles a packet: `cargo bench -p barline-benches --bench parse`.
//! From its headers, as for a request for checksums; from what a device reports of it; and from what an
//! application reads in a batch.
#![allow(missing_docs)]

mod cycles;
#[path = "../../ring/tests/model/mod.rs"]
mod model;

use std::hint::black_box;

use barline_ring::{Adv82599, FrameBatch, Pool, RxConfig, RxRing, Simd, TxOffload};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use cycles::{Cycles, SAMPLE, best, short};
use model::{Ip, Report, Rig, RxDevice, Sum, Traffic};
use softnic::uplink::Stamp;

type Group<'c> = BenchmarkGroup<'c, Cycles>;

/// Packets in a burst.
const BURST: usize = 32;

/// A batch, and the packet of which it has copies.
struct Headers<'p> {
    batch: FrameBatch<'p>,
    bytes: Vec<u8>,
}

impl Headers<'_> {
    fn fill(&mut self) {
        assert_eq!(self.batch.alloc_many(self.bytes.len(), BURST), BURST);
        self.batch.packets_mut().for_each(|mut packet| packet.copy_from(&self.bytes));
    }

    /// What `read` finds in each packet.
    #[inline(always)]
    fn look<T>(&self, read: impl Fn(&[u8]) -> T) {
        self.batch.frames().for_each(|frame| _ = black_box(read(frame.data())));
    }
}

/// The packets whose headers are read.
fn packets() -> [(&'static str, Traffic); 6] {
    let udp =
        Traffic { tags: vec![], ip: Ip::V4(0), protocol: 17, options: 0, payload: 18, seed: 1 };
    let tcp = Traffic { protocol: 6, payload: 6, ..udp.clone() };
    [
        ("IPv4, TCP", tcp.clone()),
        ("IPv4, options, TCP", Traffic { ip: Ip::V4(2), ..tcp.clone() }),
        ("IPv6, TCP", Traffic { ip: Ip::V6(0), ..tcp.clone() }),
        ("IPv6, hop-by-hop options, TCP", Traffic { ip: Ip::V6(1), ..tcp }),
        ("two tags, IPv4, UDP", Traffic { tags: vec![(0x88a8, 1), (0x8100, 2)], ..udp.clone() }),
        ("IPv4, UDP", udp),
    ]
}

/// Measures a step with a batch of this packet.
fn measure(group: &mut Group<'_>, name: &str, bytes: &[u8], timed: fn(&mut Headers<'_>)) {
    let rig = Rig::new(256, 2048);
    let pool = Pool::new(&rig.arena, 256);
    let mut headers = Headers { batch: pool.batch(BURST), bytes: bytes.to_vec() };
    let steps: [fn(&mut Headers<'_>); 3] =
        [|headers| headers.fill(), timed, |headers| headers.batch.clear()];
    group.bench_function(name, |b| {
        b.iter_custom(|samples| best(&mut headers, samples, BURST, steps));
    });
}

fn headers(c: &mut Criterion<Cycles>) {
    let mut group = group(c, "parse/headers");
    for (name, traffic) in packets() {
        measure(&mut group, name, &traffic.bytes(), |headers| headers.look(TxOffload::checksums));
    }
    group.finish();
}

fn request_checksums(c: &mut Criterion<Cycles>) {
    let mut group = group(c, "parse/request_checksums");
    for (name, traffic) in packets() {
        measure(&mut group, name, &traffic.bytes(), |headers| {
            for mut packet in headers.batch.packets_mut() {
                assert!(black_box(packet.request_checksums()).is_ok());
            }
        });
    }
    group.finish();
}

/// What an application reads in a batch.
fn frames(c: &mut Criterion<Cycles>) {
    let mut group = group(c, "parse/frames");
    let datagram = packets()[5].1.bytes();
    measure(&mut group, "a byte", &datagram, |headers| headers.look(|bytes| bytes[0]));
    measure(&mut group, "flags, tag and hash", &datagram, |headers| {
        for packet in headers.batch.packets() {
            let head = packet.head();
            black_box((head.flags(), head.vlan(), head.rss(), packet.len()));
        }
    });
    measure(&mut group, "stamp", &stamped(datagram), |headers| {
        headers.look(|bytes| Stamp::read(bytes).expect("a stamp"));
    });
    group.finish();
}

/// The datagram as one of softnic's generator.
fn stamped(mut datagram: Vec<u8>) -> Vec<u8> {
    datagram[30..34].copy_from_slice(&[198, 19, 255, 0]);
    datagram[42..46].copy_from_slice(b"sgen");
    datagram
}

/// A receive ring whose device reports the same of all packets.
struct Reports<'p> {
    rx: RxRing<Adv82599>,
    device: RxDevice,
    batch: FrameBatch<'p>,
    report: Report,
}

/// What a device reports.
fn known() -> [(&'static str, Report); 5] {
    let nothing = Report::good(0, true);
    let tcp = Report {
        types: 0b1_0001,
        ip: Sum::Good,
        l4: Sum::Good,
        rss: Some((1, 0x1234_5678)),
        ..nothing
    };
    [
        ("nothing", nothing),
        ("IPv4, TCP, checksums, hash", tcp),
        ("the same, and a tag", Report { vlan: Some(5), ..tcp }),
        ("a wrong checksum", Report { l4: Sum::Bad, ..tcp }),
        ("damaged", Report { error: true, ..nothing }),
    ]
}

/// Receiving, by what there is to tell of a packet.
fn reports(c: &mut Criterion<Cycles>) {
    for simd in Simd::available() {
        let mut group = group(c, &format!("parse/poll/{simd}"));
        for (name, report) in known() {
            let rig = Rig::new(1024, 2048);
            let pool = Pool::new(&rig.arena, 512);
            let config = RxConfig { len: 512, max_chain: 8, simd };
            let (rx, device) = rig.rx_with::<Adv82599>(config).expect("a receive ring");
            let mut reports = Reports { rx, device, batch: pool.batch(BURST), report };
            let steps: [fn(&mut Reports<'_>); 3] = [
                |reports| reports.device.burst(&[0; 60], &reports.report, BURST),
                |reports| _ = reports.rx.poll(&mut reports.batch),
                |reports| {
                    assert_eq!(reports.batch.is_empty(), reports.report.error);
                    reports.batch.clear();
                },
            ];
            group.bench_function(name, |b| {
                b.iter_custom(|samples| best(&mut reports, samples, BURST, steps));
            });
        }
        group.finish();
    }
}

/// A group of benchmarks whose cycles are given for a packet.
fn group<'c>(c: &'c mut Criterion<Cycles>, name: &str) -> Group<'c> {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(SAMPLE as u64));
    group
}

criterion_group! {
    name = all;
    config = short();
    targets = headers, request_checksums, frames, reports
}
criterion_main!(all);
