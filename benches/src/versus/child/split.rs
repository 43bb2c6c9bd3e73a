//! Two cores, each with half of the queues of each VF, between which frames are spread by RSS.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::thread;

use barline::{Arena, FrameBatch, cores};
use crossbeam::utils::CachePadded;

use super::clock::{Clock, now};
use super::lanes::{Lane, POOL};
use super::slot::{Books, Samples};
use super::work::{self, Moved};
use super::{Child, ChildError};
use crate::versus::protocol::SlotReport;
use crate::versus::rows::Mode;

/// Where the two workers meet.
#[derive(Default)]
struct Meeting {
    /// Rounds that have begun.
    begun: CachePadded<AtomicU64>,
    /// Rounds that the second worker has done, and what its half of the last one came to.
    done: CachePadded<Done>,
    over: AtomicBool,
}

#[derive(Default)]
struct Done {
    rounds: AtomicU64,
    cycles: AtomicI64,
    received: AtomicU64,
    sent: AtomicU64,
}

/// Ends the second worker whatever happens to the first: a scope waits for it.
struct Over<'m>(&'m Meeting);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Release);
    }
}

/// What one worker's half of a round came to.
#[derive(Clone, Copy, Default)]
struct Half {
    cycles: i64,
    received: u64,
    sent: u64,
}

impl Child {
    /// Measures forwarding by two workers.
    pub(super) fn split(
        &mut self,
        mode: Mode,
        burst: u16,
        microseconds: u32,
    ) -> Result<SlotReport, ChildError> {
        let core = self.other_core()?;
        let Child { config, device, clock, lanes } = self;
        if mode != Mode::Fwd || config.queues < 2 || config.vfs.len() != 1 {
            let why = "split: forwarding over two queues or more of one VF is what can be divided";
            return Err(ChildError::Order(why.into()));
        }
        let burst = usize::from(burst);
        let mut books = Books::open(lanes, device)?;
        let mut samples = Samples::new(clock, microseconds);
        let each = (burst * lanes.queues) as u32;
        let half = lanes.queues / 2;
        let (mine, theirs) = lanes.lanes.split_at_mut(half);
        let arena = lanes.arena.clone();
        let meeting = Meeting::default();
        thread::scope(|scope| {
            let over = Over(&meeting);
            let clock = *clock;
            let meeting = &meeting;
            scope.spawn(move || second(meeting, theirs, arena, core, burst, clock));
            let mut batch = lanes.pool.batch(burst);
            loop {
                device.feed(each)?;
                let round = meeting.begun.load(Ordering::Relaxed) + 1;
                meeting.begun.store(round, Ordering::Release);
                let own = drive(mine, &mut batch, burst, &clock);
                let other = meeting.wait_for(round)?;
                books.received += own.received + other.received;
                books.sent += own.sent + other.sent;
                samples.add(own.cycles + other.cycles, own.received + other.received);
                if !samples.go_on() {
                    break;
                }
            }
            drop(over);
            Ok::<(), ChildError>(())
        })?;
        let lost = books.close(lanes, device)?;
        Ok(samples.finish(lost))
    }
}

impl Meeting {
    /// Waits for the second worker's half of a round.
    fn wait_for(&self, round: u64) -> Result<Half, ChildError> {
        loop {
            match self.done.rounds.load(Ordering::Acquire) {
                NO_CORE => return Err(ChildError::Order("the other core is not to be had".into())),
                done if done == round => break,
                _ => spin_loop(),
            }
        }
        let Done { cycles, received, sent, .. } = &*self.done;
        let [received, sent] = [received, sent].map(|number| number.load(Ordering::Relaxed));
        Ok(Half { cycles: cycles.load(Ordering::Relaxed), received, sent })
    }
}

/// As a number of rounds: the second worker has no core.
const NO_CORE: u64 = u64::MAX;

/// The second worker.
fn second(
    meeting: &Meeting,
    lanes: &mut [Lane],
    arena: Arena,
    core: usize,
    burst: usize,
    clock: Clock,
) {
    if cores::pin(core).is_err() {
        meeting.done.rounds.store(NO_CORE, Ordering::Release);
        return;
    }
    let pool = arena.pool(POOL);
    let mut batch = pool.batch(burst);
    let mut last = 0;
    while !meeting.over.load(Ordering::Acquire) {
        let round = meeting.begun.load(Ordering::Acquire);
        if round == last {
            spin_loop();
            continue;
        }
        let half = drive(lanes, &mut batch, burst, &clock);
        meeting.done.cycles.store(half.cycles, Ordering::Relaxed);
        meeting.done.received.store(half.received, Ordering::Relaxed);
        meeting.done.sent.store(half.sent, Ordering::Relaxed);
        meeting.done.rounds.store(round, Ordering::Release);
        last = round;
    }
    // What the device still has of this worker's frames comes back to its transmit rings.
    for lane in lanes {
        lane.tx.reap(&pool);
    }
}

/// Forwards all that is in some lanes: until each gives less than a burst.
fn drive(lanes: &mut [Lane], batch: &mut FrameBatch<'_>, burst: usize, clock: &Clock) -> Half {
    let mut half = Half::default();
    for lane in lanes {
        loop {
            let start = now();
            let Moved { received, sent } = work::forward(lane, batch);
            half.cycles += clock.between(start, now());
            half.received += received as u64;
            half.sent += sent as u64;
            // A ring holds more than can come in a round.
            batch.clear();
            if received < burst {
                break;
            }
        }
    }
    half
}
