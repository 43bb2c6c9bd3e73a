//! The thread that watches over a port: what the PF and the kernel have to say, recovery, stalls.

mod look;
mod queues;

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, Sender, bounded};

use super::device::Device;
use super::event::Event;
use super::interrupts::Interrupts;
use super::stalls::Stalls;
use crate::eventfd::{self, EventFd};
use crate::home::Home;
use crate::{Error, LinkState, Result, error};

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
        let failed = |action: &str, source, remedy: &str| Error::Kernel {
            device: name.clone(),
            action: action.to_string(),
            remedy: error::usual_remedy(&source).unwrap_or(remedy).into(),
            source,
        };
        let no_eventfd =
            |source| failed("make an eventfd", source, "see eventfd(2) for what this means");
        let wake = EventFd::new().map_err(no_eventfd)?;
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
            .map_err(|source| {
                failed(
                    "start the port's watcher",
                    source,
                    "raise the limit on threads (`ulimit -u`)",
                )
            })?;
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
}
