//! Telling a queue that stands still from one that has nothing to do.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::{Duration, Instant};

use super::event::{Direction, Event};

/// How long a queue may stand still.
const STALL: Duration = Duration::from_millis(300);

/// What is judged: one queue, or all of a direction together.
type Subject = (Direction, Option<u16>);

/// The queues that wait for the device, and since when they have reason to.
#[derive(Debug, Default)]
pub(super) struct Stalls(BTreeMap<Subject, Stall>);

/// What a subject waits for.
#[derive(Debug)]
struct Stall {
    /// Where its queues wait.
    positions: Vec<u32>,
    /// Packets that the device had received when the wait began.
    received: u64,
    /// Since when the device has had work for it.
    work: Option<Instant>,
    told: bool,
}

/// A subject as it is seen now.
pub(super) struct Sight {
    pub(super) subject: Subject,
    /// Where its queues wait; `None` when one of them does not wait for the device.
    pub(super) positions: Option<Vec<u32>>,
    /// Whether the device has work for it. `None` judges by whether the device has received packets
    /// since the wait began.
    pub(super) work: Option<bool>,
}

impl Stalls {
    /// Forgets everything: the queues start anew.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Judges what is seen of all subjects now, when the device has `received` so many packets in
    /// all; returns what is to be told.
    pub(super) fn judge(&mut self, sights: Vec<Sight>, received: u64, now: Instant) -> Vec<Event> {
        self.0.retain(|subject, _| sights.iter().any(|sight| sight.subject == *subject));
        sights.into_iter().filter_map(|sight| self.judge_one(sight, received, now)).collect()
    }

    fn judge_one(&mut self, sight: Sight, received: u64, now: Instant) -> Option<Event> {
        let Sight { subject, positions, work } = sight;
        let Some(positions) = positions else {
            self.0.remove(&subject);
            return None;
        };
        let stall = match self.0.entry(subject) {
            Entry::Occupied(entry) if entry.get().positions == positions => entry.into_mut(),
            entry => entry
                .insert_entry(Stall { positions, received, work: None, told: false })
                .into_mut(),
        };
        if !work.unwrap_or(received > stall.received) {
            stall.work = None;
            return None;
        }
        let since = *stall.work.get_or_insert(now);
        if stall.told || now - since < STALL {
            return None;
        }
        stall.told = true;
        let (direction, queue) = subject;
        Some(Event::Stalled { direction, queue })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TX0: Subject = (Direction::Tx, Some(0));
    const RX: Subject = (Direction::Rx, None);

    fn sight(subject: Subject, at: u32, work: Option<bool>) -> Vec<Sight> {
        vec![Sight { subject, positions: Some(vec![at]), work }]
    }

    #[test]
    fn a_queue_with_work_that_does_not_move_is_told_of_once() {
        let (mut stalls, start) = (Stalls::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(stalls.judge(sight(TX0, 7, Some(true)), 0, at(0)).is_empty());
        assert!(stalls.judge(sight(TX0, 7, Some(true)), 0, at(299)).is_empty());
        let told = stalls.judge(sight(TX0, 7, Some(true)), 0, at(300));
        assert_eq!(told, [Event::Stalled { direction: Direction::Tx, queue: Some(0) }]);
        assert!(stalls.judge(sight(TX0, 7, Some(true)), 0, at(5000)).is_empty());
        // It moves, and stands still again.
        assert!(stalls.judge(sight(TX0, 8, Some(true)), 0, at(5001)).is_empty());
        assert_eq!(stalls.judge(sight(TX0, 8, Some(true)), 0, at(5301)).len(), 1);
    }

    #[test]
    fn a_queue_without_work_or_without_a_wait_is_not_told_of() {
        let (mut stalls, start) = (Stalls::default(), Instant::now());
        for ms in (0..5000).step_by(100) {
            let now = start + Duration::from_millis(ms);
            assert!(stalls.judge(sight(TX0, 7, Some(false)), ms, now).is_empty());
            let moving = Sight { subject: RX, positions: None, work: Some(true) };
            assert!(stalls.judge(vec![moving], ms, now).is_empty());
        }
    }

    #[test]
    fn packets_that_arrive_nowhere_are_work() {
        let (mut stalls, start) = (Stalls::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(stalls.judge(sight(RX, 7, None), 10, at(0)).is_empty());
        assert!(stalls.judge(sight(RX, 7, None), 10, at(10_000)).is_empty());
        // The wait for a packet that has just come is no stall yet.
        assert!(stalls.judge(sight(RX, 7, None), 11, at(10_100)).is_empty());
        assert_eq!(stalls.judge(sight(RX, 7, None), 11, at(10_400)).len(), 1);
    }
}
