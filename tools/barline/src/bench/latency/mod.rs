//! `bench latency`: how long frames take from one VF to another.
//!
//! One thread does both ends with one clock: it writes the time into a burst of frames (one by
//! default), pushes them, polls the other VF until all are there, and reads the clock again for each
//! poll that gave something. The next burst goes out when the last one is there, so that no frame waits
//! for others than those of its own burst: what is measured is the way, not a queue. Each time is
//! from before the push to after the poll, with one reading of the clock in it, and is recorded in a
//! histogram of three digits (HdrHistogram). The first rounds warm up and are not recorded.
//!
//! In JSON, nanoseconds: `min`, `p50`, `p90`, `p99`, `p99_9`, `p99_99`, `max`, and `clock`, what a
//! reading of the clock takes.

mod clock;
mod flight;
mod histogram;
mod probe;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use barline::{Queues, cores};

use super::count::Count;
use super::figures::{Figures, Measured};
use super::frame::FCS;
use super::meter::Spent;
use super::settings::Settings;
use super::soft::Soft;
use super::watch::watch;
use super::worker::Wait;
use super::{Problem, Stop, port};
use clock::Clock;
use flight::Flight;
use histogram::Times;
use probe::Probe;

pub use histogram::Latency;

/// What was found so far.
#[derive(Clone, Debug)]
struct Found {
    times: Times,
    /// Frames that did not come in time.
    lost: u64,
    /// How long frames were recorded.
    elapsed: Duration,
}

/// Measures: the figures, and what ended it before its time. The devices are released by then.
pub fn measure(settings: &Settings, stop: &Stop) -> Result<(Figures, Option<String>), Problem> {
    let Some(peer) = &settings.peer else {
        return Err(Problem::Usage("latency needs --peer DEVICE".into()));
    };
    let mut here = port::open(settings, &settings.device, settings.config(), stop)?;
    let mut there = port::open(settings, peer, settings.config(), stop)?;
    let soft = here.adapter.take().map(|adapter| Soft::new(settings, adapter));
    let wait = Wait::new(settings, soft.as_ref());
    let Queues { rx: _idle_rx, tx: mut senders } = here.port.start()?;
    let Queues { rx: mut receivers, tx: _idle_tx } = there.port.start()?;
    let len = usize::from(settings.size) - FCS;
    let probe = Probe::new(len, there.port.mac(), here.port.mac());
    let chain = usize::from(settings.size).div_ceil(here.port.arena().buffers().layout().data_room);
    let burst = settings.burst.max(chain);
    let found = Mutex::new(Found { times: Times::new(), lost: 0, elapsed: Duration::ZERO });
    let read = || found.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let done = AtomicBool::new(false);
    let (cost, problem) = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            cores::pin(settings.cores.workers[0])?;
            let (outward, homeward) = (here.port.pool(), there.port.pool());
            let clock = Clock::start();
            let cost = clock.cost();
            let mut flight = Flight {
                tx: &mut senders[0],
                rx: &mut receivers[0],
                out: outward.batch(burst),
                back: homeward.batch(burst.max(32)),
                len,
                probe,
                clock,
                wait: &wait,
            };
            flight.run(&found, &done);
            Ok::<f64, barline::Error>(cost)
        });
        let ports = [(&here.port, &settings.device), (&there.port, peer)];
        let problem = watch(
            settings,
            &ports,
            stop,
            || worker.is_finished(),
            |_| {
                let Found { times, lost, .. } = read();
                let brief = times.latency(0.0).brief();
                format!("{brief}  {} packets  {lost} drops", times.len())
            },
        );
        done.store(true, Ordering::Relaxed);
        let cost = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok::<_, barline::Error>((cost, problem))
    })?;
    let Found { times, lost, elapsed } = read();
    let count = Count { packets: times.len(), sized: (0, 0), drops: Some(lost) };
    let latency = Some(times.latency(cost));
    let spent = Spent::default();
    let measured = Measured { count, by_device: None, spent, elapsed, latency };
    Ok((Figures::new(settings, measured), problem))
}
