//! Interrupts from the mailbox to whoever waits, through the whole adapter.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use softnic::{Adapter, Fault, MailboxMood};

use super::mailbox_user::{MailboxUser, RSTD, RSTI};
use super::{MILLISECOND, adapter};

/// A VF that has greeted, with the mailbox on vector 0 and at most one message in `units` of 2 us.
fn listening(adapter: &mut Adapter, units: u32) -> (MailboxUser, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let message = Arc::clone(&count);
    adapter.open(0).unwrap();
    adapter.set_vectors(0, vec![Box::new(move || _ = message.fetch_add(1, Relaxed))]);
    let mut user = MailboxUser::new(0);
    user.begin(adapter, 4);
    for (register, value) in [(0x140, 0x80), (0x820, units << 3), (0x110, 7), (0x108, 7)] {
        adapter.write(0, register, value);
    }
    (user, count)
}

#[test]
fn an_answer_interrupts_at_once_or_when_bus_mastering_comes() {
    let mut adapter = adapter("");
    let (mut user, count) = listening(&mut adapter, 0);
    user.ask(&mut adapter, &[5, 1518]);
    assert_eq!(count.load(Relaxed), 0, "an MSI-X message is a write to memory");
    adapter.config_write(0, 4, &[4]);
    assert_eq!(count.load(Relaxed), 1, "for what had come till then");
    user.ask(&mut adapter, &[5, 1518]);
    assert_eq!(count.load(Relaxed), 3, "one for the acknowledgement, one for the answer");
    adapter.set_vectors(0, Vec::new());
    user.ask(&mut adapter, &[5, 1518]);
    assert_eq!(count.load(Relaxed), 3);
}

#[test]
fn a_throttled_message_comes_with_a_later_step() {
    let mut adapter = adapter("");
    let (mut user, count) = listening(&mut adapter, 50);
    adapter.config_write(0, 4, &[4]);
    adapter.step(MILLISECOND);
    user.ask(&mut adapter, &[5, 1518]);
    assert_eq!(count.load(Relaxed), 1, "100 us between messages");
    adapter.step(MILLISECOND + 99_999);
    assert_eq!(count.load(Relaxed), 1);
    adapter.step(MILLISECOND + 100_000);
    assert_eq!(count.load(Relaxed), 2);
    adapter.step(2 * MILLISECOND);
    assert_eq!(count.load(Relaxed), 2);
    assert_eq!(adapter.counters(0).interrupts, 2);
}

#[test]
fn a_late_pf_interrupts_late() {
    let mut adapter = adapter("");
    let (mut user, count) = listening(&mut adapter, 0);
    adapter.config_write(0, 4, &[4]);
    adapter.step(MILLISECOND);
    adapter.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Late(MILLISECOND) });
    user.send(&mut adapter, &[5, 1518]);
    adapter.step(2 * MILLISECOND - 1);
    assert_eq!(count.load(Relaxed), 0);
    adapter.step(2 * MILLISECOND);
    assert_eq!(count.load(Relaxed), 2);
    assert_eq!(user.receive(&mut adapter).unwrap()[0], 0xa000_0005);
}

#[test]
fn lost_interrupts_are_lost_and_nothing_else() {
    let mut adapter = adapter("");
    let (mut user, count) = listening(&mut adapter, 0);
    adapter.config_write(0, 4, &[4]);
    adapter.inject(Fault::LostInterrupts { vf: 0, on: true });
    assert_eq!(user.ask(&mut adapter, &[5, 1518])[0], 0xa000_0005);
    assert_eq!(count.load(Relaxed), 0);
    adapter.inject(Fault::LostInterrupts { vf: 0, on: false });
    user.ask(&mut adapter, &[5, 1518]);
    assert_eq!(count.load(Relaxed), 2);
}

#[test]
fn from_version_1_5_on_acknowledgement_and_answer_come_apart() {
    let mut adapter = adapter("");
    let (mut user, count) = listening(&mut adapter, 0);
    user.ask(&mut adapter, &[8, 6, 0]);
    adapter.config_write(0, 4, &[4]);
    count.store(0, Relaxed);
    user.send_holding(&mut adapter, &[5, 1518]);
    assert_eq!(count.load(Relaxed), 1, "acknowledged");
    user.unlock(&mut adapter);
    assert_eq!(count.load(Relaxed), 2, "answered");
    assert_eq!(user.receive(&mut adapter).unwrap()[0], 0xa000_0005);
    assert_eq!(user.ask_holding(&mut adapter, &[5, 1518])[0], 0xa000_0005);
}

#[test]
fn no_time_is_too_late_for_what_takes_some() {
    let mut adapter = adapter("vfs=1");
    let (mut user, _) = listening(&mut adapter, 500);
    adapter.step(u64::MAX - 1);
    adapter.write(0, 0x820, 500 << 3 | 0x0fe0_0000);
    adapter.inject(Fault::Mailbox { vf: 0, mood: MailboxMood::Late(u64::MAX) });
    user.send(&mut adapter, &[0x08, 4]);
    adapter.inject(Fault::PfReset);
    adapter.step(u64::MAX - 1);
    for (shown, what) in [(RSTI, "the reset has begun"), (RSTD, "it is over")] {
        adapter.step(u64::MAX);
        assert!(user.shows(&mut adapter, shown), "{what}");
    }
}
