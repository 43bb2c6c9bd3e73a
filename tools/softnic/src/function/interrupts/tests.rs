//! Causes, masks, messages and throttles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::*;

/// Interrupts whose messages are counted: 1 for vector 0, 100 for vector 1, 10000 for vector 2.
fn counted() -> (Interrupts, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let message = |weight| {
        let count = Arc::clone(&count);
        Box::new(move || _ = count.fetch_add(weight, Relaxed)) as Message
    };
    let mut interrupts = Interrupts::default();
    interrupts.set_messages(vec![message(1), message(100), message(10_000), message(1_000_000)]);
    (interrupts, count)
}

/// Queue 0 on vector 1, queue 3 on vector 2, the mailbox on vector 0; all let through.
fn assigned() -> (Interrupts, Arc<AtomicU32>) {
    let (mut interrupts, count) = counted();
    assert!(interrupts.write(0x120, 0x0000_8181, 0));
    assert!(interrupts.write(0x124, 0x8282_0000, 0));
    assert!(interrupts.write(0x140, 0x80, 0));
    assert!(interrupts.write(0x108, 7, 0));
    (interrupts, count)
}

fn raise(interrupts: &mut Interrupts, cause: Cause, now: u64) {
    interrupts.raise(cause);
    interrupts.settle(now, true);
}

#[test]
fn each_cause_goes_to_its_vector() {
    let (mut interrupts, count) = assigned();
    raise(&mut interrupts, Cause::Rx(0), 0);
    assert_eq!(count.swap(0, Relaxed), 100);
    assert_eq!(interrupts.read(0x100, 0), Some(2), "VTEICR names the vector");
    raise(&mut interrupts, Cause::Tx(0), 0);
    assert_eq!(count.swap(0, Relaxed), 100);
    raise(&mut interrupts, Cause::Tx(3), 0);
    raise(&mut interrupts, Cause::Mailbox, 0);
    assert_eq!(count.swap(0, Relaxed), 10_001);
    assert_eq!(interrupts.read(0x100, 0), Some(7));
    assert_eq!(interrupts.read(0x100, 0), Some(0), "reading has cleared it");
    raise(&mut interrupts, Cause::Rx(1), 0);
    raise(&mut interrupts, Cause::Rx(99), 0);
    assert_eq!(interrupts.read(0x100, 0), Some(0), "queue 1 has no valid entry");
}

#[test]
fn a_cause_that_is_not_cleared_sends_one_message() {
    let (mut interrupts, count) = assigned();
    for now in 0..3 {
        raise(&mut interrupts, Cause::Rx(0), now);
    }
    assert_eq!(count.load(Relaxed), 100);
    interrupts.write(0x100, 2, 3);
    interrupts.settle(3, true);
    raise(&mut interrupts, Cause::Rx(0), 4);
    assert_eq!(count.load(Relaxed), 200, "a one written to VTEICR clears it");
    interrupts.write(0x100, 5, 5);
    assert_eq!(interrupts.read(0x100, 5), Some(2), "other ones leave it");
}

#[test]
fn auto_clear_clears_and_auto_mask_masks_when_the_message_is_sent() {
    let (mut interrupts, count) = assigned();
    interrupts.write(0x110, 2, 0);
    raise(&mut interrupts, Cause::Rx(0), 0);
    raise(&mut interrupts, Cause::Rx(0), 0);
    assert_eq!(count.swap(0, Relaxed), 200);
    assert_eq!(interrupts.read(0x100, 0), Some(0));
    interrupts.write(0x114, 2, 0);
    raise(&mut interrupts, Cause::Rx(0), 0);
    raise(&mut interrupts, Cause::Rx(0), 0);
    assert_eq!(count.swap(0, Relaxed), 100, "masked by the first");
    assert_eq!(interrupts.read(0x108, 0), Some(5));
    interrupts.write(0x108, 2, 0);
    interrupts.settle(0, true);
    assert_eq!(count.swap(0, Relaxed), 100, "the second, once it was let through");
}

#[test]
fn masked_causes_wait_and_set_ones_count() {
    let (mut interrupts, count) = assigned();
    interrupts.write(0x10c, 7, 0);
    assert_eq!(interrupts.read(0x108, 0), Some(0));
    raise(&mut interrupts, Cause::Mailbox, 0);
    interrupts.write(0x104, 4, 0);
    interrupts.settle(0, true);
    assert_eq!(count.load(Relaxed), 0);
    interrupts.write(0x108, 0xffff_ffff, 0);
    assert_eq!(interrupts.read(0x108, 0), Some(7), "there are three");
    interrupts.settle(0, false);
    assert_eq!(count.load(Relaxed), 0, "without bus mastering nothing is sent");
    interrupts.settle(0, true);
    assert_eq!(count.load(Relaxed), 10_001);
}

#[test]
fn the_interval_is_in_units_of_two_microseconds() {
    let (mut interrupts, count) = assigned();
    interrupts.write(0x110, 7, 0);
    // 25 units, 50 us, which Linux calls 20,000 interrupts a second, on vector 1.
    interrupts.write(0x824, 200 | 1 << 31, 0);
    raise(&mut interrupts, Cause::Rx(0), 1_000);
    raise(&mut interrupts, Cause::Rx(0), 1_001);
    assert_eq!(count.load(Relaxed), 100);
    assert_eq!(interrupts.read(0x824, 1_001), Some(200 | 6 << 21), "24 or 25 units left");
    interrupts.settle(50_999, true);
    assert_eq!(count.load(Relaxed), 100);
    interrupts.settle(51_000, true);
    assert_eq!(count.load(Relaxed), 200);
    raise(&mut interrupts, Cause::Mailbox, 51_000);
    assert_eq!(count.load(Relaxed), 201, "each vector has its own");
}

#[test]
fn writing_the_interval_may_end_the_wait() {
    let (mut interrupts, count) = assigned();
    interrupts.write(0x110, 7, 0);
    interrupts.write(0x820, 0xff8, 0);
    raise(&mut interrupts, Cause::Mailbox, 0);
    raise(&mut interrupts, Cause::Mailbox, 1);
    interrupts.write(0x820, 0xff8 | 1 << 31, 2);
    interrupts.settle(2, true);
    assert_eq!(count.load(Relaxed), 1, "the counter was left alone");
    interrupts.write(0x820, 0xff8, 3);
    interrupts.settle(3, true);
    assert_eq!(count.load(Relaxed), 2);
    interrupts.write(0x820, 0xff8 | 1 << 21, 4);
    raise(&mut interrupts, Cause::Mailbox, 4);
    assert_eq!(count.load(Relaxed), 2, "four units were written to the counter");
    interrupts.settle(8_004, true);
    assert_eq!(count.load(Relaxed), 3);
}

#[test]
fn what_is_reserved_reads_zero() {
    let mut interrupts = Interrupts::default();
    for offset in [0x110, 0x114, 0x120, 0x12c, 0x140, 0x820, 0x828] {
        interrupts.write(offset, u32::MAX, 0);
    }
    assert_eq!(interrupts.read(0x110, 0), Some(7));
    assert_eq!(interrupts.read(0x114, 0), Some(7));
    assert_eq!(interrupts.read(0x12c, 0), Some(0x8383_8383));
    assert_eq!(interrupts.read(0x140, 0), Some(0x83));
    assert_eq!(interrupts.read(0x828, 0), Some(0x001f_8ff8));
    assert_eq!(interrupts.read(0x104, 0), Some(0));
    for elsewhere in [0x10, 0x130, 0x144, 0x82c, 0x821] {
        assert_eq!(interrupts.read(elsewhere, 0), None, "{elsewhere:#x}");
        assert!(!interrupts.write(elsewhere, 1, 0), "{elsewhere:#x}");
    }
}

#[test]
fn a_reset_leaves_only_where_messages_go() {
    let (mut interrupts, count) = assigned();
    interrupts.write(0x824, 200, 0);
    raise(&mut interrupts, Cause::Rx(0), 0);
    interrupts.reset();
    for offset in [0x100, 0x108, 0x110, 0x114, 0x120, 0x124, 0x140, 0x824] {
        assert_eq!(interrupts.read(offset, 0), Some(0), "{offset:#x}");
    }
    interrupts.write(0x108, 1, 0);
    interrupts.write(0x104, 1, 0);
    interrupts.settle(0, true);
    assert_eq!(count.load(Relaxed), 101);
}

#[test]
fn lost_messages_leave_everything_else_as_if_they_had_arrived() {
    let (mut interrupts, count) = assigned();
    interrupts.lost = true;
    interrupts.write(0x110, 7, 0);
    raise(&mut interrupts, Cause::Rx(0), 0);
    assert_eq!((count.load(Relaxed), interrupts.read(0x100, 0)), (0, Some(0)));
    interrupts.lost = false;
    raise(&mut interrupts, Cause::Rx(0), 0);
    assert_eq!((count.load(Relaxed), interrupts.delivered), (100, 1));
}
