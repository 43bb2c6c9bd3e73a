//! What a port asks its PF and its device for.

use super::config::{Config, check_max_frame};
use super::control::Book;
use super::{Device, Port};
use crate::nic::{Rss, Vf};
use crate::{Error, MacAddress, Result};

impl Port {
    /// Changes the unicast address.
    ///
    /// # Errors
    /// It is none, or the PF refused: one whose administrator has set the VF's address allows no
    /// other unless it trusts the VF.
    pub fn set_mac(&mut self, mac: MacAddress) -> Result<()> {
        Config { mac: Some(mac), ..Config::default() }.check()?;
        self.ask(
            |vf| vf.set_mac(mac),
            |book| (book.settings.mac, book.settings.own_mac) = (mac, Some(mac)),
        )
    }

    /// Receives frames for these unicast addresses besides the VF's own, and for no others.
    ///
    /// # Errors
    /// One is no unicast address, there are more than the device or its PF takes
    /// ([`Info::unicast`](crate::Info::unicast)), or the PF refused.
    pub fn set_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        if let Some(mac) = addresses.iter().find(|mac| !mac.is_unicast()) {
            return Err(Error::Config {
                key: "unicast address",
                value: mac.to_string(),
                allowed: "a unicast address other than 00:00:00:00:00:00".into(),
            });
        }
        self.change(
            addresses.to_vec(),
            |book| book.settings.unicast.clone(),
            |vf, addresses| vf.set_unicast(addresses),
            |book, addresses| book.settings.unicast = addresses,
        )
    }

    /// Receives these multicast groups and no others. What a device takes is hashed, so that frames
    /// for further groups may come too.
    ///
    /// # Errors
    /// One is no multicast address, there are more than the device takes
    /// ([`Info::multicast`](crate::Info::multicast)), or the PF refused.
    pub fn set_multicast(&mut self, groups: &[MacAddress]) -> Result<()> {
        if let Some(mac) = groups.iter().find(|mac| !mac.is_multicast()) {
            return Err(Error::Config {
                key: "multicast group",
                value: mac.to_string(),
                allowed: "bit 0 of the first byte must be set".into(),
            });
        }
        self.ask(|vf| vf.set_multicast(groups), |book| book.settings.multicast = groups.to_vec())
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
        let note = |book: &mut Book| {
            let vlans = &mut book.settings.vlans;
            if on {
                vlans.insert(id)
            } else {
                vlans.remove(&id)
            };
        };
        self.ask(|vf| vf.set_vlan(id, on), note)
    }

    /// Takes VLAN tags out of what is received ([`FrameRef::vlan`](crate::FrameRef::vlan) has them
    /// then), or leaves them in. Queues need not be stopped: each receive queue starts anew with its
    /// worker's next burst, since a packet does not tell which of the two was done to it. What it has
    /// received and the worker has not polled by then is dropped.
    ///
    /// # Errors
    /// The device leaves the VF no choice ([`Offloads::vlan_strip`](crate::Offloads::vlan_strip)), or
    /// does not answer.
    pub fn set_vlan_strip(&mut self, on: bool) -> Result<()> {
        Config { vlan_strip: true, ..Config::default() }.check_vlan_strip(&self.info)?;
        let device = &self.device;
        device.control.book(|book| {
            device.check_ready(book)?;
            if book.settings.vlan_strip != on {
                book.settings.vlan_strip = on;
                device.begin_epoch();
            }
            Ok(())
        })
    }

    /// Receives every multicast frame, or only those of its groups.
    ///
    /// # Errors
    /// The PF refused.
    pub fn set_all_multicast(&mut self, on: bool) -> Result<()> {
        self.ask(|vf| vf.set_all_multicast(on), |book| book.settings.all_multicast = on)
    }

    /// Asks for every unicast frame.
    ///
    /// # Errors
    /// The PF refused, as Linux's igb always does.
    pub fn set_promiscuous(&mut self, on: bool) -> Result<()> {
        self.ask(|vf| vf.set_promiscuous(on), |book| book.settings.promiscuous = on)
    }

    /// Changes the longest frame, which [`Config::max_frame`] began with: in bytes, with FCS and
    /// without VLAN tag. Queues need not be stopped: receive queues take frames of any length that
    /// the PF lets through, in several buffers if need be, and transmit queues take the new limit
    /// with their next burst.
    ///
    /// # Errors
    /// It is out of range, or the PF refused; the limit before holds then. Linux's ixgbe refuses
    /// jumbo frames to an 82599's VF while the PF's own MTU is 1500.
    pub fn set_max_frame(&mut self, len: u16) -> Result<()> {
        check_max_frame(len, Some(self.info.max_frame))?;
        let note = |book: &mut Book, len| {
            book.settings.max_frame = len;
            self.device.begin_epoch();
        };
        self.change(len, |book| book.settings.max_frame, |vf, len| vf.set_max_frame(*len), note)
    }

    /// How received packets are spread over the queues.
    ///
    /// # Errors
    /// The device does not tell its VFs, the PF refused, or it does not answer.
    pub fn rss(&self) -> Result<Rss> {
        let device = &self.device;
        device.control.talk(|book| device.check_ready(book), |vf, ()| vf.rss(), |_, rss| rss)
    }

    /// Spreads received packets over the queues this way. Queues need not be stopped; packets of one
    /// flow may overtake each other when they change queues.
    ///
    /// # Errors
    /// The table has not as many entries as the device's ([`Info::rss_table`](crate::Info::rss_table)),
    /// or names a queue that the port has not ([`Config::rx_queues`]); the device lets no VF choose,
    /// or it does not answer.
    pub fn set_rss(&mut self, rss: &Rss) -> Result<()> {
        let config = Config { rss: Some(rss.clone()), ..self.config.clone() };
        config.check_rss(&self.info)?;
        self.ask(|vf| vf.set_rss(rss), |book| book.settings.rss = Some(rss.clone()))
    }

    /// Asks the PF for another value of a setting, and notes it. If that fails the PF is asked for the
    /// value from before: it may have taken a part of the new one, and some PFs stop a VF's reception
    /// when they refuse, until it asks for what they grant.
    fn change<T>(
        &self,
        wanted: T,
        before: impl FnOnce(&Book) -> T,
        ask: impl Fn(&mut dyn Vf, &T) -> Result<()>,
        note: impl FnOnce(&mut Book, T),
    ) -> Result<()> {
        let device = &self.device;
        let settle = |book: &Book| device.check_ready(book).map(|()| before(book));
        let ask_or_restore = |vf: &mut dyn Vf, before| match ask(vf, &wanted) {
            Ok(()) => Ok(wanted),
            Err(refusal) => {
                if let Err(error) = ask(vf, &before) {
                    let device = device.transport.name();
                    tracing::warn!(device, %error, "what was set before a refusal is lost");
                }
                Err(refusal)
            }
        };
        device.control.talk(settle, ask_or_restore, note)
    }

    /// Asks the PF for something, and notes what it has granted.
    fn ask(
        &self,
        ask: impl FnOnce(&mut dyn Vf) -> Result<()>,
        note: impl FnOnce(&mut Book),
    ) -> Result<()> {
        let device = &self.device;
        device.control.talk(
            |book| device.check_ready(book),
            |vf, ()| ask(vf),
            |book, ()| note(book),
        )
    }
}

impl Device {
    /// Fails when the device cannot be asked for anything.
    pub(super) fn check_ready(&self, book: &Book) -> Result<()> {
        let device = || self.transport.name().to_string();
        match book {
            Book { gone: true, .. } => Err(Error::Gone { device: device() }),
            Book { ready: true, .. } => Ok(()),
            _ => Err(Error::PfSilent {
                device: device(),
                what: "recovering from a reset, until Event::Recovered".into(),
            }),
        }
    }
}
