//! The control path of a port: one device, one lock, and the settings that outlive its resets.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use barline_ring::CachePadded;

use super::queue_watch::QueueWatch;
use super::stats::Widened;
use crate::arena::Arena;
use crate::eventfd::EventFd;
use crate::nic::Vf;
use crate::transport::{Notice, Transport};
use crate::{Direction, Error, MacAddress, Result};

/// How long a PF gets to come up when a port is opened: it may be in the middle of a reset.
const PATIENCE: Duration = Duration::from_secs(3);

/// A device, as its port, its queues and its watcher share it. The last of them releases it.
pub(crate) struct Device {
    control: Mutex<Control>,
    /// Goes up when the device's queues were lost: a queue that knows another value restarts before
    /// it touches its ring again.
    epoch: CachePadded<AtomicU32>,
    /// Interrupt vectors: news first, then one for each receive queue.
    pub(crate) vectors: Vec<EventFd>,
    pub(crate) request: EventFd,
    pub(crate) error: EventFd,
    pub(crate) transport: Arc<dyn Transport>,
    // After the transport, so that the device is at rest before its memory goes.
    pub(crate) arena: Arena,
    _claim: Claim,
}

/// What the lock guards.
pub(crate) struct Control {
    pub(crate) vf: Box<dyn Vf>,
    /// The queues may be used. False from a PF's reset until the VF has recovered.
    pub(crate) ready: bool,
    pub(crate) settings: Settings,
    pub(crate) stats: Widened,
    /// The queues that are started.
    pub(crate) queues: BTreeMap<(Direction, u16), Started>,
}

/// A queue that is started.
pub(crate) struct Started {
    pub(crate) watch: QueueWatch,
    /// The device's epoch when its worker last showed the queue to the device.
    pub(crate) epoch: u32,
}

/// What was asked of the PF, to be asked again after a reset.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mac: MacAddress,
    pub(crate) max_frame: u16,
    pub(crate) multicast: Vec<MacAddress>,
    pub(crate) vlans: BTreeSet<u16>,
    pub(crate) all_multicast: bool,
}

impl Device {
    /// Takes a device into use: interrupts connected, the PF greeted, the memory mapped.
    pub(crate) fn open(
        transport: Arc<dyn Transport>,
        mut vf: Box<dyn Vf>,
        arena: Arena,
        choose_mac: impl FnOnce(Option<MacAddress>) -> MacAddress,
        max_frame: u16,
    ) -> Result<Device> {
        let claim = Claim::new(transport.name())?;
        arena.attach(&transport.dma())?;
        let eventfd = || EventFd::new().map_err(|source| no_eventfd(&*transport, source));
        let vectors = usize::from(vf.limits().queues.min(transport.vectors().saturating_sub(1)));
        let vectors = (0..=vectors).map(|_| eventfd()).collect::<Result<Vec<_>>>()?;
        let (request, error) = (eventfd()?, eventfd()?);
        if transport.vectors() > 0 {
            let fds: Vec<_> = vectors.iter().map(EventFd::as_fd).collect();
            transport.set_vectors(&fds)?;
        }
        for (notice, event) in [(Notice::Request, &request), (Notice::Error, &error)] {
            if !transport.set_notice(notice, Some(event.as_fd()))? {
                tracing::debug!(device = transport.name(), ?notice, "not offered");
            }
        }
        let assigned = greet(&mut *vf)?;
        let settings = Settings {
            mac: choose_mac(assigned),
            max_frame,
            multicast: Vec::new(),
            vlans: BTreeSet::new(),
            all_multicast: false,
        };
        if assigned != Some(settings.mac) {
            vf.set_mac(settings.mac)?;
        }
        let mut control = Control {
            stats: Widened::new(vf.stats().unwrap_or_default()),
            vf,
            ready: true,
            settings,
            queues: BTreeMap::new(),
        };
        control.apply()?;
        Ok(Device {
            control: Mutex::new(control),
            epoch: CachePadded::default(),
            vectors,
            request,
            error,
            transport,
            arena,
            _claim: claim,
        })
    }

    /// The control path, when nobody else is at it.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Control> {
        // A panic in between leaves settings and device apart at worst, which a reset mends.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The control path, if nobody else is at it now: what a worker may wait for.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, Control>> {
        self.control.try_lock().ok()
    }

    /// How often the device's queues were lost.
    #[inline]
    pub(crate) fn epoch(&self) -> u32 {
        // Acquire: a queue that sees the device ready sees its settings, too.
        self.epoch.load(Ordering::Acquire)
    }

    /// Marks the queues as lost. Called with the control path locked.
    pub(crate) fn lose_queues(&self, control: &mut Control) {
        control.ready = false;
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// Resets a device whose queues were marked as lost, and asks the PF for everything again.
    pub(crate) fn recover(&self, control: &mut Control) -> Result<()> {
        let assigned = control.vf.reset()?;
        if let Some(mac) = assigned
            && mac != control.settings.mac
        {
            tracing::info!(device = self.transport.name(), %mac, "the PF assigned another MAC");
            control.settings.mac = mac;
        }
        if assigned.is_none() {
            let mac = control.settings.mac;
            control.vf.set_mac(mac)?;
        }
        control.stats.rebase(control.vf.stats().unwrap_or_default());
        control.apply()?;
        if !control.queues.is_empty() {
            // A reset of the whole device takes this, too; the queues are off until they restart.
            self.transport.set_bus_master(true)?;
        }
        control.ready = true;
        Ok(())
    }
}

impl Control {
    /// Notes that a worker has shown a queue to the device anew.
    pub(crate) fn restarted(&mut self, direction: Direction, number: u16, epoch: u32) {
        if let Some(queue) = self.queues.get_mut(&(direction, number)) {
            queue.epoch = epoch;
        }
    }

    /// Asks the PF for the settings, after a reset; its MAC address is set already.
    fn apply(&mut self) -> Result<()> {
        let Settings { max_frame, multicast, vlans, all_multicast, .. } = self.settings.clone();
        self.vf.set_max_frame(max_frame)?;
        if !multicast.is_empty() {
            self.vf.set_multicast(&multicast)?;
        }
        for id in vlans {
            self.vf.set_vlan(id, true)?;
        }
        if all_multicast {
            self.vf.set_all_multicast(true)?;
        }
        self.vf.enable_news_interrupt();
        Ok(())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // The eventfds close before the transport does: nothing must signal them any more.
        if let Err(error) = self.transport.set_vectors(&[]) {
            tracing::warn!(device = self.transport.name(), %error, "interrupts stay connected");
        }
        for notice in [Notice::Request, Notice::Error] {
            // A refusal means that there was none.
            let _ = self.transport.set_notice(notice, None);
        }
        tracing::debug!(device = self.transport.name(), "port closed");
    }
}

/// Resets a device and greets its PF, which may need a moment.
fn greet(vf: &mut dyn Vf) -> Result<Option<MacAddress>> {
    let end = Instant::now() + PATIENCE;
    loop {
        match vf.reset() {
            Err(Error::PfSilent { .. }) if Instant::now() < end => {}
            result => return result,
        }
    }
}

fn no_eventfd(transport: &dyn Transport, source: std::io::Error) -> Error {
    Error::Kernel {
        device: transport.name().to_string(),
        action: "make an eventfd for interrupts".into(),
        source,
        remedy: "raise the limit on open files (`ulimit -n`)".into(),
    }
}

/// The devices that this process has open: the kernel would let it open one twice, and each reset by
/// one port would pull the queues from under the other.
static OPEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

struct Claim(String);

impl Claim {
    fn new(name: &str) -> Result<Claim> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if open.insert(name.to_string()) {
            return Ok(Claim(name.to_string()));
        }
        Err(Error::Device {
            device: name.to_string(),
            what: format!("already open in this process (pid {})", std::process::id()),
            remedy: "a VF has one port: share that one's queues between threads".into(),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}
