//! The thread that moves an adapter.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::clock::now;
use super::seat::Seat;

/// Steps with work between two occasions for others to run on this CPU.
const BUSY_STEPS: u32 = 64;

/// How long, in nanoseconds, it spins when there is no work: longer than a driver takes from one burst
/// to the next.
const SPIN: u64 = 20_000;

/// How long it only lets others run. After that it sleeps.
const YIELD: u64 = 1_000_000;

/// How long it sleeps at a time.
const SLEEP: Duration = Duration::from_micros(50);

/// What can be moved.
pub(super) trait Step: Send + 'static {
    /// Does what there is to do at `now`, in nanoseconds. 0: there was nothing.
    fn step(&mut self, now: u64) -> usize;
}

/// A thread that moves something until this is dropped.
pub(super) struct Runner {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Runner {
    /// Starts it, on one CPU if that is wanted.
    pub(super) fn start<T: Step>(seat: Arc<Seat<T>>, core: Option<usize>) -> io::Result<Runner> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        // Asked before the thread is pinned, since that is all that it could use then.
        let alone = thread::available_parallelism().is_ok_and(|cores| cores.get() == 1);
        let run = move || {
            if let Some(core) = core
                && !core_affinity::set_for_current(core_affinity::CoreId { id: core })
            {
                tracing::warn!(core, "the adapter's thread could not be pinned");
            }
            let mut pause = Pause { alone, busy: 0, idle_since: None };
            while !stopped.load(Ordering::Relaxed) {
                let now = now();
                // Whoever uses it next learns that it is broken.
                let Ok(moved) = seat.after_others(|it| it.step(now)) else { break };
                pause.after(moved, now);
            }
        };
        let thread = thread::Builder::new().name("softnic".into()).spawn(run)?;
        Ok(Runner { stop, thread: Some(thread) })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Panics of what it moves are caught; there is nothing else in it.
            _ = thread.join();
        }
    }
}

/// What is done between two steps.
struct Pause {
    /// There is one CPU for everything.
    alone: bool,
    /// Steps with work since others could run.
    busy: u32,
    idle_since: Option<u64>,
}

impl Pause {
    fn after(&mut self, moved: usize, now: u64) {
        if moved > 0 {
            self.idle_since = None;
            self.busy += 1;
            if self.busy >= BUSY_STEPS {
                self.busy = 0;
                thread::yield_now();
            }
            return;
        }
        self.busy = 0;
        match now.saturating_sub(*self.idle_since.get_or_insert(now)) {
            // There is work when the driver has run, and it runs when this does not. One that only let
            // it run would wait for the whole of its time slice.
            _ if self.alone => thread::sleep(SLEEP),
            0..SPIN => std::hint::spin_loop(),
            SPIN..YIELD => thread::yield_now(),
            _ => thread::sleep(SLEEP),
        }
    }
}
