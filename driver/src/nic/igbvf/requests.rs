//! What the VF asks its PF for, where the 82599's family has other words.

use super::{Igbvf, regs};
use crate::nic::pf::{INFO_SHIFT, SET_MAC};
use crate::{MacAddress, Result};

/// Which frames the PF lets through beyond those addressed to the VF.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Modes {
    pub(super) unicast: bool,
    pub(super) multicast: bool,
}

impl Igbvf {
    pub(super) fn ask_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        // A PF whose administrator has set the VF's address refuses even to clear.
        if addresses.is_empty() && !self.has_further {
            return Ok(());
        }
        self.pf.clear_unicast(SET_MAC | regs::MAC_FILTER_CLEAR << INFO_SHIFT)?;
        self.has_further = false;
        for &mac in addresses {
            self.pf.add_unicast(SET_MAC | regs::MAC_FILTER_ADD << INFO_SHIFT, mac)?;
            self.has_further = true;
        }
        Ok(())
    }

    pub(super) fn ask_modes(&mut self, modes: Modes) -> Result<()> {
        let bits = u32::from(modes.unicast) | u32::from(modes.multicast) << 1;
        self.pf
            .ask(
                &[regs::SET_PROMISC | bits << INFO_SHIFT],
                if modes.unicast { "receive all unicast frames" } else { "change multicast reception" },
                "Linux's igb never grants a VF unicast promiscuous mode; receive on the PF, or mirror there",
            )
            .map(|_| self.modes = modes)
    }
}
