//! Ports: what applications open, start and close.

mod claim;
mod config;
mod control;
mod device;
mod event;
mod info;
mod interrupts;
mod local_mac;
mod queue;
mod report;
mod requests;
mod rss;
mod settings;
mod stalls;
mod stats;
mod tally;
mod watch;
mod xstats;

use std::fmt;
use std::mem;
use std::sync::Arc;

use crossbeam::channel::Receiver;

use crate::arena::Arena;
use crate::nic;
use crate::pci::{PciAddress, PciDevice};
use crate::transport::Transport;
use crate::{Error, Result, vfio};

pub use config::Config;
pub use event::{Direction, Event};
pub use info::{Info, Offloads};
pub use queue::{RxQueue, TxQueue};
pub use stats::{DeviceStats, RxStats, Stats, TxStats};
pub use xstats::ExtendedStat;

use barline_ring::Pool;
use device::Device;
use local_mac::local_mac;
use watch::Watcher;

/// A VF that this process owns.
///
/// Opening resets the device and greets its PF; [`Port::start`] gives out its queues. A port watches
/// over its device in a thread of its own, which mostly sleeps: it recovers the device when the PF
/// was reset, and tells what happens through [`Port::events`].
///
/// Dropping a port and its queues, in whatever order, puts the device to rest: queues off,
/// interrupts and bus mastering off, reset, memory unmapped.
pub struct Port {
    // Stopped first: it must not recover a device that is being closed.
    watcher: Watcher,
    events: Receiver<Event>,
    device: Arc<Device>,
    config: Config,
    info: Info,
}

/// The queues of a started port, each to be moved to its worker.
#[derive(Debug)]
pub struct Queues {
    /// Receive queues, by number.
    pub rx: Vec<RxQueue>,
    /// Transmit queues, by number.
    pub tx: Vec<TxQueue>,
}

impl Port {
    /// Opens the VF at a PCI address such as `0000:01:10.0`, with the default configuration and an
    /// arena of its own.
    ///
    /// # Errors
    /// As for [`Port::open_with`].
    pub fn open(address: &str) -> Result<Port> {
        Port::open_with(address, Config::default())
    }

    /// Opens the VF at a PCI address.
    ///
    /// # Errors
    /// The configuration is impossible; the device is not there, not a supported VF, not bound to
    /// vfio-pci, or held by somebody else; the kernel or the PF refused something. Each says what to
    /// do about it, and nothing stays open.
    pub fn open_with(address: &str, config: Config) -> Result<Port> {
        config.check()?;
        let address: PciAddress = address.parse()?;
        // A PF, say, is not to be bound to vfio-pci first, and taking a device into use resets it.
        let ids = PciDevice::open(&config.root, address)?.ids()?;
        config.check_queues(nic::most_queues(&address.to_string(), ids.vendor, ids.device)?)?;
        let transport = vfio::open(&config.root, address)?;
        Port::on(transport, config)
    }

    /// Opens a device that a transport carries.
    ///
    /// # Errors
    /// As for [`Port::open_with`].
    pub fn on(transport: Arc<dyn Transport>, config: Config) -> Result<Port> {
        config.check()?;
        let vf = nic::probe(&transport)?;
        let identity = transport.identity();
        config.check_against(&Info::new(&identity, &*vf))?;
        let arena = config.arena()?;
        let name = transport.name().to_string();
        let local_mac = || local_mac(&config.root, &name);
        let device = Arc::new(Device::open(transport, vf, arena, &config, local_mac)?);
        // The PF may have granted fewer queues than the device has.
        let info = device.control.with(|vf, _| Info::new(&identity, vf));
        let (watcher, events) = Watcher::start(&device)?;
        Ok(Port { watcher, events, device, config, info })
    }

    /// Turns the queues on. They stay on, also without the port, until they are dropped.
    ///
    /// # Errors
    /// They are on already, the arena is too small, or the device did not take them. All are off
    /// then.
    pub fn start(&mut self) -> Result<Queues> {
        let device = &self.device;
        let mut queues = Queues { rx: Vec::new(), tx: Vec::new() };
        // Those that are on when something fails are dropped when the device is free again.
        device.control.with(|vf, book| {
            if !book.queues.is_empty() {
                return Err(self.error("its queues are started already", "drop them first"));
            }
            device.check_ready(book)?;
            for number in 0..self.config.rx_queues {
                queues.rx.push(RxQueue::take(device, vf, book, number, &self.config)?);
            }
            for number in 0..self.config.tx_queues {
                queues.tx.push(TxQueue::take(device, vf, book, number, &self.config)?);
            }
            device.transport.set_bus_master(true)
        })?;
        for queue in &queues.rx {
            queue.publish();
        }
        Ok(queues)
    }

    /// The device's name, such as `0000:01:10.0`.
    pub fn name(&self) -> &str {
        self.device.transport.name()
    }

    /// The memory that the port's frames live in. Ports opened with it as `arena` of their [`Config`]
    /// can send each other's frames uncopied.
    pub fn arena(&self) -> &Arena {
        &self.device.arena
    }

    /// A worker's pool of free buffers: one for each thread that receives or sends. It keeps at most
    /// 512 to itself.
    pub fn pool(&self) -> Pool {
        self.arena().pool(512)
    }

    /// What happens to the port: link changes, resets, stalls, the kernel asking for the device.
    /// Takes nothing from the queues' workers; up to 256 events wait here.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// Resets the device, and starts its queues anew with it: for a device that has stalled. The
    /// workers' queues go on by themselves; [`Event::Recovered`] tells when.
    pub fn reset(&mut self) {
        self.device.tally.resets.up();
        self.device.control.book(|book| self.device.lose_queues(book));
        self.watcher.wake();
    }

    fn error(&self, what: &str, remedy: &str) -> Error {
        Error::Device {
            device: self.name().to_string(),
            what: what.to_string(),
            remedy: remedy.to_string(),
        }
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.name())
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        if self.device.home.is_elsewhere() {
            // The device, and the locks of what both sides of a channel share, are the parent's.
            mem::forget((self.device.clone(), self.events.clone()));
        }
    }
}
