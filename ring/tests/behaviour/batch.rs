//! Batches, packets and frames in the application's hands.

use std::panic::{AssertUnwindSafe, catch_unwind};

use barline_ring::{Flags, Pool};

use crate::model::{HEADROOM, Rig, packet_bytes};

const ROOM: usize = 1024;

#[test]
fn alloc_takes_as_many_buffers_as_the_length_needs() {
    let rig = Rig::new(64, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(8);
    for (len, frames) in [(1, 1), (ROOM, 1), (ROOM + 1, 2), (3 * ROOM, 3)] {
        let bytes = packet_bytes(len as u32, len);
        let mut packet = batch.alloc(len).unwrap();
        packet.copy_from(&bytes);
        let packet = packet.as_ref();
        assert_eq!((packet.len(), packet.frame_count()), (len, frames));
        assert!(!packet.is_empty());
        let read: Vec<u8> = packet.frames().flat_map(|f| f.data().to_vec()).collect();
        assert_eq!(read, bytes);
        let more = packet.frames().filter(|f| f.flags().contains(Flags::MORE));
        assert_eq!(more.count(), frames - 1);
    }
    assert_eq!((batch.len(), batch.room(), batch.capacity()), (7, 1, 8));
    assert_eq!(batch.packets().count(), 4);
    assert!(batch.alloc(0).is_none());
    assert!(batch.alloc(ROOM + 1).is_none(), "no room");
    assert!(batch.alloc(usize::MAX).is_none());
    assert_eq!(batch.len(), 7);
    rig.check_batches(&[&batch]);
}

#[test]
fn alloc_without_buffers_changes_nothing() {
    let rig = Rig::new(33, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(64);
    assert!(batch.alloc(32 * ROOM).is_some());
    assert!(batch.alloc(2 * ROOM).is_none());
    assert_eq!(batch.len(), 32);
    assert!(batch.alloc(1).is_some());
    assert!(batch.alloc(1).is_none());
    drop(batch);
    drop(pool);
    rig.check_all_home();
}

#[test]
fn alloc_many_appends_as_many_as_there_are() {
    let rig = Rig::new(100, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(150);
    assert_eq!(batch.alloc_many(60, 0), 0);
    assert_eq!(batch.alloc_many(0, 5), 0);
    assert_eq!(batch.alloc_many(60, 33), 33);
    assert_eq!(batch.alloc_many(ROOM, 1), 1);
    assert_eq!(batch.alloc_many(2 * ROOM + 1, 3), 3);
    let lens: Vec<_> = batch.packets().map(|packet| packet.len()).collect();
    assert_eq!(lens, [vec![60; 33], vec![ROOM], vec![2 * ROOM + 1; 3]].concat());
    assert!(
        batch
            .packets()
            .all(|packet| packet.head().flags().difference(Flags::MORE) == Flags::empty())
    );
    assert_eq!(batch.frames().next().unwrap().data().len(), 60);
    rig.check_batches(&[&batch]);
    // 43 frames so far, of 100 buffers.
    assert_eq!(batch.alloc_many(60, usize::MAX), 57, "no more buffers");
    assert_eq!(batch.alloc_many(60, 1) + batch.alloc_many(2 * ROOM, usize::MAX), 0);
    rig.check_batches(&[&batch]);
    let mut small = pool.batch(10);
    batch.clear();
    assert_eq!(small.alloc_many(1, 11), 10, "no more room");
    assert_eq!(small.alloc_many(1, 1), 0);
    small.clear();
    assert_eq!(small.alloc_many(3 * ROOM, 11), 3);
    drop((small, batch));
    drop(pool);
    rig.check_all_home();
}

#[test]
fn a_copy_has_the_packets_length() {
    let rig = Rig::new(32, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(4);
    for len in [99, 101] {
        let mut packet = batch.alloc(100).unwrap();
        let copy = catch_unwind(AssertUnwindSafe(|| packet.copy_from(&vec![0; len])));
        assert!(copy.is_err());
    }
    assert_eq!(batch.len(), 2);
}

#[test]
fn a_frame_grows_and_shrinks_within_its_buffer() {
    let rig = Rig::new(32, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(2);
    let stride = rig.arena.layout().stride();
    let mut packet = batch.alloc(100).unwrap();
    packet.copy_from(&packet_bytes(7, 100));
    let mut frame = packet.head();
    assert_eq!(frame.headroom(), HEADROOM);
    assert_eq!(frame.tailroom(), stride - HEADROOM - 100);

    assert!(frame.prepend(14));
    assert_eq!(frame.data()[14..], packet_bytes(7, 100));
    assert!(!frame.prepend(HEADROOM - 13), "one too many");
    assert!(frame.prepend(HEADROOM - 14));
    assert!(frame.prepend(0) && !frame.prepend(1) && !frame.prepend(usize::MAX));
    assert_eq!((frame.headroom(), frame.data().len()), (0, HEADROOM + 100));

    assert!(frame.trim_front(HEADROOM));
    assert_eq!(frame.data(), packet_bytes(7, 100));
    assert!(!frame.trim_front(100), "a byte has to be left");
    assert!(!frame.trim_front(usize::MAX));
    assert!(frame.trim_front(99));
    assert_eq!(frame.data(), &packet_bytes(7, 100)[99..]);

    let most = stride - frame.headroom();
    assert!(!frame.set_len(0) && !frame.set_len(most + 1) && !frame.set_len(usize::MAX));
    assert!(frame.set_len(most));
    assert_eq!((frame.data().len(), frame.tailroom()), (most, 0));
    frame.data().fill(0xff);
    assert!(frame.set_len(1));
    assert_eq!(frame.into_data(), [0xff]);
}

#[test]
fn neighbours_do_not_touch() {
    let rig = Rig::new(32, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(32);
    while batch.alloc(1).is_some() {}
    let mut views: Vec<_> = batch
        .frames_mut()
        .map(|mut frame| {
            assert!(frame.prepend(frame.headroom()));
            let all = frame.tailroom() + frame.data().len();
            assert!(frame.set_len(all));
            frame.into_data()
        })
        .collect();
    for (i, view) in views.iter_mut().enumerate() {
        view.fill(i as u8);
    }
    for (i, frame) in batch.frames().enumerate() {
        assert!(frame.data().iter().all(|&byte| byte == i as u8));
    }
}

#[test]
fn a_tag_is_set_and_taken_off() {
    let rig = Rig::new(32, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(1);
    let mut packet = batch.alloc(60).unwrap();
    assert_eq!(packet.head().as_ref().vlan(), None);
    packet.head().set_vlan(Some(0xe123));
    assert_eq!(packet.as_ref().head().vlan(), Some(0xe123));
    assert_eq!(packet.as_ref().head().flags(), Flags::VLAN);
    packet.head().set_vlan(None);
    assert_eq!(packet.as_ref().head().vlan(), None);
    assert_eq!(packet.as_ref().head().rss_hash(), None);
}

#[test]
fn packets_move_whole_and_as_many_as_fit() {
    let rig = Rig::new(64, ROOM);
    let (near, far) = (Pool::new(&rig.arena, 64), Pool::new(&rig.arena, 64));
    let (mut from, mut to) = (near.batch(16), far.batch(5));
    for len in [1, 2 * ROOM, 3 * ROOM, 1] {
        from.alloc(len).unwrap().copy_from(&packet_bytes(1, len));
    }
    assert_eq!(from.move_to(&mut to, 0), 0);
    assert_eq!(from.move_to(&mut to, usize::MAX), 2, "the third is cut by no room");
    assert_eq!((from.len(), to.len()), (4, 3));
    rig.check_batches(&[&from, &to]);
    to.clear();
    assert_eq!(from.move_to(&mut to, 1), 1);
    assert_eq!(to.packets().map(|p| p.len()).collect::<Vec<_>>(), [3 * ROOM]);
    assert!(to.pool().arena().same(from.arena()));
}

/// A batch's packets, each by the byte it starts with and its frames.
fn content(batch: &barline_ring::FrameBatch<'_>) -> Vec<(u8, usize)> {
    let packet = |p: barline_ring::Packet<'_>| (p.head().data()[0], p.frame_count());
    batch.packets().map(packet).collect()
}

#[test]
fn retain_keeps_order_and_frees_the_rest() {
    let rig = Rig::new(128, ROOM);
    let pool = Pool::new(&rig.arena, 128);
    for mask in 0u32..256 {
        let mut batch = pool.batch(64);
        let frames = |i: usize| 1 + (i * 5 + mask as usize) % 4;
        for i in 0..8 {
            batch.alloc(frames(i) * ROOM).unwrap().head().data()[0] = i as u8;
        }
        let before = batch.len() + pool.free();
        let mut i = 0;
        batch.retain(|mut packet| {
            assert_eq!(usize::from(packet.head().data()[0]), i, "each once, in order");
            assert_eq!(packet.as_ref().frame_count(), frames(i));
            i += 1;
            mask >> (i - 1) & 1 == 1
        });
        let kept: Vec<_> =
            (0..8).filter(|i| mask >> i & 1 == 1).map(|i| (i as u8, frames(i))).collect();
        assert_eq!(content(&batch), kept);
        assert_eq!(batch.len() + pool.free(), before);
    }
    drop(pool);
    rig.check_all_home();
}

#[test]
fn a_panic_in_retain_loses_nothing() {
    let rig = Rig::new(128, ROOM);
    let pool = Pool::new(&rig.arena, 128);
    for (fatal, mask) in (0..8).flat_map(|fatal| (0u32..256).map(move |mask| (fatal, mask))) {
        let mut batch = pool.batch(64);
        for i in 0..8 {
            batch.alloc((1 + i % 3) * ROOM).unwrap();
        }
        let (before, mut i) = (batch.len(), 0);
        let retain = AssertUnwindSafe(|| {
            batch.retain(|_| {
                i += 1;
                if i - 1 == fatal {
                    std::panic::resume_unwind(Box::new(()));
                }
                mask >> (i - 1) & 1 == 1
            });
        });
        assert!(catch_unwind(retain).is_err());
        assert_eq!(batch.len(), before);
        rig.check_batches(&[&batch]);
        // Whole packets still: the last of the batch ends one.
        let last = batch.frames().last().unwrap().flags();
        assert!(!last.contains(Flags::MORE));
        // What was not yet asked about is as it was, at the end.
        let rest: Vec<_> = batch.packets().map(|p| p.frame_count()).collect();
        let unasked: Vec<_> = (fatal..8).map(|i| 1 + i % 3).collect();
        assert!(rest.ends_with(&unasked));
    }
    drop(pool);
    rig.check_all_home();
}

#[test]
#[should_panic(expected = "frames of one arena")]
fn frames_do_not_move_to_another_arena() {
    let (one, two) = (Rig::new(32, ROOM), Rig::new(32, ROOM));
    let (a, b) = (Pool::new(&one.arena, 64), Pool::new(&two.arena, 64));
    a.batch(1).move_to(&mut b.batch(1), 1);
}

#[test]
fn views_of_packets_can_be_changed_one_after_another() {
    let rig = Rig::new(32, ROOM);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(8);
    for len in [10, 2 * ROOM] {
        batch.alloc(len).unwrap();
    }
    let mut packets: Vec<_> = batch.packets_mut().collect();
    for (i, packet) in packets.iter_mut().enumerate() {
        for mut frame in packet.frames() {
            frame.data().fill(i as u8 + 1);
        }
    }
    let sums: Vec<u8> = batch.frames().map(|frame| frame.data()[0]).collect();
    assert_eq!(sums, [1, 2, 2]);
    assert!(!batch.is_empty());
}
