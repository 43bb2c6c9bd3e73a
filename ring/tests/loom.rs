//! Every interleaving of what crosses threads in this crate's own code: the end of a hand-off, and
//! the depot behind the pools. (The hand-off's queue is `rtrb`'s, and tested there.)
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p barline-ring --test loom --release`
#![cfg(loom)]

#[path = "model/mod.rs"]
mod model;

use barline_ring::{Arena, Layout, Pool, handoff};
use loom::thread;
use model::Region;

/// An arena of this many buffers.
fn arena(count: usize) -> Arena {
    let layout = Layout { data_room: 1024, headroom: 0 };
    let (_, memory) = Region::new(count * layout.stride(), 0);
    Arena::new(memory, layout).unwrap()
}

fn all_home(arena: &Arena) {
    let census = arena.census();
    assert_eq!(census.depot, census.total);
}

/// Sends `sent` frames on one thread and receives up to `room` on another, which both end then.
fn ends(sent: usize, room: usize) {
    loom::model(move || {
        let arena = arena(64);
        let (mut sender, mut receiver) = handoff(&arena, 4);
        let far = arena.clone();
        let worker = thread::spawn(move || {
            let pool = Pool::new(&far, 64);
            let mut batch = pool.batch(sent);
            while batch.alloc(1).is_some() {}
            let left = sender.send(&mut batch);
            assert_eq!(left, sent.min(4));
            drop(sender);
        });
        let pool = Pool::new(&arena, 64);
        let mut batch = pool.batch(room);
        assert!(receiver.recv(&mut batch) <= room.min(sent));
        drop(receiver);
        drop(batch);
        drop(pool);
        worker.join().unwrap();
        all_home(&arena);
    });
}

#[test]
fn both_ends_go_with_frames_between_them() {
    ends(3, 0);
}

#[test]
fn the_receiver_takes_what_it_finds_and_goes() {
    ends(3, 2);
}

#[test]
fn the_hand_off_is_full_when_both_go() {
    ends(6, 1);
}

#[test]
fn a_packet_that_is_too_long_is_dropped_or_drained() {
    loom::model(|| {
        let arena = arena(64);
        let (mut sender, mut receiver) = handoff(&arena, 4);
        let far = arena.clone();
        let worker = thread::spawn(move || {
            let pool = Pool::new(&far, 64);
            let mut batch = pool.batch(4);
            batch.alloc(3 * 1024).unwrap();
            batch.alloc(1).unwrap();
            assert_eq!(sender.send(&mut batch), 4);
            drop(sender);
        });
        let pool = Pool::new(&arena, 64);
        let mut batch = pool.batch(2);
        let got = receiver.recv(&mut batch);
        assert_eq!(got as u64, receiver.too_long(), "both packets or none were there");
        drop(receiver);
        drop(batch);
        drop(pool);
        worker.join().unwrap();
        all_home(&arena);
    });
}

#[test]
fn ends_see_each_other_go() {
    loom::model(|| {
        let arena = arena(32);
        let (sender, receiver) = handoff(&arena, 4);
        let worker = thread::spawn(move || {
            let gone = sender.is_abandoned();
            drop(sender);
            gone
        });
        let gone = receiver.is_abandoned();
        drop(receiver);
        let other = worker.join().unwrap();
        assert!(!(gone && other), "each saw the other go before it went");
        all_home(&arena);
    });
}

#[test]
fn what_is_sent_after_the_receiver_went_is_freed() {
    loom::model(|| {
        let arena = arena(64);
        let (mut sender, receiver) = handoff(&arena, 4);
        let worker = thread::spawn(move || drop(receiver));
        let pool = Pool::new(&arena, 64);
        let mut batch = pool.batch(2);
        for _ in 0..2 {
            batch.alloc(1).unwrap();
            sender.send(&mut batch);
            sender.is_abandoned();
        }
        drop(sender);
        worker.join().unwrap();
        drop(batch);
        drop(pool);
        all_home(&arena);
    });
}

#[test]
fn two_pools_never_have_the_same_buffer() {
    loom::model(|| {
        let arena = arena(70);
        let work = |arena: Arena, mark: u8| {
            let pool = Pool::new(&arena, 64);
            let mut batch = pool.batch(70);
            while batch.alloc(1).is_some() {}
            for frame in batch.frames_mut() {
                frame.into_data().fill(mark);
            }
            for frame in batch.frames() {
                assert_eq!(frame.data(), [mark]);
            }
            // More than a pool keeps: some go back to the depot one way, some another.
            batch.clear();
        };
        let far = arena.clone();
        let worker = thread::spawn(move || work(far, 1));
        work(arena.clone(), 2);
        worker.join().unwrap();
        all_home(&arena);
    });
}
