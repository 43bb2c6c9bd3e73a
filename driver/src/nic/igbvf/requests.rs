//! What the VF asks its PF for, where the 82599's family has other words.

use super::{Igbvf, regs};
use crate::nic::pf::{INFO_SHIFT, SET_MAC, with_address};
use crate::{MacAddress, Result};

/// Which frames the PF lets through beyond those addressed to the VF.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Modes {
    pub(super) unicast: bool,
    pub(super) multicast: bool,
}

/// Stands where Linux's igb wants an address and does not use it.
const ANY: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 0]);

impl Igbvf {
    pub(super) fn ask_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        // A PF whose administrator has set the VF's address refuses even to clear.
        if addresses.is_empty() && !self.has_further {
            return Ok(());
        }
        match self.ask_all_unicast(addresses) {
            Ok(()) => self.unicast = addresses.to_vec(),
            Err(error) => {
                // Some of the new ones may be there: those from before are put back.
                let before = std::mem::take(&mut self.unicast);
                if self.ask_all_unicast(&before).is_ok() {
                    self.unicast = before;
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn ask_all_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        let clear = (regs::MAC_FILTER_CLEAR, ANY, "clear its further addresses".to_string());
        let add = |&mac| (regs::MAC_FILTER_ADD, mac, format!("receive frames for {mac}, too"));
        for (info, mac, request) in [clear].into_iter().chain(addresses.iter().map(add)) {
            self.pf.ask(
                &with_address(SET_MAC | info << INFO_SHIFT, mac),
                &request,
                "the PF's administrator has set the VF's address, and only trust lets it have others (`ip link set <pf> vf <n> trust on`), or the PF's address table is full",
            )?;
            self.has_further = info == regs::MAC_FILTER_ADD;
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
