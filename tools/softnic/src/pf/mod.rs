//! The PF's side of the mailbox, as Linux's ixgbe has it (`ixgbe_sriov.c`, `ixgbe_mbx.c`).
//!
//! What a VF asks for becomes a change of its [`PortState`](crate::plane::PortState) in the plane, where
//! the switch of every process sees it. What only the PF and this VF know is in the [`Session`].

mod addresses;
mod events;
mod filters;
mod greeting;
mod message;
mod queries;
pub(crate) mod rss;
#[cfg(test)]
mod tests;

pub(crate) use addresses::set_administrators_address;
pub(crate) use filters::set_port_vlan;
use message::{ACK, Api, CTS, KIND, NACK};

use crate::Spec;
use crate::fault::MailboxMood;
use crate::function::{Cause, Function, Signal, WORDS};
use crate::plane::{Mode, Plane};

/// What a PF knows of a VF that drives its end of the mailbox.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// The VF has greeted, and nothing happened since that it must know of.
    clear_to_send: bool,
    api: Api,
    /// The mode that the VF was granted (`xcast_mode`).
    mode: Mode,
    /// How the PF answers.
    mood: MailboxMood,
    /// When a request is looked at that came while the PF was late.
    due: Option<u64>,
    /// What the PF has to say once the VF lets go of the buffer.
    unsent: Option<Vec<u32>>,
    /// What of the plane this VF has been shown.
    seen: events::Seen,
    /// Where in a reset of its own the PF is.
    phase: events::Phase,
}

/// The PF was asked for what it does not grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused;

/// A PF as it deals with one VF.
pub(crate) struct Pf<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) plane: &'a mut Plane,
    pub(crate) function: &'a mut Function,
    /// In nanoseconds.
    pub(crate) now: u64,
}

impl Pf<'_> {
    /// The VF wrote the mailbox register.
    pub(crate) fn signal(&mut self, signal: Signal) {
        let session = &mut self.function.session;
        if session.phase.is_deaf() {
            return;
        }
        match session.mood {
            MailboxMood::Silent | MailboxMood::Holding => return,
            MailboxMood::Late(by) if signal.request => {
                session.due = Some(self.now.saturating_add(by))
            }
            MailboxMood::Prompt | MailboxMood::Refusing if signal.request => self.request(),
            _ => (),
        }
        if signal.acknowledged && !self.function.session.clear_to_send {
            self.send(&[NACK]);
        }
        self.flush();
    }

    /// The PF behaves otherwise from now on.
    pub(crate) fn change_mood(&mut self, mood: MailboxMood) {
        self.function.session.mood = mood;
        self.function.mailbox.set_pfs(mood == MailboxMood::Holding);
    }

    /// Does what is due by now: requests that the PF is late with.
    fn catch_up(&mut self) {
        if self.function.session.due.is_some_and(|due| due <= self.now) {
            self.function.session.due = None;
            self.request();
        }
    }

    /// Takes a message and answers it.
    fn request(&mut self) {
        // Before API 1.5 the PF must have the buffer to read it, and gives up if it cannot.
        if self.function.mailbox.is_vfs() && self.function.session.api < Api::HELD_BUFFER {
            return;
        }
        let mut message = self.function.mailbox.take();
        self.function.counters.mailbox_requests += 1;
        self.function.raise(Cause::Mailbox, self.now);
        if message[0] & (ACK | NACK) != 0 {
            return;
        }
        if message[0] == message::RESET {
            self.greet();
        } else if !self.function.session.clear_to_send {
            self.send(&[message[0] | NACK]);
        } else {
            let refuses = self.function.session.mood == MailboxMood::Refusing;
            let answer = if refuses { Err(Refused) } else { self.serve(&mut message) };
            message[0] |= CTS | if answer.is_ok() { ACK } else { NACK };
            self.send(&message);
        }
    }

    /// Does what a message asks for, and puts the answer in its place.
    fn serve(&mut self, message: &mut [u32; WORDS]) -> Result<(), Refused> {
        match message[0] & KIND {
            message::SET_MAC_ADDR => self.set_address(message),
            message::SET_MULTICAST => self.set_multicast(message),
            message::SET_VLAN => self.set_vlan(message),
            message::SET_LPE => self.set_largest_frame(message[1]),
            message::SET_MACVLAN => self.set_further_address(message),
            message::API_NEGOTIATE => self.negotiate(message[1]),
            message::GET_QUEUES => self.tell_queues(message),
            message::GET_RETA => self.tell_table(message),
            message::GET_RSS_KEY => self.tell_key(message),
            message::UPDATE_XCAST_MODE => self.set_mode(message),
            message::GET_LINK_STATE => self.tell_link_enabled(message),
            message::GET_PF_LINK_STATE => self.tell_link(message),
            message::FEATURES_NEGOTIATE => self.tell_features(message),
            _ => Err(Refused),
        }
    }

    /// Sends a message, or keeps it until the VF lets go of the buffer. Only the newest is kept.
    fn send(&mut self, message: &[u32]) {
        self.function.session.unsent = Some(message.to_vec());
        self.flush();
    }

    fn flush(&mut self) {
        if self.function.mailbox.is_vfs() {
            return;
        }
        if let Some(message) = self.function.session.unsent.take() {
            self.function.mailbox.put(&message);
            self.function.raise(Cause::Mailbox, self.now);
        }
    }

    /// A message that nobody asked for: something has changed, or the VF must greet again.
    fn ping(&mut self) {
        let marks = if self.function.session.clear_to_send { CTS } else { 0 };
        self.send(&[message::CONTROL | marks]);
    }

    fn vf(&self) -> usize {
        self.function.vf
    }

    /// The VF must have negotiated at least this.
    fn needs(&self, api: Api) -> Result<(), Refused> {
        if self.function.session.api >= api { Ok(()) } else { Err(Refused) }
    }
}
