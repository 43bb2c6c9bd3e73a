//! What addresses a VF may have.

use super::message::{address, info};
use super::{Pf, Refused};
use crate::Mac;
use crate::plane::PortState;

/// Address filters of the device (RAR entries; 128 from the 82599 on).
const FILTERS: usize = 128;
/// Of these, the PF keeps for itself: one address, and 15 further ones (IXGBE_MAX_PF_MACVLANS).
const FILTERS_OF_PF: usize = 16;

impl Pf<'_> {
    /// SET_MAC_ADDR: what the administrator has given, only a trusted VF may change.
    pub(super) fn set_address(&mut self, message: &[u32]) -> Result<(), Refused> {
        let mac = unicast(&message[1..])?;
        let port = self.plane.port(self.vf());
        if port.pf_set_mac && !port.trusted && port.mac != mac {
            return Err(Refused);
        }
        self.plane.update(self.function.vf, |port| port.mac = mac);
        Ok(())
    }

    /// SET_MACVLAN: 0 clears the list of further addresses, 1 begins a new one, more go on with it.
    pub(super) fn set_further_address(&mut self, message: &[u32]) -> Result<(), Refused> {
        let index = info(message[0]);
        let port = self.plane.port(self.vf());
        if index > 0 && port.pf_set_mac && !port.trusted {
            return Err(Refused);
        }
        if index == 0 {
            self.plane.update(self.function.vf, |port| port.further.clear());
            return Ok(());
        }
        let mac = unicast(&message[1..])?;
        // From here on the VF has more addresses than the check of one knows of.
        self.plane.update(self.function.vf, |port| port.spoof_check = false);
        if index == 1 {
            self.plane.update(self.function.vf, |port| port.further.clear());
        }
        let taken: usize = (0..self.spec.vfs).map(|vf| self.plane.port(vf).further.len()).sum();
        if taken >= FILTERS - FILTERS_OF_PF - self.spec.vfs {
            return Err(Refused);
        }
        self.plane.update(self.function.vf, |port| port.further.push(mac));
        Ok(())
    }
}

/// The administrator gives a VF an address, or takes it away (`ixgbe_ndo_set_vf_mac`). One that no VF
/// can have changes nothing.
pub(crate) fn set_administrators_address(port: &mut PortState, mac: Option<Mac>) {
    if mac.is_none_or(is_unicast) {
        port.mac = mac.unwrap_or_default();
        port.pf_set_mac = mac.is_some();
    }
}

/// The address in a request, if a VF can have it.
fn unicast(words: &[u32]) -> Result<Mac, Refused> {
    let mac = address(words);
    if is_unicast(mac) { Ok(mac) } else { Err(Refused) }
}

/// Whether a VF can have an address: neither zero nor that of a group.
fn is_unicast(mac: Mac) -> bool {
    mac != Mac::default() && mac[0] & 1 == 0
}
