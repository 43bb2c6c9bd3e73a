//! One measurement, from opening the VF to the figures.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use barline::{LinkState, MacAddress, Port, Queues, cores};

use super::figures::{Count, Figures, live};
use super::frame::{self, FCS};
use super::settings::Settings;
use super::worker::Job;
use super::{Mode, Problem, interrupt};
use crate::output::Output;

/// How often the main thread looks whether it is to end.
const TICK: Duration = Duration::from_millis(20);

/// How long a link may take to come up.
const LINK: Duration = Duration::from_secs(5);

/// Time between live figures.
const LIVE: Duration = Duration::from_secs(1);

/// Measures, and writes the figures.
pub fn run(settings: &Settings, output: Output) -> Result<(), Problem> {
    interrupt::listen();
    let (figures, problem) = measure(settings)?;
    output.answer(&figures).map_err(|failure| Problem::Failed(failure.to_string()))?;
    problem.map_or(Ok(()), |problem| Err(Problem::Failed(problem)))
}

/// The figures, and what ended it before its time. The device is released by then.
fn measure(settings: &Settings) -> Result<(Figures, Option<String>), Problem> {
    let mut port = Port::open_with(&settings.device, settings.config())
        .map_err(|error| settings.explain(error))?;
    wait_for_link(&port)?;
    let queues = port.start()?;
    let chain = usize::from(settings.size).div_ceil(port.arena().buffers().layout().data_room);
    let burst = settings.burst.max(chain);
    let mac = port.mac();
    let (mut jobs, _idle) = jobs(settings, queues, mac);
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    let (cycles, end, problem) = thread::scope(|scope| {
        let work = |(job, &core)| {
            let (pool, stop) = (port.pool(), &stop);
            let job: &mut Job = job;
            scope.spawn(move || {
                cores::pin(core)?;
                Ok(job.run(&pool, burst, stop))
            })
        };
        let workers: Vec<_> = jobs.iter_mut().zip(&settings.cores).map(work).collect();
        let problem = watch(settings, &port, start, &workers);
        stop.store(true, Ordering::Relaxed);
        finish(workers, start).map(|(cycles, end)| (cycles, end, problem))
    })?;
    // The queues are there yet: their counters go with them.
    let count = Count::of(settings.mode, &port.stats());
    Ok((Figures::new(settings, &count, cycles, end - start), problem))
}

/// A job for each worker, and the queues that nobody uses.
fn jobs(settings: &Settings, queues: Queues, mac: MacAddress) -> (Vec<Job>, Queues) {
    let len = usize::from(settings.size) - FCS;
    let Queues { rx, tx } = queues;
    let idle = |rx, tx| Queues { rx, tx };
    match settings.mode {
        Mode::Rx => (rx.into_iter().map(Job::Rx).collect(), idle(Vec::new(), tx)),
        Mode::Tx => {
            let job = |tx: barline::TxQueue| {
                let header = frame::header(len, settings.dst, mac, tx.number());
                Job::Tx { tx, header, len }
            };
            (tx.into_iter().map(job).collect(), idle(rx, Vec::new()))
        }
        Mode::Fwd => {
            let pairs = rx.into_iter().zip(tx);
            let jobs = pairs.map(|(rx, tx)| Job::Fwd { rx, tx, mac }).collect();
            (jobs, idle(Vec::new(), Vec::new()))
        }
    }
}

type Done = barline::Result<(u64, Instant)>;

/// Collects what the workers spent, and when the last of them ended.
fn finish(
    workers: Vec<ScopedJoinHandle<'_, Done>>,
    start: Instant,
) -> barline::Result<(u64, Instant)> {
    let mut all = (0, start);
    for worker in workers {
        let done = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let (cycles, end) = done?;
        all = (all.0 + cycles, all.1.max(end));
    }
    Ok(all)
}

/// Waits for the end, and tells what happens and how it goes. Returns the line for an end that
/// nobody asked for.
fn watch<T>(
    settings: &Settings,
    port: &Port,
    start: Instant,
    workers: &[ScopedJoinHandle<'_, T>],
) -> Option<String> {
    let show = settings.live || io::stderr().is_terminal();
    let (mut shown, mut last) = (start, Count::default());
    loop {
        let elapsed = start.elapsed();
        let left = settings.time.map_or(TICK, |time| time.saturating_sub(elapsed));
        if left.is_zero() || interrupt::seen() || workers.iter().any(|worker| worker.is_finished())
        {
            return None;
        }
        let due = shown + LIVE;
        if show && Instant::now() >= due {
            let count = Count::of(settings.mode, &port.stats());
            let now = Instant::now();
            say(&live(settings, now - start, &count, &last, now - shown));
            (shown, last) = (now, count);
        }
        if let Some(problem) = next_event(port, left.min(TICK)) {
            return Some(problem);
        }
    }
}

/// Waits for news of the port, and tells it; returns the line for news that ends everything.
fn next_event(port: &Port, wait: Duration) -> Option<String> {
    let event = match port.events().recv_timeout(wait) {
        Ok(event) => event,
        Err(error) => {
            if error.is_disconnected() {
                thread::sleep(wait);
            }
            return None;
        }
    };
    let news = format!("{}: {event}", port.name());
    if event.must_close() {
        return Some(news);
    }
    say(&news);
    None
}

fn wait_for_link(port: &Port) -> Result<(), Problem> {
    let end = Instant::now() + LINK;
    while port.link() == LinkState::Down {
        if interrupt::seen() {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(Problem::Failed(format!(
                "{}: no link within {} s: is its PF up (`ip link set <pf> up`), and the cable in?",
                port.name(),
                LINK.as_secs()
            )));
        }
        if let Some(problem) = next_event(port, TICK) {
            return Err(Problem::Failed(problem));
        }
    }
    Ok(())
}

/// Writes a line to standard error; with that closed there is nobody to tell.
fn say(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
