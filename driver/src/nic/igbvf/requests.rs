//! What the VF asks its PF for.

use super::super::mailbox::{CLEAR_TO_SEND, MESSAGE_NACK, WORDS};
use super::{Igbvf, regs};
use crate::{Error, MacAddress, Result};

/// Which frames the PF lets through beyond those addressed to the VF.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Modes {
    pub(super) unicast: bool,
    pub(super) multicast: bool,
}

/// Hashes that one message holds: two to a word.
pub(super) const MAX_GROUPS: usize = 2 * (WORDS - 1);

impl Igbvf {
    pub(super) fn ask_mac(&mut self, mac: MacAddress) -> Result<()> {
        let [a, b, c, d, e, f] = mac.0;
        let words = [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, 0, 0])];
        self.ask(
            &[regs::MSG_SET_MAC, words[0], words[1]],
            &format!("change the MAC address to {mac}"),
            "the PF's administrator has set the VF's address, and only trust lets the VF change it: `ip link set <pf> vf <n> trust on`, or set the address there",
        )
    }

    pub(super) fn ask_multicast(&mut self, groups: &[MacAddress]) -> Result<()> {
        if groups.len() > MAX_GROUPS {
            return Err(Error::Config {
                key: "multicast groups",
                value: groups.len().to_string(),
                allowed: format!(
                    "this device takes up to {MAX_GROUPS}; for more use all-multicast"
                ),
            });
        }
        let mut message = [0; WORDS];
        message[0] = regs::MSG_SET_MULTICAST | (groups.len() as u32) << regs::MSG_INFO_SHIFT;
        for (i, &group) in groups.iter().enumerate() {
            message[1 + i / 2] |= u32::from(hash(group)) << (16 * (i % 2));
        }
        self.ask(&message, "set the multicast groups", "see the PF's kernel log")
    }

    pub(super) fn ask_vlan(&mut self, id: u16, on: bool) -> Result<()> {
        let verb = if on { "let VLAN" } else { "stop VLAN" };
        self.ask(
            &[regs::MSG_SET_VLAN | u32::from(on) << regs::MSG_INFO_SHIFT, u32::from(id)],
            &format!("{verb} {id} through"),
            "the PF's administrator has set a port VLAN for the VF (`ip link show <pf>`), or the PF's filter table is full",
        )
    }

    pub(super) fn ask_modes(&mut self, modes: Modes) -> Result<()> {
        let bits = u32::from(modes.unicast) | u32::from(modes.multicast) << 1;
        self.ask(
            &[regs::MSG_SET_PROMISC | bits << regs::MSG_INFO_SHIFT],
            if modes.unicast { "receive all unicast frames" } else { "change multicast reception" },
            "Linux's igb never grants a VF unicast promiscuous mode; receive on the PF, or mirror there",
        )
        .inspect(|()| self.promiscuous = modes)
    }

    pub(super) fn ask_max_frame(&mut self, len: u16) -> Result<()> {
        // The limit counts FCS and VLAN tag.
        let limit = u32::from(len) + 4;
        self.ask(
            &[regs::MSG_SET_LPE, limit],
            &format!("receive frames of {len} bytes"),
            "see the PF's kernel log",
        )
    }

    /// Sends a request which the PF grants or refuses.
    fn ask(&mut self, message: &[u32], request: &str, remedy: &str) -> Result<()> {
        let answer = self.mailbox.request(message)?;
        if answer[0] & MESSAGE_NACK == 0 {
            return Ok(());
        }
        if answer[0] & CLEAR_TO_SEND == 0 {
            self.mailbox.set_forgotten(true);
            return Err(self.mailbox.silent("the PF was reset and does not know this VF yet"));
        }
        Err(Error::Refused {
            device: self.registers.device(),
            request: request.to_string(),
            remedy: remedy.to_string(),
        })
    }
}

/// Which of the 4096 bits of the PF's multicast table stands for a group: bits 36 to 47 of the
/// address (82576 datasheet 7.1.1.2 with MO = 0).
fn hash(group: MacAddress) -> u16 {
    let [.., e, f] = group.0;
    (u16::from(e) >> 4 | u16::from(f) << 4) & 0xfff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multicast_hash_is_the_addresss_top_twelve_bits() {
        assert_eq!(hash(MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb])), 0xfb0);
        assert_eq!(hash(MacAddress([0x33, 0x33, 0, 0, 0xab, 0xcd])), 0xcda);
    }
}
