//! The VFs of Intel's 82576 and I350.
//!
//! Sources: 82576 datasheet (registers 9.2, descriptors 7.1.5 and 7.2.2, mailbox 7.10.2.9), I350
//! datasheet; what the PF does with each message is Linux igb's behaviour.

mod dump;
mod models;
mod queues;
mod regs;
mod requests;

use std::sync::Arc;

use self::models::Model;
use super::ids::{self, Known};
use super::pf::{MAX_GROUPS, Pf};
use super::{
    About, DescriptorFormat, Limits, News, RawStats, RegisterValue, Registers, RingPlace, Rss,
    RxInterrupt, RxSetup, Vf, dump as register_dump,
};
use crate::transport::Transport;
use crate::{Error, LinkState, MacAddress, Result};

pub(crate) use models::SUPPORTED;

/// One 82576 or I350 VF.
#[derive(Debug)]
pub(crate) struct Igbvf {
    registers: Registers,
    pf: Pf,
    model: Model,
    modes: requests::Modes,
    /// The PF may have such addresses for the VF: Linux's igb keeps them over a reset.
    has_further: bool,
}

/// Queues that a device of this family can have, as its ids tell; `None` of another.
pub(super) fn most_queues(vendor: u16, id: u16) -> Option<u16> {
    models::find(vendor, id).map(|known| match known {
        Known::Model(model) => model.queues,
        // It is refused, with reasons of its own.
        Known::HyperV => u16::MAX,
    })
}

impl Igbvf {
    /// The driver, if the device is one of this family.
    pub(crate) fn probe(transport: &Arc<dyn Transport>) -> Result<Option<Igbvf>> {
        let identity = transport.identity();
        let model = match models::find(identity.vendor, identity.device) {
            Some(Known::Model(model)) => model,
            Some(Known::HyperV) => return Err(ids::behind_hyperv(transport.name(), "igbvf")),
            None => return Ok(None),
        };
        let registers = Registers::new(transport, regs::BAR_LEN)?;
        let pf = Pf::new(&registers, regs::MAILBOX, regs::MAILBOX_MEMORY);
        Ok(Some(Igbvf { registers, pf, model, modes: Default::default(), has_further: false }))
    }
}

impl Igbvf {
    fn no_rss(&self) -> Error {
        Error::Device {
            device: self.registers.device(),
            what: "its receive side scaling cannot be set up by a VF".into(),
            remedy: "Linux's igb steers a VF's frames to its queue 0; use one receive queue".into(),
        }
    }
}

impl Vf for Igbvf {
    fn about(&self) -> About {
        About { driver: "igbvf", model: self.model.name }
    }

    fn format(&self) -> DescriptorFormat {
        self.model.format
    }

    fn limits(&self) -> Limits {
        // 9.5 KiB is what the 82576's receive path takes (datasheet 1.3, jumbo frames).
        Limits {
            queues: self.model.queues,
            max_frame: 9728 - 8,
            max_tx_chain: 32,
            octet_bits: 32,
            // The 82576 has 24 address filters; its PF keeps four, and one for each VF.
            unicast: 19,
            multicast: MAX_GROUPS,
            rss_table: 0,
            vlan_strip: false,
        }
    }

    fn use_queues(&mut self, _rx: u16, _tx: u16) -> Result<()> {
        // They are its own: no PF takes one away.
        Ok(())
    }

    fn reset(&mut self) -> Result<Option<MacAddress>> {
        self.registers.modify(regs::CTRL, 0, regs::CTRL_RST);
        self.modes = Default::default();
        Ok(self.pf.greet()?.mac)
    }

    fn news(&mut self) -> Result<News> {
        self.pf.news().map(|heard| News { pf_reset: heard.reset })
    }

    fn link(&mut self) -> LinkState {
        let status = self.registers.read(regs::STATUS);
        if status == u32::MAX || status & regs::STATUS_LU == 0 {
            return LinkState::Down;
        }
        let mbps = match status >> regs::STATUS_SPEED_SHIFT & 3 {
            0 => 10,
            1 => 100,
            _ => 1000,
        };
        LinkState::Up { mbps, full_duplex: status & regs::STATUS_FD != 0 }
    }

    fn set_mac(&mut self, mac: MacAddress) -> Result<()> {
        self.pf.set_mac(mac)
    }

    fn set_multicast(&mut self, groups: &[MacAddress]) -> Result<()> {
        // Linux's igb leaves MCSTCTRL.MO at 0.
        self.pf.set_multicast(groups, 0)
    }

    fn set_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        self.ask_unicast(addresses)
    }

    fn set_vlan(&mut self, id: u16, on: bool) -> Result<()> {
        self.pf.set_vlan(id, on)
    }

    fn set_promiscuous(&mut self, on: bool) -> Result<()> {
        self.ask_modes(requests::Modes { unicast: on, ..self.modes })
    }

    fn set_all_multicast(&mut self, on: bool) -> Result<()> {
        self.ask_modes(requests::Modes { multicast: on, ..self.modes })
    }

    fn set_max_frame(&mut self, len: u16) -> Result<()> {
        // The limit counts FCS and VLAN tag.
        self.pf.set_max_frame(len, u32::from(len) + 4, "see the PF's kernel log")
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
        self.rx_on(queue, ring, setup.data_room)
    }

    fn stop_rx(&mut self, queue: u16) -> Result<()> {
        self.rx_control(queue).turn_off()
    }

    fn start_tx(&mut self, queue: u16, ring: RingPlace) -> Result<()> {
        self.tx_on(queue, ring)
    }

    fn stop_tx(&mut self, queue: u16) -> Result<()> {
        self.tx_control(queue).turn_off()
    }

    fn enable_news_interrupt(&mut self) {
        // Vector 0 for mailbox and link, 1 + n for receive queue n; transmit has none.
        self.registers.write(regs::IVAR_MISC, regs::IVAR_VALID);
        let (first, second) = (1 | regs::IVAR_VALID, 2 | regs::IVAR_VALID);
        let queues = if self.model.queues > 1 { first | second << 16 } else { first };
        self.registers.write(regs::IVAR0, queues);
        self.registers.write(regs::EIMC, 0b111);
        self.registers.write(regs::EIAC, 0b111);
        // A receive vector masks itself when it fires, so that a worker which polls hears no more.
        self.registers.write(regs::EIAM, 0b110);
        self.registers.write(regs::EIMS, 0b001);
    }

    fn rx_interrupt(&self, queue: u16) -> Option<RxInterrupt> {
        let vector = 1 + queue;
        (queue < self.model.queues).then_some(RxInterrupt {
            vector,
            register: regs::EIMS,
            value: 1 << vector,
        })
    }

    fn rss(&mut self) -> Result<Rss> {
        Err(self.no_rss())
    }

    fn set_rss(&mut self, _rss: &Rss) -> Result<()> {
        Err(self.no_rss())
    }

    fn registers(&self) -> Vec<RegisterValue> {
        register_dump::read(&self.registers, dump::blocks(self.model.queues))
    }

    fn stats(&mut self) -> Option<RawStats> {
        let read = |offset| self.registers.read(offset);
        let queues = 0..self.model.queues;
        let stats = RawStats {
            rx_packets: read(regs::GPRC),
            rx_bytes: u64::from(read(regs::GORC)),
            rx_multicast: read(regs::MPRC),
            tx_packets: read(regs::GPTC),
            tx_bytes: u64::from(read(regs::GOTC)),
            rx_dropped: Some(
                queues.map(|n| read(regs::of_queue(regs::RQDPC, n)) & regs::RQDPC_COUNT).sum(),
            ),
        };
        // Looked at afterwards: whatever was read before is good then.
        (!self.pf.is_interrupted()).then_some(stats)
    }

    fn requests(&self) -> u64 {
        self.pf.requests()
    }
}
