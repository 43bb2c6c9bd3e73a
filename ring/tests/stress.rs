//! What crosses threads, on threads: for ThreadSanitizer above all.
//!
//! Threads are joined one by one, since the sanitizer sees a join and not the end of a scope.
#![cfg(not(loom))]

#[path = "model/mod.rs"]
mod model;

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use barline_ring::{Adv82576, Adv82599, Pool, TxConfig, handoff};
use model::{Rig, packet_bytes};

const ROOM: usize = 1024;
const PACKETS: u32 = if cfg!(debug_assertions) { 40_000 } else { 400_000 };

/// Lengths of packets: of one, two and three buffers.
fn len(seq: u32) -> usize {
    [60, 1500, 100, 2500, 64][seq as usize % 5]
}

#[test]
fn packets_cross_in_order_with_every_byte() {
    let rig = Rig::new(600, ROOM);
    let (mut sender, mut receiver) = handoff(&rig.arena, 100);
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let pool = Pool::new(&rig.arena, 64);
            let mut batch = pool.batch(32);
            let mut seq = 0;
            while seq < PACKETS || !batch.is_empty() {
                while seq < PACKETS {
                    let Some(mut packet) = batch.alloc(len(seq)) else { break };
                    packet.copy_from(&packet_bytes(seq, len(seq)));
                    seq += 1;
                }
                if sender.send(&mut batch) == 0 {
                    thread::yield_now();
                }
            }
            // The end that goes first, or last: either way.
            drop(sender);
        });
        let pool = Pool::new(&rig.arena, 64);
        let mut batch = pool.batch(40);
        let mut seq = 0;
        while seq < PACKETS {
            if receiver.recv(&mut batch) == 0 {
                thread::yield_now();
            }
            for packet in batch.packets() {
                let expected = packet_bytes(seq, len(seq));
                let mut expected = expected.as_slice();
                for frame in packet.frames() {
                    let (part, rest) = expected.split_at(frame.data().len());
                    assert_eq!(frame.data(), part);
                    expected = rest;
                }
                assert!(expected.is_empty());
                seq += 1;
            }
            batch.clear();
        }
        drop(batch);
        drop(pool);
        drop(receiver);
        worker.join().unwrap();
    });
    rig.check_all_home();
}

#[test]
fn packets_too_long_for_the_receiver_do_not_stop_the_others() {
    let rig = Rig::new(600, ROOM);
    let (mut sender, mut receiver) = handoff(&rig.arena, 100);
    let packets = PACKETS / 4;
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let pool = Pool::new(&rig.arena, 64);
            let mut batch = pool.batch(32);
            let mut seq = 0;
            while seq < packets || !batch.is_empty() {
                while seq < packets {
                    let Some(mut packet) = batch.alloc(len(seq)) else { break };
                    packet.head().data()[..4].copy_from_slice(&seq.to_le_bytes());
                    seq += 1;
                }
                if sender.send(&mut batch) == 0 {
                    thread::yield_now();
                }
            }
            drop(sender);
        });
        let pool = Pool::new(&rig.arena, 64);
        let mut batch = pool.batch(2);
        let mut expected = (0..packets).filter(|&seq| len(seq) <= 2 * ROOM);
        let mut left = expected.clone().count();
        let too_long = u64::from(packets) - left as u64;
        while left > 0 {
            if receiver.recv(&mut batch) == 0 {
                thread::yield_now();
            }
            for packet in batch.packets() {
                let seq = u32::from_le_bytes(packet.head().data()[..4].try_into().unwrap());
                assert_eq!(Some(seq), expected.next());
                left -= 1;
            }
            batch.clear();
        }
        drop(batch);
        drop(pool);
        worker.join().unwrap();
        assert_eq!(receiver.too_long(), too_long, "the last packet is a short one");
        drop(receiver);
    });
    rig.check_all_home();
}

#[test]
fn ends_that_go_at_once_lose_nothing() {
    let rig = Rig::new(64, ROOM);
    for round in 0..2_000 {
        let (mut sender, mut receiver) = handoff(&rig.arena, 8);
        let start = Barrier::new(2);
        thread::scope(|scope| {
            let (arena, start) = (&rig.arena, &start);
            let worker = scope.spawn(move || {
                let pool = Pool::new(arena, 64);
                let mut batch = pool.batch(round % 10);
                while batch.alloc(1).is_some() {}
                start.wait();
                sender.send(&mut batch);
            });
            let pool = Pool::new(arena, 64);
            let mut batch = pool.batch(round % 3);
            start.wait();
            receiver.recv(&mut batch);
            drop(receiver);
            worker.join().unwrap();
        });
        let census = rig.arena.census();
        assert_eq!(census.depot, census.total);
    }
    rig.check_all_home();
}

#[test]
fn pools_share_a_depot_and_no_buffer() {
    let rig = Rig::new(512, ROOM);
    thread::scope(|scope| {
        let workers = [1, 2, 3].map(|worker: u8| {
            let arena = &rig.arena;
            scope.spawn(move || {
                let pool = Pool::new(arena, 64);
                let mut batch = pool.batch(200);
                for round in 0..PACKETS as usize / 100 {
                    for i in 0..1 + (round * 37) % 200 {
                        let Some(mut packet) = batch.alloc(64) else { break };
                        packet.head().data().fill(worker ^ i as u8);
                    }
                    for (i, frame) in batch.frames().enumerate() {
                        assert!(frame.data().iter().all(|&byte| byte == worker ^ i as u8));
                    }
                    batch.clear();
                }
            })
        });
        for worker in workers {
            worker.join().unwrap();
        }
    });
    rig.check_all_home();
}

#[test]
fn rings_move_between_threads_and_are_watched_from_another() {
    for rig in Rig::each(512, ROOM) {
        let (mut rx, mut rx_device) = rig.rx::<Adv82576>(64, 4);
        let (mut tx, mut tx_device) =
            rig.tx::<Adv82576>(TxConfig { max_packet: 4096, max_chain: 4, ..rig.tx_config(64) });
        let (rx_watch, tx_watch) = (rx.watch(), tx.watch());
        let done = AtomicBool::new(false);
        let (rx, tx, rx_device, tx_device) = thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Acquire) {
                    let packets = rx_watch.counters().packets.value();
                    assert!(packets >= last);
                    last = packets;
                    rx_watch.waiting_at();
                    tx_watch.waiting_at();
                }
            });
            let worker = scope.spawn(|| {
                let pool = Pool::new(&rig.arena, 64);
                let mut batch = pool.batch(32);
                for seq in 0..PACKETS / 8 {
                    rx_device.send_packet(&packet_bytes(seq, len(seq)));
                    if seq % 8 == 0 {
                        rx_device.step(usize::MAX);
                        rx.poll(&mut batch);
                        tx.push(&mut batch);
                        tx_device.step(usize::MAX);
                    }
                }
                done.store(true, Ordering::Release);
                (rx, tx, rx_device, tx_device)
            });
            let parts = worker.join().unwrap();
            watcher.join().unwrap();
            parts
        });
        for (sent, seq) in tx_device.sent.iter().zip(0..) {
            assert_eq!(sent.bytes, packet_bytes(seq, len(seq)));
        }
        rig.release_rx(rx, rx_device);
        rig.release_tx(tx, tx_device);
        // A watch outlives its ring, and sees a ring that waits for nothing.
        assert_eq!(tx_watch.waiting_at(), None);
        assert!(rx_watch.waiting_at().is_some());
        rig.check_all_home();
    }
}

/// A device of its own thread, as a real one is: it writes descriptors and buffers while the worker looks
/// at them, by each way of moving descriptors.
#[test]
fn a_device_writes_while_the_worker_reads() {
    const ROUNDS: u32 = PACKETS / 8;
    for rig in Rig::each(512, ROOM) {
        let (mut rx, mut rx_device) = rig.rx::<Adv82599>(64, 4);
        let (mut tx, mut tx_device) = rig.tx::<Adv82599>(rig.tx_config(64));
        // Nothing but the rings orders the two threads.
        let (rx_device, tx_device) = thread::scope(|scope| {
            let device = scope.spawn(|| {
                let (mut sent, mut seen) = (0, 0);
                while seen < ROUNDS {
                    // As many in flight as there is room for.
                    while sent < ROUNDS && rx_device.waiting() < 16 {
                        rx_device.send_packet(&packet_bytes(sent, len(sent)));
                        sent += 1;
                    }
                    let moved = rx_device.step(1 + sent as usize % 7);
                    for packet in tx_device.sent.drain(..) {
                        assert_eq!(packet.bytes, packet_bytes(seen, len(seen)));
                        seen += 1;
                    }
                    if moved + tx_device.step(usize::MAX) == 0 {
                        thread::yield_now();
                    }
                }
                (rx_device, tx_device)
            });
            let pool = Pool::new(&rig.arena, 64);
            let mut batch = pool.batch(40);
            let mut seq = 0;
            while !device.is_finished() {
                let before = batch.len();
                if rx.poll(&mut batch) == 0 {
                    thread::yield_now();
                }
                let mut frames = 0;
                for mut packet in batch.packets_mut() {
                    frames += packet.as_ref().frame_count();
                    if frames <= before {
                        continue;
                    }
                    let mut expected = packet_bytes(seq, len(seq));
                    for mut frame in packet.frames() {
                        let rest = expected.split_off(frame.data().len());
                        assert_eq!(frame.data(), expected);
                        // Written, too, as by one who changes headers.
                        frame.data().copy_from_slice(&expected);
                        expected = rest;
                    }
                    seq += 1;
                }
                tx.push(&mut batch);
            }
            assert_eq!(seq, ROUNDS);
            device.join().unwrap()
        });
        rig.release_rx(rx, rx_device);
        rig.release_tx(tx, tx_device);
        rig.check_all_home();
    }
}
