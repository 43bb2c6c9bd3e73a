//! The thread that watches over a port: what the PF and the kernel have to say, recovery, stalls.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use barline_ring::{Adv82576, AdvI350, RxWatch, TxWatch};
use crossbeam::channel::{Receiver, Sender, bounded};

use super::control::{Control, Device};
use super::event::{Direction, Event};
use super::stats::{RxStats, Stats, TxStats};
use crate::eventfd::{self, EventFd};
use crate::{Error, LinkState, Result};

/// How often the device is looked at without being asked: interrupts can be lost, and a VF has none
/// for some of what matters.
const TICK: Duration = Duration::from_millis(100);

/// How long a queue may stand still.
const STALL: Duration = Duration::from_millis(500);

/// Events that wait for the application; the oldest are kept.
const EVENTS: usize = 256;

/// A queue as the watcher sees it.
pub(crate) enum QueueWatch {
    Rx82576(RxWatch<Adv82576>),
    RxI350(RxWatch<AdvI350>),
    Tx82576(TxWatch<Adv82576>),
    TxI350(TxWatch<AdvI350>),
}

impl QueueWatch {
    fn waiting_at(&self) -> Option<u32> {
        match self {
            QueueWatch::Rx82576(watch) => watch.waiting_at(),
            QueueWatch::RxI350(watch) => watch.waiting_at(),
            QueueWatch::Tx82576(watch) => watch.waiting_at(),
            QueueWatch::TxI350(watch) => watch.waiting_at(),
        }
    }

    /// Adds the queue's counters to a port's.
    pub(crate) fn count(&self, number: u16, stats: &mut Stats) {
        match self {
            QueueWatch::Rx82576(watch) => stats.rx.push(RxStats::new(number, watch.counters())),
            QueueWatch::RxI350(watch) => stats.rx.push(RxStats::new(number, watch.counters())),
            QueueWatch::Tx82576(watch) => stats.tx.push(TxStats::new(number, watch.counters())),
            QueueWatch::TxI350(watch) => stats.tx.push(TxStats::new(number, watch.counters())),
        }
    }
}

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
        let (events, receiver) = bounded(EVENTS);
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
            stalls: BTreeMap::new(),
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
    /// Queues that wait for the device.
    stalls: BTreeMap<(Direction, u16), Stall>,
}

/// What a queue, or all receive queues together, wait for.
struct Stall {
    /// Where they wait.
    positions: Vec<u32>,
    /// Packets that the device had received when the wait began.
    received: u64,
    /// Since when the device has had work.
    work: Option<Instant>,
    told: bool,
}

impl State {
    fn run(&mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let Device { vectors, request, error, .. } = &*self.device;
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
        if self.events.try_send(event).is_err() {
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
            Ok(()) => {
                self.silent = false;
                self.stalls.clear();
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
        let of =
            |wanted| control.queues.iter().filter(move |((direction, _), _)| *direction == wanted);
        // A transmit queue has work when it owes a report.
        for (&queue, watch) in of(Direction::Tx) {
            self.judge(queue, watch.waiting_at().map(|at| vec![at]), received, true);
        }
        // The receive queues have work when the device counts packets that no queue gets.
        if let Some((&first, _)) = of(Direction::Rx).next() {
            let all = of(Direction::Rx).map(|(_, watch)| watch.waiting_at()).collect();
            self.judge(first, all, received, false);
        }
        self.stalls.retain(|queue, _| control.queues.contains_key(queue));
    }

    /// Tells of a queue that has waited too long at the same place.
    fn judge(
        &mut self,
        queue: (Direction, u16),
        waiting: Option<Vec<u32>>,
        received: u64,
        has_work: bool,
    ) {
        let Some(positions) = waiting.filter(|_| self.link.is_up()) else {
            self.stalls.remove(&queue);
            return;
        };
        let stall = match self.stalls.entry(queue) {
            Entry::Occupied(entry) if entry.get().positions == positions => entry.into_mut(),
            entry => entry
                .insert_entry(Stall { positions, received, work: None, told: false })
                .into_mut(),
        };
        if !has_work && received == stall.received {
            return;
        }
        let since = *stall.work.get_or_insert_with(Instant::now);
        if !stall.told && since.elapsed() >= STALL {
            stall.told = true;
            let (direction, queue) = queue;
            self.tell(Event::Stalled { direction, queue });
        }
    }
}
