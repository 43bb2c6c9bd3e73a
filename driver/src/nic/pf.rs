//! The PF as VFs of the 82576's and of the 82599's family see it: what they ask it for by mailbox in
//! the same words.
//!
//! Sources: Linux's igb (`igb_main.c`, `e1000_mbx.h`) and ixgbe (`ixgbe_sriov.c`, `ixgbe_mbx.h`).

use std::time::Duration;

use super::mailbox::Mailbox;
use super::message::{ACK, CLEAR_TO_SEND, GREETING, NACK, WORDS, is_farewell};
use super::{Registers, multicast};
use crate::{Error, MacAddress, Result};

/// Set the MAC address in words 1 and 2.
pub(super) const SET_MAC: u32 = 0x02;
/// Set the multicast hashes: count in the info bits, 16-bit hashes from word 1 on.
const SET_MULTICAST: u32 = 0x03;
/// VLAN filter: id in word 1, on in the info bits.
const SET_VLAN: u32 = 0x04;
/// Longest frame, in word 1.
const SET_LPE: u32 = 0x05;

/// Extra bits of a message, 8 of them, start here.
pub(super) const INFO_SHIFT: u32 = 16;

/// How long one attempt to reset a VF waits for a PF that is in reset itself. Linux's drivers take up
/// to half a second; who resets the VF tries again, and others may have the device in between.
const PF_RESET: Duration = Duration::from_millis(100);

/// Hashes that one message holds: two to a word.
pub(super) const MAX_GROUPS: usize = 2 * (WORDS - 1);

/// What makes a PF grant addresses besides the VF's own.
const MORE_ADDRESSES: &str = "the PF's administrator has set the VF's address, and only trust lets it have others (`ip link set <pf> vf <n> trust on`), or the PF's address table is full";

/// What a PF says when it is greeted.
pub(super) struct Welcome {
    /// The address that it has assigned.
    pub(super) mac: Option<MacAddress>,
    /// All words.
    pub(super) words: [u32; WORDS],
}

/// What a PF said on its own.
pub(super) struct Heard {
    /// It was reset, or does not know the VF any more.
    pub(super) reset: bool,
    /// It said something: its link may have changed.
    pub(super) message: bool,
}

/// The PF of one VF.
#[derive(Debug)]
pub(super) struct Pf {
    registers: Registers,
    mailbox: Mailbox,
}

impl Pf {
    /// The PF behind a mailbox with its register at `control` and its words from `memory` on.
    pub(super) fn new(registers: &Registers, control: u64, memory: u64) -> Pf {
        let mailbox = Mailbox::new(registers.clone(), control, memory);
        Pf { registers: registers.clone(), mailbox }
    }

    /// Greets the PF, once it is out of reset: the first message after the VF was reset.
    pub(super) fn greet(&mut self) -> Result<Welcome> {
        self.mailbox.wait_for_pf(PF_RESET)?;
        let words = self.mailbox.request(&[GREETING])?;
        self.mailbox.set_forgotten(false);
        let [a, b, c, d] = words[1].to_le_bytes();
        let [e, f, ..] = words[2].to_le_bytes();
        let mac = MacAddress([a, b, c, d, e, f]);
        // A PF that assigned no address answers with a refusal; the VF works all the same.
        let assigned = words[0] & ACK != 0 && words[0] & NACK == 0;
        Ok(Welcome { mac: (assigned && mac.is_unicast()).then_some(mac), words })
    }

    /// Takes what the PF had to say since the last call.
    pub(super) fn news(&mut self) -> Result<Heard> {
        let signals = self.mailbox.signals()?;
        let mut reset = signals.reset;
        if signals.message {
            match self.mailbox.receive() {
                Ok(message) => reset |= is_farewell(&message),
                // The PF has the mailbox, and may be about to write more: later, then.
                Err(Error::PfSilent { .. }) => self.mailbox.keep_message(),
                Err(error) => return Err(error),
            }
        }
        Ok(Heard { reset, message: signals.message })
    }

    /// Whether the PF was reset, or the device went, since the last [`Pf::news`] or [`Pf::greet`].
    pub(super) fn is_interrupted(&mut self) -> bool {
        self.mailbox.is_interrupted()
    }

    /// Requests sent so far.
    pub(super) fn requests(&self) -> u64 {
        self.mailbox.requests()
    }

    /// Sends a request and returns the PF's answer; `None` when it refuses.
    pub(super) fn try_ask(&mut self, message: &[u32]) -> Result<Option<[u32; WORDS]>> {
        let answer = self.mailbox.request(message)?;
        if answer[0] & NACK == 0 {
            return Ok(Some(answer));
        }
        if answer[0] & CLEAR_TO_SEND == 0 {
            self.mailbox.set_forgotten(true);
            return Err(self.mailbox.silent("the PF was reset and does not know this VF yet"));
        }
        Ok(None)
    }

    /// The same for what the PF should grant: `request` says what was asked for, and `remedy` what
    /// makes a PF grant it.
    pub(super) fn ask(
        &mut self,
        message: &[u32],
        request: &str,
        remedy: &str,
    ) -> Result<[u32; WORDS]> {
        self.try_ask(message)?.ok_or_else(|| self.refused(request, remedy))
    }

    /// The error that the PF does not grant a request.
    pub(super) fn refused(&self, request: &str, remedy: &str) -> Error {
        Error::Refused {
            device: self.registers.device(),
            request: request.to_string(),
            remedy: remedy.to_string(),
        }
    }

    /// Asks for this unicast address.
    pub(super) fn set_mac(&mut self, mac: MacAddress) -> Result<()> {
        self.ask(
            &with_address(SET_MAC, mac),
            &format!("change the MAC address to {mac}"),
            "the PF's administrator has set the VF's address, and only trust lets the VF change it: `ip link set <pf> vf <n> trust on`, or set the address there",
        )
        .map(drop)
    }

    /// Asks to have no unicast address besides the VF's own, with the first word of that request. Linux's
    /// igb wants an address there, which it does not use.
    pub(super) fn clear_unicast(&mut self, word: u32) -> Result<()> {
        let any = MacAddress([0x02, 0, 0, 0, 0, 0]);
        self.ask(&with_address(word, any), "clear its further addresses", MORE_ADDRESSES).map(drop)
    }

    /// Asks for one more unicast address, with the first word of that request.
    pub(super) fn add_unicast(&mut self, word: u32, mac: MacAddress) -> Result<()> {
        let request = format!("receive frames for {mac}, too");
        self.ask(&with_address(word, mac), &request, MORE_ADDRESSES).map(drop)
    }

    /// Asks for exactly these multicast groups, by their hashes of kind `filter`.
    pub(super) fn set_multicast(&mut self, groups: &[MacAddress], filter: u32) -> Result<()> {
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
        message[0] = SET_MULTICAST | (groups.len() as u32) << INFO_SHIFT;
        for (i, &group) in groups.iter().enumerate() {
            message[1 + i / 2] |= u32::from(multicast::hash(group, filter)) << (16 * (i % 2));
        }
        self.ask(&message, "set the multicast groups", "see the PF's kernel log").map(drop)
    }

    /// Asks to let a VLAN through, or no more.
    pub(super) fn set_vlan(&mut self, id: u16, on: bool) -> Result<()> {
        let verb = if on { "let VLAN" } else { "stop VLAN" };
        self.ask(
            &[SET_VLAN | u32::from(on) << INFO_SHIFT, u32::from(id)],
            &format!("{verb} {id} through"),
            "the PF's administrator has set a port VLAN for the VF (`ip link show <pf>`), or the PF's filter table is full",
        )
        .map(drop)
    }

    /// Asks to let frames of `len` bytes through, which the PF counts as `limit`.
    pub(super) fn set_max_frame(&mut self, len: u16, limit: u32, remedy: &str) -> Result<()> {
        self.ask(&[SET_LPE, limit], &format!("receive frames of {len} bytes"), remedy).map(drop)
    }
}

/// A message of one word and an address.
pub(super) fn with_address(word: u32, mac: MacAddress) -> [u32; 3] {
    let [a, b, c, d, e, f] = mac.0;
    [word, u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, 0, 0])]
}
