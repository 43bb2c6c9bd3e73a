//! Receiving, sending and returning, from opening the VF to the figures.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use barline::{MacAddress, Queues, TxQueue, cores};
use barline_device::Device;

use super::args::Mode;
use super::count::Count;
use super::figures::{Figures, Measured, gbps, mpps};
use super::frame::{self, FCS};
use super::meter::{Meter, Spent};
use super::port;
use super::settings::Settings;
use super::soft::Soft;
use super::watch::watch;
use super::worker::{Job, Wait};
use super::{Problem, Stop};

/// Measures: the figures, and what ended it before its time. The device is released by then.
pub fn measure(settings: &Settings, stop: &Stop) -> Result<(Figures, Option<String>), Problem> {
    let Device { mut port, adapter } =
        port::open(settings, &settings.device, settings.config(), stop)?;
    let queues = port.start()?;
    let soft = adapter.map(|adapter| Soft::new(settings, adapter));
    let wait = Wait::new(settings, soft.as_ref());
    let chain = usize::from(settings.size).div_ceil(port.arena().buffers().layout().data_room);
    let burst = settings.burst.max(chain);
    let (mut jobs, _idle) = jobs(settings, queues, port.mac());
    let meters: Vec<Meter> = jobs.iter().map(|_| Meter::default()).collect();
    let done = AtomicBool::new(false);
    let start = Instant::now();
    let (end, problem) = thread::scope(|scope| {
        let work = |((job, &core), meter)| {
            let (pool, done, wait) = (port.pool(), &done, &wait);
            let job: &mut Job = job;
            scope.spawn(move || {
                cores::pin(core)?;
                Ok(job.run(&pool, burst, wait, meter, done))
            })
        };
        let workers: Vec<_> =
            jobs.iter_mut().zip(&settings.cores.workers).zip(&meters).map(work).collect();
        let ports = [(&port, &settings.device)];
        let ended = || workers.iter().any(ScopedJoinHandle::is_finished);
        let mut last = (Count::default(), Spent::default());
        let problem = watch(settings, &ports, stop, ended, |span| {
            let tally = soft.as_ref().map(Soft::tally);
            let count = Count::of(settings.mode, &port.stats(), tally.as_ref());
            let now = (count, Meter::sum(&meters));
            let (count, spent) = (now.0.since(&last.0), now.1.since(&last.1));
            last = now;
            line(settings, &count, &spent, span)
        });
        if let (Some(soft), None) = (&soft, &problem) {
            soft.drain(&port);
        }
        done.store(true, Ordering::Relaxed);
        finish(workers, start).map(|end| (end, problem))
    })?;
    // The queues are there yet: their counters go with them.
    let stats = port.stats();
    let tally = soft.as_ref().map(Soft::tally);
    let count = Count::of(settings.mode, &stats, tally.as_ref());
    let by_device =
        tally.map(|tally| if settings.mode == Mode::Rx { tally.received } else { tally.sent });
    let problem = problem.or_else(|| soft.as_ref().and_then(|soft| soft.compare(&stats)));
    let spent = Meter::sum(&meters);
    let measured = Measured { count, by_device, spent, elapsed: end - start, latency: None };
    Ok((Figures::new(settings, measured), problem))
}

/// A job for each worker, and the queues that nobody uses.
fn jobs(settings: &Settings, queues: Queues, mac: MacAddress) -> (Vec<Job>, Queues) {
    let len = usize::from(settings.size) - FCS;
    let Queues { rx, tx } = queues;
    let idle = |rx, tx| Queues { rx, tx };
    match settings.mode {
        Mode::Rx => (rx.into_iter().map(Job::Rx).collect(), idle(Vec::new(), tx)),
        Mode::Tx => {
            let job = |tx: TxQueue| {
                let header = frame::header(len, settings.dst, mac, tx.number());
                Job::Tx { tx, header, len }
            };
            (tx.into_iter().map(job).collect(), idle(rx, Vec::new()))
        }
        _ => {
            let pairs = rx.into_iter().zip(tx);
            let jobs = pairs.map(|(rx, tx)| Job::Fwd { rx, tx, mac }).collect();
            (jobs, idle(Vec::new(), Vec::new()))
        }
    }
}

/// Waits for the workers; returns when the last of them ended.
fn finish(
    workers: Vec<ScopedJoinHandle<'_, barline::Result<Instant>>>,
    start: Instant,
) -> barline::Result<Instant> {
    let mut last = start;
    for worker in workers {
        let end = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        last = last.max(end);
    }
    Ok(last)
}

/// What came since the last line, and all that was lost.
fn line(settings: &Settings, count: &Count, spent: &Spent, span: Duration) -> String {
    let size = if settings.mode.sends() { settings.size.into() } else { count.size() };
    let mpps = mpps(count.packets, span);
    let mut line = format!("{mpps:8.3} Mpps  {:8.3} Gbit/s", gbps(size, mpps));
    if let Some(cycles) = spent.cycles_per_packet(count.packets) {
        line += &format!("  {cycles:6.1} cycles/packet");
    }
    if let Some(drops) = count.drops {
        line += &format!("  {drops} drops");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::tests::args;
    use barline::Root;

    #[test]
    fn a_live_line_has_what_there_is_to_know() {
        let settings = Settings::new(&Root::default(), &args("rx"), false).unwrap();
        let line = |count, spent| line(&settings, &count, &spent, Duration::from_secs(1));
        let count = Count { packets: 1_500_000, sized: (1, 60), drops: Some(4) };
        let with =
            line(count, Spent { busy: 30_000_000, bursts: 1, frames: 1, ..Spent::default() });
        assert!(with.starts_with("   1.500 Mpps     0.768 Gbit/s"), "{with}");
        assert!(with.contains("  20.0 cycles/packet"), "{with}");
        assert!(with.ends_with("  4 drops"), "{with}");
        let without = line(Count::default(), Spent::default());
        assert_eq!(without, "   0.000 Mpps     0.000 Gbit/s");
    }
}
