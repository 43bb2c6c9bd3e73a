//! The VFs of Intel's 82599, X540, X550, X552, X553 and E610.
//!
//! Sources: 82599 datasheet (VF registers 8.3, receive and transmit 7.1 and 7.2), Linux's ixgbevf and
//! DPDK's ixgbe for the register map, its generations and their quirks; what the PF does with each
//! message is Linux ixgbe's behaviour (`ixgbe_sriov.c`).

mod api;
mod dump;
mod interrupts;
mod link;
mod messages;
mod models;
mod modes;
mod queues;
mod regs;
mod requests;
mod rss;
mod stats;

use std::sync::Arc;
use std::time::Duration;

use self::api::{Api, Granted};
use self::link::Link;
use self::models::Model;
use self::modes::Wanted;
use super::ids::{self, Known};
use super::pf::{MAX_GROUPS, Pf};
use super::{
    About, DescriptorFormat, Limits, News, RawStats, RegisterValue, Registers, RingPlace, Rss,
    RxInterrupt, RxSetup, STANDARD_FRAME, Vf, dump as register_dump,
};
use crate::transport::Transport;
use crate::{LinkState, MacAddress, Result, clock};

pub(crate) use models::SUPPORTED;

/// Most queue pairs that are used: as many as RSS tells apart.
const QUEUES: u16 = 4;

/// How long a reset takes before the PF may be greeted, as Linux's driver has it: the PF has to have
/// heard of the reset by then.
const RESET: Duration = Duration::from_millis(10);

/// Where configuration space has the subsystem id.
const SUBSYSTEM: u16 = 0x2e;

/// One VF of the 82599 or a successor.
#[derive(Debug)]
pub(crate) struct Ixgbevf {
    registers: Registers,
    pf: Pf,
    model: Model,
    /// What the PF's API is, since the last reset.
    api: Api,
    granted: Granted,
    /// Queues in use.
    used: Used,
    /// Which bits of a group's address are hashed.
    multicast_filter: u32,
    wanted: Wanted,
    /// The largest frame that the PF has granted.
    max_frame: u16,
    link: Link,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    rx: u16,
    tx: u16,
}

/// Queues that a device of this family can have, as its ids tell; `None` of another. One that is
/// refused with reasons counts as its like.
pub(super) fn most_queues(vendor: u16, id: u16) -> Option<u16> {
    models::find(vendor, id).map(|_| QUEUES)
}

impl Ixgbevf {
    /// The driver, if the device is one of this family.
    pub(crate) fn probe(transport: &Arc<dyn Transport>) -> Result<Option<Ixgbevf>> {
        let identity = transport.identity();
        let model = match models::find(identity.vendor, identity.device) {
            Some(Known::Model(model)) if !is_hyperv(&**transport)? => model,
            Some(_) => return Err(ids::behind_hyperv(transport.name(), "ixgbevf")),
            None => return Ok(None),
        };
        let registers = Registers::new(transport, regs::BAR_LEN)?;
        let pf = Pf::new(&registers, regs::MAILBOX, regs::MAILBOX_MEMORY);
        Ok(Some(Ixgbevf {
            registers,
            pf,
            model,
            api: Api::V1_0,
            granted: Granted { queues: QUEUES, port_vlan: false },
            used: Used { rx: 1, tx: 1 },
            multicast_filter: 0,
            wanted: Wanted::default(),
            max_frame: STANDARD_FRAME,
            link: Link::default(),
        }))
    }
}

/// Whether a device whose id does not tell is one behind Hyper-V.
fn is_hyperv(transport: &dyn Transport) -> Result<bool> {
    if transport.identity().device != models::E610_ID {
        return Ok(false);
    }
    let mut subsystem = [0; 2];
    transport.read_config(SUBSYSTEM, &mut subsystem)?;
    Ok(u16::from_le_bytes(subsystem) == models::E610_HYPERV)
}

impl Vf for Ixgbevf {
    fn about(&self) -> About {
        About { driver: "ixgbevf", model: self.model.name }
    }

    fn format(&self) -> DescriptorFormat {
        self.model.format
    }

    fn limits(&self) -> Limits {
        Limits {
            queues: self.granted.queues,
            // What Linux's ixgbe and DPDK's take at most.
            max_frame: 9728,
            // A packet may have 40 descriptors (82599 datasheet 7.2.1.1), a context among them.
            max_tx_chain: 32,
            octet_bits: 36,
            // Linux's ixgbe has 128 address filters for all; 16 are its own, and one each VF's.
            unicast: 111,
            multicast: MAX_GROUPS,
            rss_table: self.rss_table(),
            vlan_strip: true,
        }
    }

    fn use_queues(&mut self, rx: u16, tx: u16) -> Result<()> {
        self.check_spread(rx)?;
        self.used = Used { rx, tx };
        Ok(())
    }

    fn reset(&mut self) -> Result<Option<MacAddress>> {
        self.registers.write(regs::CTRL, regs::CTRL_RST);
        clock::pause(RESET);
        self.all_off();
        self.api = Api::V1_0;
        self.max_frame = STANDARD_FRAME;
        let welcome = self.pf.greet()?;
        self.multicast_filter = welcome.words[3];
        self.api = self.negotiate()?;
        self.granted = self.ask_queues()?;
        self.check_queues()?;
        self.ask_enabled()?;
        self.reset_mode()?;
        self.count_queues();
        Ok(welcome.mac)
    }

    fn news(&mut self) -> Result<News> {
        let heard = self.pf.news()?;
        if heard.message {
            self.link.doubt();
        }
        Ok(News { pf_reset: heard.reset })
    }

    fn link(&mut self) -> LinkState {
        self.look_at_link()
    }

    fn set_mac(&mut self, mac: MacAddress) -> Result<()> {
        self.pf.set_mac(mac)
    }

    fn set_multicast(&mut self, groups: &[MacAddress]) -> Result<()> {
        self.pf.set_multicast(groups, self.multicast_filter)?;
        self.want(Wanted { groups: !groups.is_empty(), ..self.wanted })
    }

    fn set_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        self.ask_unicast(addresses)
    }

    fn set_vlan(&mut self, id: u16, on: bool) -> Result<()> {
        self.pf.set_vlan(id, on)
    }

    fn set_promiscuous(&mut self, on: bool) -> Result<()> {
        self.want(Wanted { promiscuous: on, ..self.wanted })
    }

    fn set_all_multicast(&mut self, on: bool) -> Result<()> {
        self.want(Wanted { all_multicast: on, ..self.wanted })
    }

    fn set_max_frame(&mut self, len: u16) -> Result<()> {
        self.ask_max_frame(len)
    }

    fn rx_head(&self, queue: u16) -> u32 {
        self.registers.read(regs::of_queue(regs::RDH, queue))
    }

    fn rx_tail(&self, queue: u16) -> u64 {
        regs::of_queue(regs::RDT, queue)
    }

    fn tx_tail(&self, queue: u16) -> u64 {
        regs::of_queue(regs::TDT, queue)
    }

    fn start_rx(&mut self, queue: u16, ring: RingPlace, setup: &RxSetup) -> Result<()> {
        self.rx_on(queue, ring, setup)
    }

    fn stop_rx(&mut self, queue: u16) -> Result<()> {
        self.rx_off(queue)
    }

    fn start_tx(&mut self, queue: u16, ring: RingPlace) -> Result<()> {
        self.tx_on(queue, ring)
    }

    fn stop_tx(&mut self, queue: u16) -> Result<()> {
        self.tx_off(queue)
    }

    fn enable_news_interrupt(&mut self) {
        self.assign_vectors();
    }

    fn rx_interrupt(&self, queue: u16) -> Option<RxInterrupt> {
        self.rx_interrupt_of(queue)
    }

    fn rss(&mut self) -> Result<Rss> {
        self.tell_rss()
    }

    fn set_rss(&mut self, rss: &Rss) -> Result<()> {
        self.own_rss(rss)
    }

    fn registers(&self) -> Vec<RegisterValue> {
        let blocks = dump::blocks(self.granted.queues, self.model.rss);
        register_dump::read(&self.registers, blocks)
    }

    fn stats(&mut self) -> Option<RawStats> {
        let stats = self.read_stats();
        // Looked at afterwards: whatever was read before is good then.
        (!self.pf.is_interrupted()).then_some(stats)
    }

    fn requests(&self) -> u64 {
        self.pf.requests()
    }
}
