//! The hand-off between workers, on one thread.

use barline_ring::{Pool, handoff};

use crate::model::{Rig, packet_bytes};

const ROOM: usize = 1024;

#[test]
fn packets_cross_whole_and_in_order() {
    let rig = Rig::new(128, ROOM);
    let (near, far) = (Pool::new(&rig.arena, 64), Pool::new(&rig.arena, 64));
    let (mut sender, mut receiver) = handoff(&rig.arena, 5);
    let (mut from, mut to) = (near.batch(16), far.batch(4));
    for (seq, frames) in [1, 3, 2, 1].into_iter().enumerate() {
        let len = frames * ROOM;
        from.alloc(len).unwrap().copy_from(&packet_bytes(seq as u32, len));
    }
    assert_eq!(sender.send(&mut from), 4, "1 and 3; 2 more are one too many");
    assert_eq!(receiver.recv(&mut to), 4);
    rig.check_batches(&[&from, &to]);
    assert_eq!(sender.send(&mut from), 3);
    assert_eq!(receiver.recv(&mut to), 0, "no room");
    let lens: Vec<_> = to.packets().map(|p| p.len()).collect();
    assert_eq!(lens, [ROOM, 3 * ROOM]);
    to.clear();
    assert_eq!(receiver.recv(&mut to), 3);
    let seqs: Vec<_> = to.packets().map(|p| p.head().data()[0]).collect();
    assert_eq!(seqs, [2, 3]);
    assert_eq!(receiver.recv(&mut to), 0);
    assert_eq!(sender.send(&mut from), 0, "an empty batch");
}

#[test]
fn room_never_cuts_a_packet() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let (mut sender, mut receiver) = handoff(&rig.arena, 16);
    let mut from = pool.batch(16);
    for frames in [2, 2, 2] {
        from.alloc(frames * ROOM).unwrap();
    }
    assert_eq!(sender.send(&mut from), 6);
    for (room, got) in [(0, 0), (3, 2), (5, 4)] {
        let mut to = pool.batch(room);
        assert_eq!(receiver.recv(&mut to), got);
        assert_eq!(to.packets().count() * 2, got);
    }
    assert_eq!(receiver.recv(&mut pool.batch(9)), 0);
    assert_eq!(receiver.too_long(), 0);
}

#[test]
fn a_packet_longer_than_any_batch_of_the_receiver_does_not_stop_the_hand_off() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    // Frames of packets, at every place of the hand-off's ring; of more than 2, none may come out.
    for start in 0..8 {
        let (mut sender, mut receiver) = handoff(&rig.arena, 8);
        let (mut from, mut to) = (pool.batch(16), pool.batch(2));
        for _ in 0..start {
            from.alloc(1).unwrap();
            sender.send(&mut from);
            assert_eq!(receiver.recv(&mut to), 1);
            to.clear();
        }
        for (seq, frames) in [3, 1, 3, 1].into_iter().enumerate() {
            let len = frames * ROOM;
            from.alloc(len).unwrap().copy_from(&packet_bytes(seq as u32, len));
        }
        assert_eq!(sender.send(&mut from), 8);
        let before = pool.free() + rig.arena.census().depot;
        for (seq, too_long) in [(1, 1), (3, 2)] {
            assert_eq!(receiver.recv(&mut to), 1);
            assert_eq!(to.frames().next().unwrap().data(), packet_bytes(seq, ROOM));
            assert_eq!(receiver.too_long(), too_long);
            to.clear();
        }
        assert_eq!(receiver.recv(&mut to), 0);
        assert_eq!(pool.free() + rig.arena.census().depot, before + 8);
    }
}

#[test]
fn a_packet_longer_than_the_hand_off_stays() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let (mut sender, _receiver) = handoff(&rig.arena, 0);
    let mut from = pool.batch(8);
    from.alloc(2 * ROOM).unwrap();
    assert_eq!(sender.send(&mut from), 0);
    assert_eq!(from.len(), 2);
}

#[test]
fn whichever_end_goes_first_no_frame_is_lost() {
    for sender_first in [true, false] {
        let rig = Rig::new(64, ROOM);
        let pool = Pool::new(&rig.arena, 64);
        let (mut sender, mut receiver) = handoff(&rig.arena, usize::MAX);
        let mut batch = pool.batch(8);
        while batch.alloc(1).is_some() {}
        assert_eq!(sender.send(&mut batch), 8);
        assert!(!sender.is_abandoned() && !receiver.is_abandoned());
        if sender_first {
            drop(sender);
            assert!(receiver.is_abandoned());
            let mut three = pool.batch(3);
            assert_eq!(receiver.recv(&mut three), 3, "what is left can be had");
            drop(receiver);
        } else {
            drop(receiver);
            assert!(sender.is_abandoned());
            while batch.alloc(1).is_some() {}
            assert_eq!(sender.send(&mut batch), 8, "and is freed in the end");
            drop(sender);
        }
        drop(batch);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
#[should_panic(expected = "frames of one arena")]
fn a_foreign_batch_is_not_sent() {
    let (one, two) = (Rig::new(32, ROOM), Rig::new(32, ROOM));
    let (mut sender, _receiver) = handoff(&one.arena, 8);
    sender.send(&mut Pool::new(&two.arena, 64).batch(1));
}

#[test]
#[should_panic(expected = "frames of one arena")]
fn a_foreign_batch_receives_nothing() {
    let (one, two) = (Rig::new(32, ROOM), Rig::new(32, ROOM));
    let (_sender, mut receiver) = handoff(&one.arena, 8);
    receiver.recv(&mut Pool::new(&two.arena, 64).batch(1));
}
