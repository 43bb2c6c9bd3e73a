//! Measured steps: what they deliver and take, to the frame.

use softnic::Tally;
use softnic::uplink::Stamp;

use super::rig::{Rig, frame};
use super::rx_ring::{Got, RxRing};
use super::tx_ring::TxRing;

const VFPSRTYPE: usize = 0x300;
const VFMRQC: usize = 0x3000;
const VFRSSRK: usize = 0x3100;
const VFRETA: usize = 0x3200;

/// VFMRQC: RSS is on, over IPv4 with UDP.
const RSS_UDP: u32 = 1 | 1 << 22;

/// Receive rings of 512 on the first queues of a VF, over which frames are spread.
fn spread(rig: &mut Rig, vf: usize, queues: usize) -> Vec<RxRing> {
    if rig.adapter.spec().model == softnic::Model::I82599 {
        assert!(queues.is_power_of_two());
        rig.adapter.write(vf, VFPSRTYPE, queues.ilog2() << 29);
    } else {
        for entry in 0..64 {
            let word = rig.adapter.read(vf, VFRETA + entry / 4 * 4);
            let queue = (entry % queues) as u32;
            rig.adapter.write(vf, VFRETA + entry / 4 * 4, word | queue << (entry % 4 * 8));
        }
        rig.adapter.write(vf, VFMRQC, RSS_UDP);
        for word in 0..10 {
            rig.adapter.write(vf, VFRSSRK + 4 * word, 0x6d5a_56da_u32.rotate_left(3 * word as u32));
        }
    }
    (0..queues).map(|queue| RxRing::start(rig, vf, queue, 512, 2, 0)).collect()
}

/// What has come to some rings.
fn poll(rig: &mut Rig, rings: &mut [RxRing]) -> Vec<Got> {
    rings.iter_mut().flat_map(|ring| ring.poll(rig)).collect()
}

/// The frames of one VF are all of the feeder's, from number `first` on, each once.
fn check(vf: usize, first: u64, got: &[Got]) {
    let stamps = got.iter().map(|got| Stamp::read(&got.bytes).expect("a generator's frame"));
    let mut numbers: Vec<u64> = stamps
        .map(|stamp| {
            assert_eq!((stamp.vf, stamp.run), (vf, u16::MAX));
            stamp.sequence
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (first..first + got.len() as u64).collect::<Vec<_>>());
}

#[test]
fn each_burst_is_delivered_whole_over_any_number_of_queues() {
    for (model, queues) in [("82599", 1), ("82599", 2), ("x550", 3), ("82599", 4), ("x550", 4)] {
        let mut rig = Rig::new(&format!("vfs=2,model={model},uplink=gen,flows=256"));
        rig.open(1);
        let mut rings = spread(&mut rig, 1, queues);
        let (mut sent, mut by_queue) = (0, vec![0; queues]);
        for frames in (1..=256).chain([32; 20]) {
            assert_eq!(rig.feed(frames), frames, "{model}, {queues} queues");
            let mut all = Vec::new();
            for (ring, count) in rings.iter_mut().zip(&mut by_queue) {
                let got = ring.poll(&mut rig);
                *count += got.len();
                all.extend(got);
            }
            assert_eq!(all.len(), frames);
            check(1, sent, &all);
            sent += frames as u64;
        }
        let fair = sent as usize / queues;
        assert!(by_queue.iter().all(|count| *count > fair / 2), "{model}: {by_queue:?}");
        let counters = rig.counters(1);
        assert_eq!((counters.rx_packets, counters.rx_octets), (sent, 64 * sent));
        assert_eq!(rig.adapter.tally(), Tally { delivered: sent, taken: 0 });
    }
}

#[test]
fn frames_of_every_size_are_whole() {
    for size in [64, 65, 128, 594, 1518, 2048, 2052, 2053, 4096, 9018] {
        let mut rig = Rig::new(&format!("vfs=1,uplink=gen,size={size}"));
        rig.open(0);
        let mut ring = RxRing::start(&mut rig, 0, 0, 512, 2, 0);
        let buffers = (size - 4_usize).div_ceil(2048);
        for _ in 0..20 {
            assert_eq!(rig.feed(32), 32, "{size}");
            let got = ring.poll(&mut rig);
            assert_eq!(got.len(), 32);
            assert!(got.iter().all(|got| got.bytes.len() == size - 4));
            assert!(got.iter().all(|got| got.pieces.len() == buffers));
        }
    }
    let mut rig = Rig::new("vfs=1,uplink=gen,size=imix");
    rig.open(0);
    let mut ring = RxRing::start(&mut rig, 0, 0, 512, 2, 0);
    let mut sizes = std::collections::BTreeMap::new();
    for _ in 0..50 {
        assert_eq!(rig.feed(24), 24);
        for got in ring.poll(&mut rig) {
            *sizes.entry(got.bytes.len() + 4).or_insert(0) += 1;
        }
    }
    assert_eq!(sizes, [(64, 700), (594, 400), (1518, 100)].into());
}

#[test]
fn a_short_ring_gets_what_it_has_room_for_and_nothing_is_dropped() {
    // An open generator would not wait.
    for (size, frames) in [("64", 63), ("imix", 63), ("4096", 31), ("9018", 12)] {
        let mut rig = Rig::new(&format!("vfs=1,uplink=gen,gen=open,size={size}"));
        rig.open(0);
        let mut ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
        for _ in 0..3 {
            assert_eq!([rig.feed(100), rig.feed(100)], [frames, 0], "{size}");
            assert_eq!(ring.poll(&mut rig).len(), frames);
        }
        assert_eq!(rig.counters(0).rx_no_descriptor, 0);
    }
    // Any frame could be for the shortest of several.
    let mut rig = Rig::new("vfs=1,uplink=gen");
    rig.open(0);
    rig.adapter.write(0, VFPSRTYPE, 1 << 29);
    let mut rings = [512, 32].map(|len| RxRing::start(&mut rig, 0, (len == 32).into(), len, 2, 0));
    assert_eq!(rig.feed(256), 31);
    assert_eq!(poll(&mut rig, &mut rings).len(), 31);
    // A VF whose queues are off, and one that was not greeted, get nothing.
    rings.iter().for_each(|ring| ring.stop(&mut rig));
    assert_eq!(rig.feed(32), 0);
    let mut rig = Rig::new("vfs=1,uplink=gen");
    rig.adapter.open(0).unwrap();
    assert_eq!(rig.feed(32), 0);
}

#[test]
fn all_vfs_that_are_open_get_their_frames() {
    for vfs in [1, 2, 31, 63] {
        let mut rig = Rig::with_pages(&format!("vfs={vfs},uplink=gen"), 16 * 1024);
        // All but each third.
        let open: Vec<usize> = (0..vfs).filter(|vf| vf % 3 != 2).collect();
        let start = |vf: &usize| {
            rig.open(*vf);
            RxRing::start(&mut rig, *vf, 0, 64, 2, 0)
        };
        let mut rings: Vec<RxRing> = open.iter().map(start).collect();
        for round in 0..10 {
            assert_eq!(rig.feed(32), 32 * open.len(), "{vfs} VFs");
            for ring in &mut rings {
                let got = ring.poll(&mut rig);
                assert_eq!(got.len(), 32);
                check(ring.vf, 32 * round, &got);
            }
        }
    }
}

#[test]
fn everything_queued_is_taken_at_once_and_reported() {
    let mut rig = Rig::with_pages("vfs=2,uplink=gen", 16 * 1024);
    let macs = [0, 1].map(|vf| rig.open(vf));
    let mut receiver = RxRing::start(&mut rig, 1, 0, 512, 2, 0);
    let mut rings: Vec<TxRing> =
        (0..4).map(|queue| TxRing::start(&mut rig, 0, queue, 512, 0)).collect();
    let mut taken = 0;
    for round in 0..4 {
        // More than a step would take, and round the ring's end.
        for (count, ring) in [511, 1, 130, 64].into_iter().zip(&mut rings) {
            let to_wire = frame([2; 6], macs[0], 60, round);
            let last = (0..count).map(|_| ring.send(&mut rig, &to_wire)).last().unwrap();
            assert!(!ring.is_done(&rig, last));
            taken += count;
        }
        // One from another's address, and one for the other VF: taken, too, whatever becomes of them.
        let spoofed = frame(macs[1], [2; 6], 60, round);
        rings[1].send(&mut rig, &spoofed);
        let to_vf = frame(macs[1], macs[0], 60, round);
        let last = rings[1].send(&mut rig, &to_vf);
        taken += 2;
        assert_eq!(rig.feed(0), 1, "the one for the other VF");
        assert_eq!(receiver.poll(&mut rig).len(), 1);
        assert!(rings[1].is_done(&rig, last));
        for ring in &rings {
            assert_eq!(ring.head(&mut rig) as usize, ring.tail, "queue {}", ring.queue);
            let newest = (ring.tail + ring.len - 1) % ring.len;
            assert!(ring.is_done(&rig, newest));
        }
        assert_eq!(rig.adapter.tally().taken, taken);
    }
    assert!(rig.taken().is_empty(), "the wire has no part in it");
    assert_eq!(rig.counters(0).tx_spoofed, 4);
}

#[test]
fn the_tally_outlives_vfs_and_counts_ordinary_steps() {
    let mut rig = Rig::new("vfs=2,uplink=gen");
    for (round, frames) in (1..4).zip([10, 20, 30]) {
        let mac = rig.open(0);
        let _ring = RxRing::start(&mut rig, 0, 0, 64, 2, 0);
        let mut sender = TxRing::start(&mut rig, 0, 0, 64, 0);
        assert_eq!(rig.feed(frames), frames);
        rig.wire(&frame(mac, [2; 6], 60, 0));
        sender.send(&mut rig, &frame([2; 6], mac, 60, 0));
        assert_eq!(rig.settle(), 2);
        let delivered = [11, 32, 63][round - 1];
        let tally = Tally { delivered, taken: round as u64 };
        assert_eq!(rig.adapter.tally(), tally);
        rig.adapter.close(0);
        assert_eq!(rig.adapter.tally(), tally);
    }
}
