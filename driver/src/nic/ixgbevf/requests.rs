//! Addresses and the largest frame.

use super::models::Model;
use super::{Ixgbevf, messages};
use crate::nic::pf::{INFO_SHIFT, with_address};
use crate::{MacAddress, Result};

/// The largest frame that needs no PF with jumbo frames on, with FCS.
pub(super) const STANDARD_FRAME: u16 = 1518;

impl Ixgbevf {
    pub(super) fn ask_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
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
        let none = (0, MacAddress::default(), "clear its further addresses".to_string());
        // The first one ends the list from before.
        let add = |(i, &mac): (usize, &MacAddress)| {
            (1 + u32::from(i > 0), mac, format!("receive frames for {mac}, too"))
        };
        let clear = addresses.is_empty().then_some(none);
        for (info, mac, request) in clear.into_iter().chain(addresses.iter().enumerate().map(add)) {
            self.pf.ask(
                &with_address(messages::SET_MACVLAN | info << INFO_SHIFT, mac),
                &request,
                "the PF's administrator has set the VF's address, and only trust lets it have others (`ip link set <pf> vf <n> trust on`), or the PF's address table is full",
            )?;
        }
        Ok(())
    }

    pub(super) fn ask_max_frame(&mut self, len: u16) -> Result<()> {
        // What the limit counts has the FCS, and no VLAN tag.
        self.pf.set_max_frame(len, len.into(), remedy(&self.model, len))?;
        self.max_frame = len;
        self.limit_length();
        Ok(())
    }
}

fn remedy(model: &Model, len: u16) -> &'static str {
    match (model.one_frame_size, len > STANDARD_FRAME) {
        (true, true) => {
            "an 82599's PF and VFs have jumbo frames together or not at all: `ip link set <pf> mtu 9000` first, or take frames of up to 1518 bytes"
        }
        (true, false) => {
            "the PF has jumbo frames on, and its driver is too old to let a VF take part: update it, or `ip link set <pf> mtu 1500`"
        }
        _ => "see the PF's kernel log",
    }
}
