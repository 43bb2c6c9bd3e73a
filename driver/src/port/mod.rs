//! Ports: what applications open, start and close.

mod config;
mod control;
mod event;
mod interrupts;
mod queue;
mod queue_watch;
mod rings;
mod stalls;
mod stats;
mod watch;

use std::fmt;
use std::sync::Arc;

use crossbeam::channel::Receiver;

use crate::arena::Arena;
use crate::nic;
use crate::pci::{PciAddress, PciDevice};
use crate::transport::Transport;
use crate::{Error, LinkState, MacAddress, Result, Root, vfio};

pub use config::Config;
pub use event::{Direction, Event};
pub use queue::{RxQueue, TxQueue};
pub use stats::{DeviceStats, RxStats, Stats, TxStats};

use barline_ring::Pool;
use control::Device;
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
        // A PF, say, is not to be bound to vfio-pci first.
        let ids = PciDevice::open(&config.root, address)?.ids()?;
        nic::check_ids(&address.to_string(), ids.vendor, ids.device)?;
        let transport = vfio::open(&config.root, address)?;
        Port::on(transport, config)
    }

    /// Opens a device that a transport carries.
    ///
    /// # Errors
    /// As for [`Port::open_with`].
    pub fn on(transport: Arc<dyn Transport>, config: Config) -> Result<Port> {
        config.check()?;
        let mut vf = nic::probe(&transport)?;
        config.check_against(&vf.limits())?;
        vf.use_queues(config.rx_queues, config.tx_queues)?;
        let arena = config.arena()?;
        let name = transport.name().to_string();
        let local_mac = || local_mac(&config.root, &name);
        let device = Device::open(transport, vf, arena, config.mac, local_mac, config.max_frame)?;
        let device = Arc::new(device);
        let link = device.lock().vf.link();
        let (watcher, events) = Watcher::start(&device, link)?;
        Ok(Port { watcher, events, device, config })
    }

    /// Turns the queues on. They stay on, also without the port, until they are dropped.
    ///
    /// # Errors
    /// They are on already, the arena is too small, or the device did not take them. All are off
    /// then.
    pub fn start(&mut self) -> Result<Queues> {
        let device = &self.device;
        let mut queues = Queues { rx: Vec::new(), tx: Vec::new() };
        let mut control = device.lock();
        if !control.queues.is_empty() {
            return Err(self.error("its queues are started already", "drop them first"));
        }
        if !control.ready {
            return Err(
                self.error("recovering from a reset of its PF", "wait for Event::Recovered")
            );
        }
        // The guard must not be held when queues are dropped on an error.
        let result = (|| {
            for number in 0..self.config.rx_queues {
                queues.rx.push(RxQueue::start(device, &mut control, number, &self.config)?);
            }
            for number in 0..self.config.tx_queues {
                queues.tx.push(TxQueue::start(device, &mut control, number, &self.config)?);
            }
            device.transport.set_bus_master(true)
        })();
        drop(control);
        result?;
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

    /// The unicast address that the VF has now.
    pub fn mac(&self) -> MacAddress {
        self.device.lock().settings.mac
    }

    /// Changes the unicast address.
    ///
    /// # Errors
    /// It is none, or the PF refused: one whose administrator has set the VF's address allows no
    /// other unless it trusts the VF.
    pub fn set_mac(&mut self, mac: MacAddress) -> Result<()> {
        Config { mac: Some(mac), ..Config::default() }.check()?;
        let mut control = self.device.lock();
        control.vf.set_mac(mac)?;
        control.settings.mac = mac;
        control.settings.own_mac = Some(mac);
        Ok(())
    }

    /// Receives these multicast groups and no others. What a device takes is hashed, so that frames
    /// for further groups may come too.
    ///
    /// # Errors
    /// One is no multicast address, there are more than the device takes (82576 VF: 30), or the PF
    /// refused.
    pub fn set_multicast(&mut self, groups: &[MacAddress]) -> Result<()> {
        if let Some(mac) = groups.iter().find(|mac| !mac.is_multicast()) {
            return Err(Error::Config {
                key: "multicast group",
                value: mac.to_string(),
                allowed: "bit 0 of the first byte must be set".into(),
            });
        }
        let mut control = self.device.lock();
        control.vf.set_multicast(groups)?;
        control.settings.multicast = groups.to_vec();
        Ok(())
    }

    /// Lets frames of a VLAN (0 to 4095) through, or no more. Linux's igb strips the tag of what it
    /// lets through for a VF: [`FrameRef::vlan`](crate::FrameRef::vlan) has it then.
    ///
    /// # Errors
    /// The id is out of range, or the PF refused: one whose administrator has given the VF a port
    /// VLAN allows no other.
    pub fn set_vlan(&mut self, id: u16, on: bool) -> Result<()> {
        if id > 4095 {
            return Err(Error::Config {
                key: "VLAN id",
                value: id.to_string(),
                allowed: "0 to 4095".into(),
            });
        }
        let mut control = self.device.lock();
        control.vf.set_vlan(id, on)?;
        if on {
            control.settings.vlans.insert(id);
        } else {
            control.settings.vlans.remove(&id);
        }
        Ok(())
    }

    /// Receives every multicast frame, or only those of its groups.
    ///
    /// # Errors
    /// The PF refused.
    pub fn set_all_multicast(&mut self, on: bool) -> Result<()> {
        let mut control = self.device.lock();
        control.vf.set_all_multicast(on)?;
        control.settings.all_multicast = on;
        Ok(())
    }

    /// Asks for every unicast frame.
    ///
    /// # Errors
    /// The PF refused, as Linux's igb always does.
    pub fn set_promiscuous(&mut self, on: bool) -> Result<()> {
        let mut control = self.device.lock();
        control.vf.set_promiscuous(on)?;
        control.settings.promiscuous = on;
        Ok(())
    }

    /// The link as it is now.
    pub fn link(&self) -> LinkState {
        let mut control = self.device.lock();
        if control.ready { control.vf.link() } else { LinkState::Down }
    }

    /// What happens to the port: link changes, resets, stalls, the kernel asking for the device.
    /// Takes nothing from the queues' workers; up to 256 events wait here.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }

    /// What device and queues have counted.
    pub fn stats(&self) -> Stats {
        let mut guard = self.device.lock();
        let control = &mut *guard;
        // Until it has recovered, nobody knows where its counters start again.
        let readings = if control.ready { control.vf.stats() } else { None };
        let device = match readings {
            Some(readings) => control.stats.update(readings),
            None => control.stats.total(),
        };
        let mut stats = Stats { device, ..Stats::default() };
        for (&(_, number), queue) in &control.queues {
            queue.watch.count(number, &mut stats);
        }
        stats
    }

    /// Resets the device, and starts its queues anew with it: for a device that has stalled. The
    /// workers' queues go on by themselves; [`Event::Recovered`] tells when.
    pub fn reset(&mut self) {
        self.device.lose_queues(&mut self.device.lock());
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

/// The address of a VF that was given none: the same at each start, since it comes from the
/// machine's identity and the VF's place in it. A machine without an identity, as containers often
/// are, has that of its kernel until that boots again.
fn local_mac(root: &Root, device: &str) -> MacAddress {
    let identities = [root.etc("machine-id"), root.proc("sys/kernel/random/boot_id")];
    let machine = identities
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .find(|identity| !identity.trim().is_empty())
        .unwrap_or_default();
    let mac = MacAddress::local(format!("{}/{device}", machine.trim()).as_bytes());
    tracing::warn!(
        device,
        %mac,
        "the PF has assigned no MAC address, so the VF takes a local one; to set it, run `ip link set <pf> vf <n> mac <address>` before the VF is opened"
    );
    mac
}
