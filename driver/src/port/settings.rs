//! What a port has asked for, to be asked for again after a reset.

use std::collections::BTreeSet;

use super::config::Config;
use crate::nic::{Limits, Rss, STANDARD_FRAME, Vf};
use crate::{Error, MacAddress, Result};

/// What the application wants, as far as the PF has granted it.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The address that the VF has.
    pub(crate) mac: MacAddress,
    /// The address that the application wants, if it wants one.
    pub(crate) own_mac: Option<MacAddress>,
    pub(crate) unicast: Vec<MacAddress>,
    pub(crate) max_frame: u16,
    pub(crate) multicast: Vec<MacAddress>,
    pub(crate) vlans: BTreeSet<u16>,
    /// VLAN tags are taken out of what is received, be it because the device does so unasked.
    pub(crate) vlan_strip: bool,
    pub(crate) all_multicast: bool,
    pub(crate) promiscuous: bool,
    pub(crate) rss: Option<Rss>,
}

impl Settings {
    /// Those that a port begins with, on a device that has this address.
    pub(crate) fn new(mac: MacAddress, config: &Config, limits: &Limits) -> Settings {
        let spread = || Rss::spread(config.rx_queues, limits.rss_table);
        Settings {
            mac,
            own_mac: config.mac,
            unicast: Vec::new(),
            max_frame: config.max_frame,
            multicast: Vec::new(),
            vlans: BTreeSet::new(),
            vlan_strip: config.vlan_strip || !limits.vlan_strip,
            all_multicast: false,
            promiscuous: false,
            rss: config.rss.clone().or_else(|| (limits.rss_table > 0).then(spread)),
        }
    }

    /// Settles on a MAC address after a reset, when the PF has `assigned` one or none: the one that
    /// the application wants, else the PF's, else the one before. Returns what the PF refused.
    pub(crate) fn apply_mac(
        &mut self,
        vf: &mut dyn Vf,
        assigned: Option<MacAddress>,
    ) -> Result<Option<Error>> {
        let wanted = self.own_mac.or(assigned).unwrap_or(self.mac);
        if assigned == Some(wanted) {
            self.mac = wanted;
            return Ok(None);
        }
        let refusal = granted(vf.set_mac(wanted))?;
        self.mac = match refusal {
            None => wanted,
            Some(_) => {
                self.own_mac = None;
                assigned.unwrap_or(wanted)
            }
        };
        Ok(refusal)
    }

    /// Asks for everything else, after a reset. Returns what was refused, which is no longer among
    /// the settings.
    pub(crate) fn apply(&mut self, vf: &mut dyn Vf) -> Result<Vec<Error>> {
        let mut refusals = Vec::new();
        let mut refused = |result| -> Result<bool> {
            let refusal = granted(result)?;
            let is_refused = refusal.is_some();
            refusals.extend(refusal);
            Ok(is_refused)
        };
        if refused(vf.set_max_frame(self.max_frame))? {
            // Some PFs stop a VF's reception when they refuse this, until it asks for less.
            self.max_frame = self.max_frame.min(STANDARD_FRAME);
            granted(vf.set_max_frame(self.max_frame))?;
        }
        if !self.unicast.is_empty() && refused(vf.set_unicast(&self.unicast))? {
            // A part of them may be there.
            granted(vf.set_unicast(&[]))?;
            self.unicast.clear();
        }
        if !self.multicast.is_empty() && refused(vf.set_multicast(&self.multicast))? {
            self.multicast.clear();
        }
        for id in self.vlans.clone() {
            if refused(vf.set_vlan(id, true))? {
                self.vlans.remove(&id);
            }
        }
        if self.all_multicast && refused(vf.set_all_multicast(true))? {
            self.all_multicast = false;
        }
        if self.promiscuous && refused(vf.set_promiscuous(true))? {
            self.promiscuous = false;
        }
        if let Some(rss) = &self.rss
            && refused(vf.set_rss(rss))?
        {
            self.rss = None;
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
