//! The link, as LINKS or the PF has it.

use std::time::{Duration, Instant};

use super::api::Api;
use super::models::LinkSource;
use super::{Ixgbevf, messages, regs};
use crate::nic::registers::wait;
use crate::{LinkState, Result};

/// How long a link that comes up may go down again.
const SETTLE: Duration = Duration::from_micros(500);

/// How long the PF's word on the link is good, if it does not say that something changed: what it
/// says may be lost.
const GOOD: Duration = Duration::from_secs(2);

/// What is known of the link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The PF's administrator has the VF enabled. If not, the PF lets nothing through.
    enabled: bool,
    state: LinkState,
    /// When the PF was asked; `None` when it has to be.
    asked: Option<Instant>,
}

impl Default for Link {
    fn default() -> Link {
        Link { enabled: true, state: LinkState::Down, asked: None }
    }
}

impl Link {
    /// What is known may be wrong from now on.
    pub(super) fn doubt(&mut self) {
        self.asked = None;
    }
}

impl Ixgbevf {
    /// Finds out whether the VF may have a link, after the greeting. When that changes, the PF wants
    /// to be greeted again.
    pub(super) fn ask_enabled(&mut self) -> Result<()> {
        self.link = Link::default();
        if self.api < Api::V1_2 {
            return Ok(());
        }
        if let Some(answer) = self.pf.try_ask(&[messages::GET_LINK_STATE])?
            && answer[1] == 0
        {
            self.link.enabled = false;
            tracing::warn!(
                device = self.registers.device(),
                "the PF has disabled this VF: is it up, and is the VF's state auto (`ip link set <pf> vf <n> state auto`)?"
            );
        }
        Ok(())
    }

    pub(super) fn look_at_link(&mut self) -> LinkState {
        if !self.link.enabled || self.pf.is_interrupted() {
            self.link.state = LinkState::Down;
            return LinkState::Down;
        }
        self.link.state = match self.model.link {
            LinkSource::Mailbox if self.api >= Api::V1_6 => self.link_by_mailbox(),
            LinkSource::Mailbox => self.link_by_register(false),
            LinkSource::Register { settles } => self.link_by_register(settles),
        };
        self.link.state
    }

    fn link_by_register(&self, settles: bool) -> LinkState {
        let is_up = |links: u32| links != u32::MAX && links & regs::LINKS_UP != 0;
        let mut links = self.registers.read(regs::LINKS);
        if settles && is_up(links) && !self.link.state.is_up() {
            wait(SETTLE, || {
                links = self.registers.read(regs::LINKS);
                !is_up(links)
            });
        }
        match is_up(links) {
            true => up(self.model.speeds[(links >> regs::LINKS_SPEED_SHIFT & 7) as usize]),
            false => LinkState::Down,
        }
    }

    fn link_by_mailbox(&mut self) -> LinkState {
        if self.link.asked.is_some_and(|asked| asked.elapsed() < GOOD) {
            return self.link.state;
        }
        self.link.asked = Some(Instant::now());
        match self.pf.try_ask(&[messages::GET_PF_LINK_STATE]) {
            Ok(Some(answer)) if answer[2] != 0 => up(told_speed(answer[1])),
            // That a PF does not answer at all is found by the next look at the mailbox.
            _ => LinkState::Down,
        }
    }
}

fn up(mbps: u32) -> LinkState {
    LinkState::Up { mbps, full_duplex: true }
}

/// A speed in Mbit/s as PFs tell it, a bit for each (Linux's `IXGBE_LINK_SPEED_*`); 0 for one that is
/// not known.
fn told_speed(bits: u32) -> u32 {
    match bits {
        0x0002 => 10,
        0x0008 => 100,
        0x0020 => 1000,
        0x0400 => 2500,
        0x0800 => 5000,
        0x0080 => 10_000,
        _ => 0,
    }
}
