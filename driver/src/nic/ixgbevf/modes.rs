//! Which frames the PF lets through beyond those addressed to the VF.

use super::api::Api;
use super::{Ixgbevf, messages};
use crate::{Error, Result};

/// What UPDATE_XCAST_MODE asks for, each with what those before it let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// Broadcast.
    #[default]
    None = 0,
    /// The groups that were asked for.
    Groups = 1,
    /// All multicast.
    AllMulticast = 2,
    /// All unicast.
    Promiscuous = 3,
}

/// What the application wants.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) groups: bool,
    pub(super) all_multicast: bool,
    pub(super) promiscuous: bool,
}

impl Wanted {
    fn mode(self) -> Mode {
        match self {
            Wanted { promiscuous: true, .. } => Mode::Promiscuous,
            Wanted { all_multicast: true, .. } => Mode::AllMulticast,
            Wanted { groups: true, .. } => Mode::Groups,
            _ => Mode::None,
        }
    }
}

impl Ixgbevf {
    /// Asks the PF for what is wanted now. What it does not grant is not wanted any more, and leaves
    /// what was granted before.
    pub(super) fn want(&mut self, wanted: Wanted) -> Result<()> {
        let (before, mode) = (self.wanted.mode(), wanted.mode());
        if mode != before {
            self.ask_mode(mode).inspect_err(|_| {
                // It may have become a lower one than before.
                if let Err(error) = self.ask_mode(before) {
                    tracing::debug!(%error, ?before, "not back in the mode from before");
                }
            })?;
        }
        self.wanted = wanted;
        Ok(())
    }

    /// Puts the PF's idea of the VF's mode where ours is after a reset: Linux's ixgbe keeps the mode
    /// of the VF's last user.
    pub(super) fn reset_mode(&mut self) -> Result<()> {
        self.wanted = Wanted::default();
        if self.api < Api::V1_2 {
            return Ok(());
        }
        match self.ask_mode(Mode::None) {
            // Then it has none to forget.
            Err(Error::Refused { .. }) => Ok(()),
            result => result,
        }
    }

    fn ask_mode(&mut self, mode: Mode) -> Result<()> {
        let request = match mode {
            Mode::None => "stop further frames",
            Mode::Groups => "receive multicast groups",
            Mode::AllMulticast => "receive all multicast frames",
            Mode::Promiscuous => "receive all unicast frames",
        };
        let needs = if mode == Mode::Promiscuous { Api::V1_3 } else { Api::V1_2 };
        if self.api < needs {
            // With an API this old, groups need no mode.
            return match mode {
                Mode::None | Mode::Groups => Ok(()),
                _ => Err(self.pf.refused(request, "its driver is too old for that: update it")),
            };
        }
        let remedy = match mode {
            Mode::Promiscuous if !self.model.promiscuous => {
                "an 82599 grants it to no VF; receive on the PF, or mirror there"
            }
            Mode::Promiscuous => {
                "the VF must be trusted and the PF promiscuous itself: `ip link set <pf> vf <n> trust on`, `ip link set <pf> promisc on`"
            }
            _ => "the VF must be trusted: `ip link set <pf> vf <n> trust on`",
        };
        let answer = self.pf.ask(&[messages::UPDATE_XCAST_MODE, mode as u32], request, remedy)?;
        // A VF that is not trusted is told yes, and given less.
        if answer[1] < mode as u32 {
            return Err(self.pf.refused(request, remedy));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_inclusive_mode_is_asked_for() {
        let mode = |groups, all_multicast, promiscuous| {
            Wanted { groups, all_multicast, promiscuous }.mode()
        };
        assert_eq!(mode(false, false, false), Mode::None);
        assert_eq!(mode(true, false, false), Mode::Groups);
        assert_eq!(mode(true, true, false), Mode::AllMulticast);
        assert_eq!(mode(false, true, true), Mode::Promiscuous);
    }
}
