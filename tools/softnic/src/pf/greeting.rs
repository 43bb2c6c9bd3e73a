//! The first message of a VF: it was reset (Linux's `ixgbe_vf_reset_msg`).

use super::Pf;
use super::filters::untagged;
use super::message::{ACK, Api, NACK, RESET, address_words};
use crate::Mac;

/// How a multicast address becomes a number of 12 bits: from its bits 47:36 (MCSTCTRL.MO 0).
const MULTICAST_FILTER: u32 = 0;

/// Longest frame of an MTU of 1500, without FCS (ETH_FRAME_LEN).
pub(super) const STANDARD_FRAME: u32 = 1514;

impl Pf<'_> {
    /// Answers with the address that the administrator gave the VF, and lets it work.
    pub(super) fn greet(&mut self) {
        self.forget_filters();
        self.function.mailbox.clear();
        // An 82599 with jumbo frames feeds a VF only when it has said that it takes them, too.
        let feeds = !(self.function.generation.one_frame_size && self.pf_frame() > STANDARD_FRAME);
        self.plane.update(self.function.vf, |port| {
            port.transmits = true;
            port.receives = feeds;
        });
        self.function.session.clear_to_send = true;
        let port = self.plane.port(self.function.vf);
        let mut answer = [RESET | NACK, 0, 0, MULTICAST_FILTER];
        if port.pf_set_mac && port.mac != Mac::default() {
            let [low, high] = address_words(port.mac);
            answer = [RESET | ACK, low, high, MULTICAST_FILTER];
        }
        self.send(&answer);
    }

    /// The VF was reset: its filters go, and so does the version that was agreed on
    /// (`ixgbe_vf_reset_event`). Address and mode stay.
    pub(super) fn forget_filters(&mut self) {
        let spoof_check = self.spec.spoof_check;
        self.plane.update(self.function.vf, |port| {
            port.further.clear();
            port.hashes.clear();
            port.vlans = vec![untagged(port)];
            // The anti-spoofing that a further address has turned off comes back here only.
            if port.port_vlan.is_some() {
                port.spoof_check = spoof_check;
            }
        });
        self.function.session.api = Api::default();
        self.restore_multicast();
    }

    /// Longest frame of the PF itself, without FCS.
    pub(super) fn pf_frame(&self) -> u32 {
        self.spec.pf_mtu + 14
    }
}
