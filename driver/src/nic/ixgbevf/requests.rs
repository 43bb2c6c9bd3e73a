//! Addresses and the largest frame.

use super::models::Model;
use super::{Ixgbevf, messages};
use crate::nic::STANDARD_FRAME;
use crate::nic::pf::INFO_SHIFT;
use crate::{MacAddress, Result};

impl Ixgbevf {
    pub(super) fn ask_unicast(&mut self, addresses: &[MacAddress]) -> Result<()> {
        if addresses.is_empty() {
            return self.pf.clear_unicast(messages::SET_MACVLAN);
        }
        for (i, &mac) in addresses.iter().enumerate() {
            // The first one ends the list from before.
            let info = 1 + u32::from(i > 0);
            self.pf.add_unicast(messages::SET_MACVLAN | info << INFO_SHIFT, mac)?;
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
