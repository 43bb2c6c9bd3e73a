//! What happens to a VF without its asking: the PF is reset, its interface goes down, the link changes,
//! the administrator changes what the VF may do.
//!
//! Such news is in the plane, where any process can put it. Each process shows it to the VFs it drives.

use super::Pf;
use crate::plane::{Mode, PortState};

/// From the last message of a PF that goes into reset to the reset itself, in nanoseconds: longer than
/// any interrupt can be throttled.
const LAST_WORDS: u64 = 2_000_000;
/// How long a reset takes.
const RESET: u64 = 10_000_000;

/// What of the plane a VF has been shown.
#[derive(Debug, Default)]
pub(super) struct Seen {
    resets: u64,
    recalls: u64,
    pf_down: bool,
}

/// Where in a reset of its own the PF is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// In none.
    #[default]
    Up,
    /// It has said that it will be, and goes at that time.
    Leaving(u64),
    /// It is in reset, at least until then.
    InReset(u64),
}

impl Phase {
    /// The PF hears nothing.
    pub(super) fn is_deaf(self) -> bool {
        matches!(self, Phase::InReset(_))
    }
}

impl Pf<'_> {
    /// The VF was just opened: what is so now is no news to it.
    pub(crate) fn acquaint(&mut self) {
        let port = self.plane.port(self.function.vf);
        self.function.link.starts(port.link && !port.pf_down);
        let session = &mut self.function.session;
        session.seen = Seen { resets: port.resets, recalls: port.recalls, pf_down: port.pf_down };
        // The PF has it from the VF's last user.
        session.mode = port.mode;
        if port.pf_down {
            session.phase = Phase::InReset(0);
            self.function.mailbox.set_pf_in_reset(true);
        }
    }

    /// The VF was reset, by its driver or the bus (VFLRE): the PF stops it and clears its filters.
    pub(crate) fn vf_was_reset(&mut self) {
        self.plane.update(self.function.vf, stop);
        self.forget_filters();
        self.function.session.due = None;
        self.function.session.unsent = None;
    }

    /// Shows the VF what has changed in the plane.
    pub(crate) fn notice(&mut self) {
        let port = self.plane.port(self.function.vf);
        let seen = &mut self.function.session.seen;
        let goes = port.resets != seen.resets || port.pf_down && !seen.pf_down;
        let recalled = port.recalls != seen.recalls;
        *seen = Seen { resets: port.resets, recalls: port.recalls, pf_down: port.pf_down };
        if goes || recalled {
            self.function.session.clear_to_send = false;
        }
        if goes {
            self.function.session.phase = Phase::Leaving(self.now.saturating_add(LAST_WORDS));
            self.plane.update(self.function.vf, stop);
        }
        let link_changed = self.follow_link(&port);
        if goes || recalled || link_changed {
            self.ping();
        }
    }

    /// Shows the VF the link; there is none while the PF is in reset. True if it changed.
    fn follow_link(&mut self, port: &PortState) -> bool {
        let up = port.link && !self.function.session.phase.is_deaf();
        let changed = up != self.function.link.is_up();
        if changed {
            self.function.link.set(up, self.now);
        }
        changed
    }

    /// Goes on with what takes time.
    pub(crate) fn proceed(&mut self) {
        match self.function.session.phase {
            Phase::Leaving(until) if until <= self.now => self.begin_reset(),
            Phase::InReset(until) if until <= self.now && !self.function.session.seen.pf_down => {
                self.end_reset();
            }
            _ => self.catch_up(),
        }
    }

    fn begin_reset(&mut self) {
        self.function.device_reset();
        self.function.mailbox.set_pf_in_reset(true);
        let session = &mut self.function.session;
        session.phase = Phase::InReset(self.now.saturating_add(RESET));
        session.mode = Mode::None;
        session.due = None;
        session.unsent = None;
        self.forget_filters();
        let (spoof_check, frame) = (self.spec.spoof_check, self.pf_frame() + 4);
        self.plane.update(self.function.vf, |port| {
            port.mode = Mode::None;
            port.spoof_check = spoof_check;
            port.max_frame = frame;
        });
        let port = self.plane.port(self.function.vf);
        self.follow_link(&port);
    }

    fn end_reset(&mut self) {
        self.function.session.phase = Phase::Up;
        self.function.mailbox.set_pf_in_reset(false);
        let port = self.plane.port(self.function.vf);
        self.follow_link(&port);
        self.ping();
    }
}

/// The PF neither feeds the VF nor takes from it (VFRE, VFTE).
fn stop(port: &mut PortState) {
    port.receives = false;
    port.transmits = false;
}
