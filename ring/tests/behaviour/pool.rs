//! A worker's pool and the depot behind it.

use barline_ring::Pool;

use crate::model::Rig;

#[test]
fn a_pool_keeps_at_most_its_limit() {
    let rig = Rig::new(1024, 1024);
    for limit in [0, 64, 65, 100, 1000] {
        let pool = Pool::new(&rig.arena, limit);
        let mut batch = pool.batch(1024);
        while batch.alloc(1).is_some() {}
        assert_eq!(batch.len(), 1024, "the depot is used up");
        assert_eq!(rig.arena.census().depot + pool.free(), 0);
        batch.clear();
        assert!(pool.free() <= limit.max(64));
        assert_eq!(rig.arena.census().depot + pool.free(), 1024);
        drop(batch);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn no_limit_is_a_limit_too() {
    let rig = Rig::new(64, 1024);
    let pool = Pool::new(&rig.arena, usize::MAX);
    let mut batch = pool.batch(usize::MAX);
    assert_eq!(batch.room(), usize::MAX);
    while batch.alloc(1024).is_some() {}
    assert_eq!(batch.len(), 64);
    assert!(batch.alloc(usize::MAX).is_none());
}

#[test]
fn the_last_freed_is_the_next_taken() {
    let rig = Rig::new(128, 1024);
    let pool = Pool::new(&rig.arena, 64);
    let mut batch = pool.batch(4);
    let first = batch.alloc(1).unwrap().head().as_ref().buffer();
    batch.clear();
    assert_eq!(batch.alloc(1).unwrap().head().as_ref().buffer(), first);
    assert!(pool.arena().same(&rig.arena));
}

#[test]
fn two_pools_share_the_depot() {
    let rig = Rig::new(128, 1024);
    let (one, two) = (Pool::new(&rig.arena, 64), Pool::new(&rig.arena, 64));
    let (mut a, mut b) = (one.batch(128), two.batch(128));
    while a.alloc(1).is_some() | b.alloc(1).is_some() {}
    rig.check_batches(&[&a, &b]);
    assert_eq!(a.len() + b.len(), 128);
    // Frames of one pool come home by another.
    a.clear();
    b.move_to(&mut a, usize::MAX);
    drop((a, b));
    assert_eq!(one.free() + two.free() + rig.arena.census().depot, 128);
    drop((one, two));
    rig.check_all_home();
}
