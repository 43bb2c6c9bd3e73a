//! The link as VFLINKS shows it (82599 datasheet 8.3.5).

use crate::model::Generation;
use crate::regs::{VFLINKS_10G, VFLINKS_UP};

/// The link, and how long it has been so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    up: bool,
    /// What it was before.
    was_up: bool,
    /// When it changed.
    since: u64,
}

impl Default for Link {
    fn default() -> Link {
        Link { up: true, was_up: true, since: 0 }
    }
}

impl Link {
    /// Whether it is up.
    pub(crate) fn is_up(&self) -> bool {
        self.up
    }

    /// The link is now so, from the start.
    pub(crate) fn starts(&mut self, up: bool) {
        *self = Link { up, was_up: up, since: 0 };
    }

    /// The link changes at `now`.
    pub(crate) fn set(&mut self, up: bool, now: u64) {
        *self = Link { up, was_up: self.up, since: now };
    }

    /// VFLINKS. It may show the past for a while, and means nothing where the link is told by mailbox.
    pub(crate) fn register(&self, generation: &Generation, now: u64) -> u32 {
        let settled = now.saturating_sub(self.since) >= generation.link_settles;
        let shown = if settled { self.up } else { self.was_up };
        if shown || generation.link_by_mailbox { VFLINKS_UP | VFLINKS_10G } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    const DOWN: u32 = 0;
    const UP: u32 = 0x7000_0000;

    #[test]
    fn an_82599_shows_a_change_after_half_a_millisecond() {
        let mut link = Link::default();
        link.set(false, 1_000_000);
        let shown = |model: Model, now| link.register(model.generation(), now);
        assert_eq!(shown(Model::I82599, 1_499_999), UP);
        assert_eq!(shown(Model::I82599, 1_500_000), DOWN);
        assert_eq!(shown(Model::X540, 1_000_000), DOWN);
    }

    #[test]
    fn an_e610_says_always_the_same() {
        let mut link = Link::default();
        link.starts(false);
        assert_eq!(link.register(Model::E610.generation(), 0), UP);
        assert_eq!(link.register(Model::X553.generation(), 0), DOWN);
    }
}
