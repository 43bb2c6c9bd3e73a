//! The thread that watches over a port: what the PF and the kernel have to say, recovery, stalls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};

use super::control::{Control, Device};
use super::event::{Direction, Event};
use super::interrupts::Interrupts;
use super::stalls::{Sight, Stalls};
use crate::eventfd::{self, EventFd};
use crate::{Error, LinkState, Result};

/// How often the device is looked at without being asked: interrupts can be lost, and a VF has none
/// for some of what matters.
const TICK: Duration = Duration::from_millis(100);

/// Events that wait for the application; the oldest are kept.
const EVENTS: usize = 256;

/// Events beyond these that end the port.
const LAST: usize = 8;

/// The watcher of one port; dropping it ends the thread.
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    wake: EventFd,
    stop: AtomicBool,
}

impl Watcher {
    /// Starts watching.
    pub(crate) fn start(
        device: &Arc<Device>,
        link: LinkState,
    ) -> Result<(Watcher, Receiver<Event>)> {
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
            link,
            silent: false,
            stalls: Stalls::default(),
        };
        let thread = thread::Builder::new()
            .name(format!("barline {name}"))
            .spawn(move || state.run())
            .map_err(|source| failed("start the port's watcher", source))?;
        Ok((Watcher { shared, thread: Some(thread) }, receiver))
    }

    /// Makes the watcher look now.
    pub(crate) fn wake(&self) {
        self.shared.wake.signal();
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

struct State {
    device: Arc<Device>,
    shared: Arc<Shared>,
    events: Sender<Event>,
    link: LinkState,
    /// The application was told that the PF is silent.
    silent: bool,
    stalls: Stalls,
}

impl State {
    fn run(&mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let Interrupts { vectors, request, error, .. } = &self.device.interrupts;
            eventfd::wait([&self.shared.wake, &vectors[0], request, error], TICK);
            self.shared.wake.drain();
            vectors[0].drain();
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
            tracing::warn!(device = self.device.transport.name(), "nobody takes the port's events");
        }
    }

    /// Looks at the device once.
    fn look(&mut self) {
        let device = self.device.clone();
        let mut control = device.lock();
        let news = control.vf.news();
        if control.ready && !matches!(news, Ok(news) if !news.pf_reset) {
            device.lose_queues(&mut control);
            self.tell(Event::PfReset);
        }
        if !control.ready {
            self.recover(&device, &mut control);
        }
        let link = if control.ready { control.vf.link() } else { LinkState::Down };
        if link != self.link {
            self.link = link;
            self.tell(Event::Link(link));
        }
        if control.ready {
            self.look_for_stalls(&mut control);
        }
    }

    fn recover(&mut self, device: &Device, control: &mut Control) {
        match device.recover(control) {
            Ok(events) => {
                self.silent = false;
                self.stalls.clear();
                events.into_iter().for_each(|event| self.tell(event));
                self.tell(Event::Recovered);
            }
            Err(error) if !self.silent => {
                self.silent = true;
                self.tell(Event::PfSilent { reason: error.to_string() });
            }
            Err(error) => {
                tracing::debug!(device = device.transport.name(), %error, "still no PF");
            }
        }
    }

    /// Finds queues that stand still: the worker waits for the device, and the device has work.
    fn look_for_stalls(&mut self, control: &mut Control) {
        let Some(readings) = control.vf.stats() else { return };
        let received = control.stats.update(readings).rx_packets;
        if !self.link.is_up() {
            return self.stalls.clear();
        }
        let epoch = self.device.epoch();
        let mut sights = Vec::new();
        let mut all_rx = Some(Vec::new());
        for (&(direction, number), queue) in &control.queues {
            let subject = (direction, Some(number));
            if queue.epoch != epoch {
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
                    let head = control.vf.rx_head(number);
                    head != u32::MAX && waiting.is_some_and(|at| queue.watch.slot(at) != head)
                }
            };
            let positions = waiting.map(|at| vec![at]);
            sights.push(Sight { subject, positions, work: Some(work) });
        }
        // Packets are counted, and come to no queue.
        sights.push(Sight { subject: (Direction::Rx, None), positions: all_rx, work: None });
        for event in self.stalls.judge(sights, received, Instant::now()) {
            self.tell(event);
        }
    }
}
