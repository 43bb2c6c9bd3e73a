//! The transmit ring with a device that lies.

use barline_ring::{Adv82576, Pool};

use super::tx::fill;
use crate::model::Rig;

const ROOM: usize = 1024;

#[test]
fn a_device_that_never_reports_fills_the_ring_and_no_more() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(128);
        device.reporting = false;
        fill(&mut batch, 0, &[60; 128]);
        for _ in 0..10 {
            tx.push(&mut batch);
            device.step(usize::MAX);
        }
        assert_eq!((batch.len(), tx.pending()), (128 - 62, 62));
        assert_eq!(tx.counters().completed.value(), 0);
        rig.restart_tx(&mut tx, &mut device);
        assert_eq!(tx.counters().lost.value(), 62);
        device.reporting = true;
        while !batch.is_empty() {
            tx.push(&mut batch);
            device.step(usize::MAX);
        }
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn an_early_report_frees_early_and_once() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        for round in 0..50 {
            fill(&mut batch, 0, &[60, 2000, 60]);
            tx.push(&mut batch);
            device.report_early();
            assert_eq!(tx.reap(&pool), 3);
            assert_eq!(tx.reap(&pool), 0);
            if round % 3 == 0 {
                device.step(usize::MAX);
            }
        }
        assert_eq!(tx.counters().completed.value(), 150);
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}

#[test]
fn overwritten_descriptors_do_not_change_what_is_freed() {
    for rig in Rig::each(256, ROOM) {
        let pool = Pool::new(&rig.arena, 64);
        let (mut tx, mut device) = rig.tx::<Adv82576>(rig.tx_config(64));
        let mut batch = pool.batch(64);
        for round in 0..50u64 {
            fill(&mut batch, 0, &[60, 2000, 60]);
            tx.push(&mut batch);
            for slot in 0..64 {
                let noise = round.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                device.scribble(slot, [noise.rotate_left(slot), !noise]);
            }
            device.step(usize::MAX);
            assert_eq!(tx.reap(&pool), 3);
            assert_eq!(tx.pending(), 0);
        }
        drop(batch);
        rig.release_tx(tx, device);
        drop(pool);
        rig.check_all_home();
    }
}
