//! The control path of a port: who may have the device in hand, and who waits for whom.
//!
//! One lock guards it. What only takes registers is done with the lock held. What asks the PF for
//! something may wait a second for the answer; meanwhile the [`Vf`] is out of the lock, in the hands of
//! the one who asks, and everybody else finds the [`Book`] without it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::event::Direction;
use super::queue::Watch;
use super::settings::Settings;
use super::stats::{DeviceStats, Widened};
use crate::nic::Vf;
use crate::{LinkState, Result};

/// How long one who can do without the [`Vf`] waits for it: the watcher's looks at a device end long
/// before.
const SOON: Duration = Duration::from_millis(50);

/// What a port knows of its device.
pub(crate) struct Book {
    /// The queues may be used. False from a PF's reset until the VF has recovered.
    pub(crate) ready: bool,
    /// The device does not answer, and will not any more.
    pub(crate) gone: bool,
    /// How often the device's queues were lost.
    pub(crate) resets: u32,
    /// The link when it was looked at last.
    pub(crate) link: LinkState,
    pub(crate) settings: Settings,
    pub(crate) stats: Widened,
    /// Requests that were sent to the PF, when that was looked at last.
    pub(crate) requests: u64,
    /// The queues that were given out, by direction and number.
    pub(crate) queues: BTreeMap<(Direction, u16), Started>,
}

/// A queue in the hands of a worker.
pub(crate) struct Started {
    pub(crate) watch: Box<dyn Watch>,
    /// The device's resets when its worker last showed the queue to the device.
    pub(crate) resets: u32,
    /// Its worker tried to do so since the last of them, and failed.
    pub(crate) failed: bool,
    /// Its worker has turned it off.
    pub(crate) stopped: bool,
}

impl Book {
    /// Takes the device's counters; `None` when there are none to be had.
    pub(crate) fn read_counters(&mut self, vf: &mut dyn Vf) -> Option<DeviceStats> {
        self.requests = vf.requests();
        // Until it has recovered, nobody knows where they start again.
        let readings = if self.ready { vf.stats() } else { None };
        readings.map(|readings| self.stats.update(readings))
    }

    /// Notes that a worker has shown a queue to the device.
    pub(crate) fn shown(&mut self, direction: Direction, number: u16) {
        if let Some(queue) = self.queues.get_mut(&(direction, number)) {
            (queue.resets, queue.failed) = (self.resets, false);
        }
    }

    /// Notes that a worker could not show a queue to the device.
    pub(crate) fn not_shown(&mut self, direction: Direction, number: u16) {
        if let Some(queue) = self.queues.get_mut(&(direction, number)) {
            queue.failed = true;
        }
    }

    /// Notes that a worker has stopped a queue, or started it again.
    pub(crate) fn stopped(&mut self, direction: Direction, number: u16, stopped: bool) {
        if let Some(queue) = self.queues.get_mut(&(direction, number)) {
            queue.stopped = stopped;
        }
    }
}

/// What is left to do to a device by whoever has it in hand.
type Errand = Box<dyn FnOnce(&mut dyn Vf) + Send>;

/// What the lock guards.
struct State {
    /// Not there while somebody asks the PF for something.
    vf: Option<Box<dyn Vf>>,
    /// When it was taken out last.
    taken: Instant,
    errands: Vec<Errand>,
    book: Book,
}

/// The control path of one device.
pub(crate) struct Control {
    state: Mutex<State>,
    /// Signalled when the [`Vf`] is back.
    back: Condvar,
}

impl Control {
    pub(crate) fn new(vf: Box<dyn Vf>, book: Book) -> Control {
        let state = State { vf: Some(vf), taken: Instant::now(), errands: Vec::new(), book };
        Control { state: Mutex::new(state), back: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves settings and device apart at worst, which a reset mends.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock with the [`Vf`] in it, or without it after `end`.
    fn lock_with_vf(&self, end: impl Fn(&State) -> Option<Instant>) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while state.vf.is_none() {
            state = match end(&state).map(|end| end.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(left) => {
                    self.back.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.back.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        state
    }

    /// Reads or changes what is known. Waits for nobody who waits for the PF.
    pub(crate) fn book<T>(&self, with: impl FnOnce(&mut Book) -> T) -> T {
        with(&mut self.lock().book)
    }

    /// Does something with registers, when the device is there to be had: waits for a PF's answer that
    /// somebody else waits for.
    pub(crate) fn with<T>(&self, with: impl FnOnce(&mut dyn Vf, &mut Book) -> T) -> T {
        loop {
            let State { vf, book, .. } = &mut *self.lock_with_vf(|_| None);
            if let Some(vf) = vf {
                return with(&mut **vf, book);
            }
        }
    }

    /// Does something now, with registers if the device is to be had, or not at all: for workers, who
    /// never wait.
    pub(crate) fn try_with<T>(
        &self,
        with: impl FnOnce(Option<&mut (dyn Vf + 'static)>, &mut Book) -> T,
    ) -> Option<T> {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let State { vf, book, .. } = &mut *state;
        Some(with(vf.as_deref_mut(), book))
    }

    /// Does something with registers, or without the device if somebody waits for the PF.
    pub(crate) fn with_soon<T>(
        &self,
        with: impl FnOnce(Option<&mut (dyn Vf + 'static)>, &mut Book) -> T,
    ) -> T {
        let mut state = self.lock_with_vf(|state| Some(state.taken + SOON));
        let State { vf, book, .. } = &mut *state;
        with(vf.as_deref_mut(), book)
    }

    /// Does something with registers, now or, if somebody waits for the PF, right after that: before
    /// anybody else has the device in hand. What is known changes now.
    pub(crate) fn soon_or_later(
        &self,
        note: impl FnOnce(&mut Book),
        errand: impl FnOnce(&mut dyn Vf) + Send + 'static,
    ) {
        let mut state = self.lock_with_vf(|state| Some(state.taken + SOON));
        let State { vf, book, errands, .. } = &mut *state;
        note(book);
        match vf {
            Some(vf) => errand(&mut **vf),
            None => errands.push(Box::new(errand)),
        }
    }

    /// Asks the PF for something, which may take a second or more, with the lock open: what is to be
    /// asked is settled, and what came of it noted, before anybody else has the device in hand.
    pub(crate) fn talk<Q, A, T>(
        &self,
        settle: impl FnOnce(&Book) -> Result<Q>,
        ask: impl FnOnce(&mut dyn Vf, Q) -> Result<A>,
        note: impl FnOnce(&mut Book, A) -> T,
    ) -> Result<T> {
        let (mut vf, question) = loop {
            let mut state = self.lock_with_vf(|_| None);
            if let Some(vf) = state.vf.take() {
                state.taken = Instant::now();
                break match settle(&state.book) {
                    Ok(question) => (vf, question),
                    Err(error) => {
                        state.vf = Some(vf);
                        return Err(error);
                    }
                };
            }
        };
        let answer = catch_unwind(AssertUnwindSafe(|| ask(&mut *vf, question)));
        let mut state = self.put_back(vf);
        match answer {
            Ok(answer) => Ok(note(&mut state.book, answer?)),
            Err(panic) => {
                drop(state);
                resume_unwind(panic)
            }
        }
    }

    /// Ends a talk: does what was left to be done, and gives the device back.
    fn put_back(&self, mut vf: Box<dyn Vf>) -> MutexGuard<'_, State> {
        loop {
            let mut state = self.lock();
            if state.errands.is_empty() {
                state.vf = Some(vf);
                self.back.notify_all();
                return state;
            }
            let errands = std::mem::take(&mut state.errands);
            drop(state);
            for errand in errands {
                // A panic has been printed; the others' errands must be done all the same.
                let _ = catch_unwind(AssertUnwindSafe(|| errand(&mut *vf)));
            }
        }
    }
}
