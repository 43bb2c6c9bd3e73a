//! A device, as its port, its queues and its watcher share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use barline_ring::CachePadded;

use super::claim::Claim;
use super::config::Config;
use super::control::{Book, Control};
use super::event::Event;
use super::interrupts::Interrupts;
use super::settings::Settings;
use super::stats::Widened;
use super::tally::Tally;
use crate::arena::Arena;
use crate::home::Home;
use crate::nic::Vf;
use crate::transport::Transport;
use crate::{Error, LinkState, MacAddress, Result, clock};

/// How long a PF gets to come up when a port is opened: it may be in the middle of a reset.
const PATIENCE: Duration = Duration::from_secs(3);

/// An epoch that no device ever has: theirs are even.
pub(crate) const NEVER: u32 = 1;

/// From one epoch to the next.
const EPOCH: u32 = 2;

/// A device in use. The last of those who share it releases it.
pub(crate) struct Device {
    pub(crate) control: Control,
    signs: CachePadded<Signs>,
    pub(crate) tally: Tally,
    pub(crate) interrupts: Interrupts,
    pub(crate) transport: Arc<dyn Transport>,
    // After the transport, so that the device is at rest before its memory goes.
    pub(crate) arena: Arena,
    pub(crate) home: Home,
    _claim: Claim,
}

/// What workers look at without a lock.
#[derive(Default)]
struct Signs {
    /// Goes up when there is something to do for queues: they were lost, or a setting has changed.
    epoch: AtomicU32,
    /// As in the book.
    ready: AtomicBool,
}

impl Device {
    /// Takes a device into use: interrupts connected, the PF greeted, the memory mapped.
    pub(crate) fn open(
        transport: Arc<dyn Transport>,
        vf: Box<dyn Vf>,
        arena: Arena,
        config: &Config,
        local_mac: impl FnOnce() -> MacAddress,
    ) -> Result<Device> {
        let claim = Claim::new(transport.name())?;
        // Should anything fail, they go in the reverse of this order, as when a device is dropped.
        let (claim, arena, transport, mut vf) = (claim, arena, transport, vf);
        arena.attach(&transport.dma())?;
        vf.use_queues(config.rx_queues, config.tx_queues)?;
        let lines = (0..config.rx_queues).map(|queue| vf.rx_interrupt(queue));
        let interrupts = Interrupts::connect(&transport, lines)?;
        let assigned = greet(&mut *vf)?;
        let mac = config.mac.or(assigned).unwrap_or_else(local_mac);
        let mut settings = Settings::new(mac, config, &vf.limits());
        let refusal = settings.apply_mac(&mut *vf, assigned)?;
        let refusals = settings.apply(&mut *vf)?;
        if let Some(refusal) = refusal.into_iter().chain(refusals).next() {
            return Err(refusal);
        }
        let (requests, link) = (vf.requests(), vf.link());
        let book = Book {
            ready: true,
            gone: false,
            resets: 0,
            link,
            requests,
            settings,
            stats: Widened::new(vf.stats(), vf.limits().octet_bits),
            queues: Default::default(),
        };
        let device = Device {
            control: Control::new(vf, book),
            signs: CachePadded::default(),
            tally: Tally::default(),
            interrupts,
            transport,
            arena,
            home: Home::here(),
            _claim: claim,
        };
        device.signs.ready.store(true, Ordering::Release);
        Ok(device)
    }

    /// Which state of the device its queues have to be in step with.
    #[inline]
    pub(crate) fn epoch(&self) -> u32 {
        // Acquire: a queue that sees the device ready sees its settings, too.
        self.signs.epoch.load(Ordering::Acquire)
    }

    /// An epoch that is over.
    pub(crate) fn epoch_before(&self) -> u32 {
        self.epoch().wrapping_sub(EPOCH)
    }

    /// Whether the queues may be used, as far as one can tell without the lock.
    pub(crate) fn is_ready(&self) -> bool {
        self.signs.ready.load(Ordering::Acquire)
    }

    /// Lets the workers know, who must look at the book: those who sleep, too. Called with the
    /// control path locked.
    pub(crate) fn begin_epoch(&self) {
        self.signs.epoch.fetch_add(EPOCH, Ordering::Release);
        self.interrupts.wake_workers();
    }

    /// Marks the queues as lost. Called with the control path locked.
    pub(crate) fn lose_queues(&self, book: &mut Book) {
        book.ready = false;
        self.signs.ready.store(false, Ordering::Release);
        book.resets = book.resets.wrapping_add(1);
        for queue in book.queues.values_mut() {
            queue.failed = false;
        }
        self.begin_epoch();
    }

    /// Resets a device whose queues were marked as lost, and asks the PF for everything again.
    /// Returns what is different now.
    pub(crate) fn recover(&self) -> Result<Vec<Event>> {
        let settle = |book: &Book| Ok((book.settings.clone(), !book.queues.is_empty()));
        let ask = |vf: &mut dyn Vf, (mut settings, any_queues): (Settings, bool)| {
            let assigned = vf.reset()?;
            let readings = vf.stats();
            let mut refusals = Vec::from_iter(settings.apply_mac(vf, assigned)?);
            refusals.append(&mut settings.apply(vf)?);
            if any_queues {
                // A reset of the whole device takes this, too; the queues are off until they restart.
                self.transport.set_bus_master(true)?;
            }
            Ok((settings, readings, refusals))
        };
        self.control.talk(settle, ask, |book, (settings, readings, refusals)| {
            let lost = |error: Error| Event::SettingLost { reason: error.to_string() };
            let mut events: Vec<_> = refusals.into_iter().map(lost).collect();
            if settings.mac != book.settings.mac {
                events.push(Event::MacChanged(settings.mac));
            }
            book.stats.rebase(readings);
            book.settings = settings;
            book.ready = true;
            self.signs.ready.store(true, Ordering::Release);
            events
        })
    }

    /// The link as it was seen last: down as long as the queues cannot be used.
    pub(crate) fn link(&self) -> LinkState {
        self.control.book(|book| if book.ready { book.link } else { LinkState::Down })
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
    let end = clock::now() + PATIENCE;
    loop {
        match vf.reset() {
            Err(Error::PfSilent { .. }) if clock::now() < end => {}
            result => return result,
        }
    }
}
