//! The control path of a port: one device, one lock, and the settings that outlive its resets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use barline_ring::CachePadded;

use super::event::Event;
use super::interrupts::Interrupts;
use super::queue_watch::QueueWatch;
use super::stats::Widened;
use crate::arena::Arena;
use crate::nic::Vf;
use crate::transport::Transport;
use crate::{Direction, Error, MacAddress, Result};

/// How long a PF gets to come up when a port is opened: it may be in the middle of a reset.
const PATIENCE: Duration = Duration::from_secs(3);

/// A device, as its port, its queues and its watcher share it. The last of them releases it.
pub(crate) struct Device {
    control: Mutex<Control>,
    /// Goes up when the device's queues were lost: a queue that knows another value restarts before
    /// it touches its ring again.
    epoch: CachePadded<AtomicU32>,
    pub(crate) interrupts: Interrupts,
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
    /// Its worker tried to do so for the present epoch, and failed.
    pub(crate) failed: bool,
}

/// What was asked of the PF, to be asked again after a reset.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address that the VF has.
    pub(crate) mac: MacAddress,
    /// The address that the application wants, if it wants one.
    pub(crate) own_mac: Option<MacAddress>,
    pub(crate) max_frame: u16,
    pub(crate) multicast: Vec<MacAddress>,
    pub(crate) vlans: BTreeSet<u16>,
    pub(crate) all_multicast: bool,
    pub(crate) promiscuous: bool,
}

impl Device {
    /// Takes a device into use: interrupts connected, the PF greeted, the memory mapped.
    pub(crate) fn open(
        transport: Arc<dyn Transport>,
        vf: Box<dyn Vf>,
        arena: Arena,
        own_mac: Option<MacAddress>,
        local_mac: impl FnOnce() -> MacAddress,
        max_frame: u16,
    ) -> Result<Device> {
        let claim = Claim::new(transport.name())?;
        // Should anything fail, they go in the reverse of this order, as when a device is dropped.
        let (claim, arena, transport, mut vf) = (claim, arena, transport, vf);
        arena.attach(&transport.dma())?;
        let interrupts = Interrupts::connect(&transport, vf.limits().queues)?;
        let assigned = greet(&mut *vf)?;
        let settings = Settings {
            mac: own_mac.or(assigned).unwrap_or_else(local_mac),
            own_mac,
            max_frame,
            multicast: Vec::new(),
            vlans: BTreeSet::new(),
            all_multicast: false,
            promiscuous: false,
        };
        if assigned != Some(settings.mac) {
            vf.set_mac(settings.mac)?;
        }
        let mut control = Control {
            stats: Widened::new(vf.stats(), vf.limits().octet_bits),
            vf,
            ready: true,
            settings,
            queues: BTreeMap::new(),
        };
        if let Some(refusal) = control.apply()?.pop() {
            return Err(refusal);
        }
        Ok(Device {
            control: Mutex::new(control),
            epoch: CachePadded::default(),
            interrupts,
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
        match self.control.try_lock() {
            Ok(control) => Some(control),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
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
        for queue in control.queues.values_mut() {
            queue.failed = false;
        }
        self.epoch.fetch_add(1, Ordering::Release);
        // Those who sleep have to restart their queues, too.
        self.interrupts.wake_workers();
    }

    /// Resets a device whose queues were marked as lost, and asks the PF for everything again.
    /// Returns what is different now.
    pub(crate) fn recover(&self, control: &mut Control) -> Result<Vec<Event>> {
        let assigned = control.vf.reset()?;
        control.stats.rebase(control.vf.stats());
        let before = control.settings.mac;
        let mut refusals = control.apply_mac(assigned)?;
        refusals.append(&mut control.apply()?);
        if !control.queues.is_empty() {
            // A reset of the whole device takes this, too; the queues are off until they restart.
            self.transport.set_bus_master(true)?;
        }
        control.ready = true;
        let lost = |error: Error| Event::SettingLost { reason: error.to_string() };
        let mut events: Vec<_> = refusals.into_iter().map(lost).collect();
        if control.settings.mac != before {
            events.push(Event::MacChanged(control.settings.mac));
        }
        Ok(events)
    }
}

impl Control {
    /// Notes that a worker has shown a queue to the device anew.
    pub(crate) fn restarted(&mut self, direction: Direction, number: u16, epoch: u32) {
        if let Some(queue) = self.queues.get_mut(&(direction, number)) {
            (queue.epoch, queue.failed) = (epoch, false);
        }
    }

    /// Notes that a worker could not show a queue to the device anew.
    pub(crate) fn not_restarted(&mut self, direction: Direction, number: u16) {
        if let Some(queue) = self.queues.get_mut(&(direction, number)) {
            queue.failed = true;
        }
    }

    /// Settles on a MAC address after a reset, when the PF has `assigned` one or none: the one that
    /// the application wants, else the PF's, else the one before. Returns what the PF refused.
    fn apply_mac(&mut self, assigned: Option<MacAddress>) -> Result<Vec<Error>> {
        let Settings { mac, own_mac, .. } = self.settings;
        let wanted = own_mac.or(assigned).unwrap_or(mac);
        if assigned == Some(wanted) {
            self.settings.mac = wanted;
            return Ok(Vec::new());
        }
        let refusal = granted(self.vf.set_mac(wanted))?;
        self.settings.mac = match refusal {
            None => wanted,
            Some(_) => {
                self.settings.own_mac = None;
                assigned.unwrap_or(wanted)
            }
        };
        Ok(refusal.into_iter().collect())
    }

    /// Asks the PF for the settings, after a reset; its MAC address is set already. Returns what the
    /// PF refused, which is no longer among the settings.
    fn apply(&mut self) -> Result<Vec<Error>> {
        let Control { vf, settings, .. } = self;
        let mut refusals = Vec::new();
        refusals.extend(granted(vf.set_max_frame(settings.max_frame))?);
        if !settings.multicast.is_empty()
            && let Some(refusal) = granted(vf.set_multicast(&settings.multicast))?
        {
            settings.multicast.clear();
            refusals.push(refusal);
        }
        for id in settings.vlans.clone() {
            if let Some(refusal) = granted(vf.set_vlan(id, true))? {
                settings.vlans.remove(&id);
                refusals.push(refusal);
            }
        }
        if settings.all_multicast
            && let Some(refusal) = granted(vf.set_all_multicast(true))?
        {
            settings.all_multicast = false;
            refusals.push(refusal);
        }
        if settings.promiscuous
            && let Some(refusal) = granted(vf.set_promiscuous(true))?
        {
            settings.promiscuous = false;
            refusals.push(refusal);
        }
        vf.enable_news_interrupt();
        Ok(refusals)
    }
}

/// Takes a refusal out of what went wrong.
fn granted(result: Result<()>) -> Result<Option<Error>> {
    match result {
        Ok(()) => Ok(None),
        Err(refusal @ Error::Refused { .. }) => Ok(Some(refusal)),
        Err(error) => Err(error),
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Others may hold the transport longer.
        if let Err(error) = self.transport.set_bus_master(false) {
            tracing::warn!(device = self.transport.name(), %error, "bus mastering stays on");
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
