//! The thread that watches over a port: what the PF and the kernel have to say, recovery, stalls.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};

use super::control::{Book, Started};
use super::device::Device;
use super::event::{Direction, Event};
use super::interrupts::Interrupts;
use super::stalls::{Sight, Stalls};
use super::stats::DeviceStats;
use crate::eventfd::{self, EventFd};
use crate::home::Home;
use crate::nic::Vf;
use crate::{Error, LinkState, Result};

/// How often the device is looked at without being asked: interrupts can be lost, and a VF has none
/// for some of what matters.
const TICK: Duration = Duration::from_millis(100);

/// How long a device may read all ones until it is taken for gone: it does so in the middle of
/// resets, too.
const GONE: Duration = Duration::from_secs(2);

/// How long a PF may be in reset until it is told of.
const SILENCE: Duration = Duration::from_secs(1);

/// Events that wait for the application; the oldest are kept.
const EVENTS: usize = 256;

/// Events beyond these that end the port.
const LAST: usize = 8;

/// The watcher of one port; dropping it ends the thread.
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    home: Home,
}

struct Shared {
    wake: EventFd,
    stop: AtomicBool,
}

impl Watcher {
    /// Starts watching.
    pub(crate) fn start(device: &Arc<Device>) -> Result<(Watcher, Receiver<Event>)> {
        let (events, receiver) = bounded(EVENTS + LAST);
        let name = device.transport.name().to_string();
        let failed = |action: &str, source| Error::Kernel {
            device: name.clone(),
            action: action.to_string(),
            source,
            remedy: "raise the limits on open files and threads (`ulimit -n`, `ulimit -u`)".into(),
        };
        let wake = EventFd::new().map_err(|source| failed("make an eventfd", source))?;
        let shared = Arc::new(Shared { wake, stop: AtomicBool::new(false) });
        let mut state = State {
            device: device.clone(),
            shared: shared.clone(),
            events,
            link: device.link(),
            failing: None,
            silent: false,
            missing: None,
            stalls: Stalls::default(),
        };
        let thread = thread::Builder::new()
            .name(format!("barline {name}"))
            .spawn(move || state.run())
            .map_err(|source| failed("start the port's watcher", source))?;
        Ok((Watcher { shared, thread: Some(thread), home: device.home }, receiver))
    }

    /// Makes the watcher look now.
    pub(crate) fn wake(&self) {
        self.shared.wake.signal();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.home.is_elsewhere() {
            // A child has none of its parent's threads, and shares their eventfds.
            return mem::forget(thread);
        }
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(thread) = thread {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

struct State {
    device: Arc<Device>,
    shared: Arc<Shared>,
    events: Sender<Event>,
    /// The link as the application knows it.
    link: LinkState,
    /// Since when attempts to recover have failed.
    failing: Option<Instant>,
    /// The application was told that the PF is silent.
    silent: bool,
    /// Since when the device has read all ones.
    missing: Option<Instant>,
    stalls: Stalls,
}

impl State {
    fn run(&mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let Interrupts { request, error, .. } = &self.device.interrupts;
            let news = self.device.interrupts.news();
            eventfd::wait([&self.shared.wake, news, request, error], TICK);
            self.shared.wake.drain();
            news.drain();
            let (requested, failed) = (request.drain(), error.drain());
            if requested {
                self.tell(Event::RemovalRequested);
            }
            if failed {
                self.tell(Event::DeviceError);
            }
            if !self.shared.stop.load(Ordering::Acquire) {
                self.look();
            }
        }
    }

    fn tell(&self, event: Event) {
        tracing::info!(device = self.device.transport.name(), ?event);
        // The last places are for news that ends the port, which is told once.
        let room = self.events.len() < EVENTS || event.must_close();
        if !room || self.events.try_send(event).is_err() {
            self.device.tally.events_lost.up();
            tracing::warn!(device = self.device.transport.name(), "nobody takes the port's events");
        }
    }

    /// Looks at the device once.
    fn look(&mut self) {
        let device = self.device.clone();
        if device.control.book(|book| book.gone) {
            return;
        }
        if !self.hear(&device) {
            match self.missing {
                None => self.recover(&device),
                Some(since) if since.elapsed() >= GONE => {
                    device.control.book(|book| book.gone = true);
                    self.tell(Event::Gone);
                }
                Some(_) => {}
            }
        }
        self.look_at_link(&device);
        device.control.with_soon(|vf, book| {
            if let (Some(vf), true) = (vf, book.ready) {
                self.look_for_stalls(vf, book);
            }
        });
    }

    /// Hears what the PF has to say; whether the queues can be used.
    fn hear(&mut self, device: &Device) -> bool {
        let ask = |vf: &mut dyn Vf, ()| Ok(vf.news());
        let heard = device.control.talk(
            |_| Ok(()),
            ask,
            |book, news| {
                let lost = book.ready && !matches!(news, Ok(news) if !news.pf_reset);
                if lost {
                    device.lose_queues(book);
                }
                (news, lost, book.ready)
            },
        );
        let Ok((news, lost, ready)) = heard else { return false };
        self.missing = match news {
            Err(Error::Gone { .. }) => self.missing.or_else(|| Some(Instant::now())),
            _ => None,
        };
        if lost {
            device.tally.pf_resets.up();
            self.tell(Event::PfReset);
        }
        ready
    }

    fn recover(&mut self, device: &Device) {
        let tally = &device.tally;
        let since = *self.failing.get_or_insert_with(Instant::now);
        match device.recover() {
            Ok(events) => {
                tally.recoveries.up();
                (self.failing, self.silent) = (None, false);
                self.stalls.clear();
                for event in events {
                    if matches!(event, Event::SettingLost { .. }) {
                        tally.settings_lost.up();
                    }
                    self.tell(event);
                }
                return self.tell(Event::Recovered);
            }
            // It is looked at for a while, and told if it stays so.
            Err(Error::Gone { .. }) => {}
            Err(error) if !self.silent && since.elapsed() >= SILENCE => {
                self.silent = true;
                self.tell(Event::PfSilent { reason: error.to_string() });
            }
            Err(error) => {
                tracing::debug!(device = device.transport.name(), %error, "still no PF");
            }
        }
        tally.failed_recoveries.up();
    }

    fn look_at_link(&mut self, device: &Device) {
        let seen = device.control.talk(
            |book| Ok(book.ready),
            |vf, ready| Ok(if ready { vf.link() } else { LinkState::Down }),
            |book, link| {
                // What was lost meanwhile has none.
                book.link = if book.ready { link } else { LinkState::Down };
                book.link
            },
        );
        if let Ok(link) = seen
            && link != self.link
        {
            self.link = link;
            self.tell(Event::Link(link));
        }
    }

    /// Finds queues that stand still: the worker waits for the device, and the device has work.
    fn look_for_stalls(&mut self, vf: &mut dyn Vf, book: &mut Book) {
        let Some(DeviceStats { rx_packets: received, .. }) = book.read_counters(vf) else {
            return;
        };
        if !self.link.is_up() {
            return self.stalls.clear();
        }
        let mut sights = Vec::new();
        let mut all_rx = Some(Vec::new());
        for (&(direction, number), queue) in &book.queues {
            let subject = (direction, Some(number));
            if queue.stopped {
                continue;
            }
            if queue.resets != book.resets {
                // It waits for its worker, unless that has tried.
                if queue.failed {
                    sights.push(Sight { subject, positions: Some(Vec::new()), work: Some(true) });
                }
                continue;
            }
            let waiting = queue.watch.waiting_at();
            let work = match direction {
                // A report is owed.
                Direction::Tx => true,
                // Descriptors are used, and not reported.
                Direction::Rx => {
                    all_rx = all_rx.zip(waiting).map(|(all, at)| [all, vec![at]].concat());
                    let head = vf.rx_head(number);
                    head != u32::MAX && waiting.is_some_and(|at| queue.watch.slot(at) != head)
                }
            };
            let positions = waiting.map(|at| vec![at]);
            sights.push(Sight { subject, positions, work: Some(work) });
        }
        // Packets are counted, and come to no queue. Those for a stopped one are meant to.
        let is_stopped_rx = |(&(direction, _), queue): (&(Direction, u16), &Started)| {
            direction == Direction::Rx && queue.stopped
        };
        if !book.queues.iter().any(is_stopped_rx) {
            sights.push(Sight { subject: (Direction::Rx, None), positions: all_rx, work: None });
        }
        for event in self.stalls.judge(sights, received, Instant::now()) {
            self.device.tally.stalls.up();
            self.tell(event);
        }
    }
}
