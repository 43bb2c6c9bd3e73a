//! What the link is like.

use std::fmt;

/// The state of a VF's link, which is its PF's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// No link: nothing is sent or received.
    Down,
    /// Link.
    Up {
        /// Speed in Mbit/s.
        mbps: u32,
        /// Both directions at once.
        full_duplex: bool,
    },
}

impl LinkState {
    /// Whether there is a link.
    pub fn is_up(self) -> bool {
        matches!(self, LinkState::Up { .. })
    }
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkState::Down => f.write_str("down"),
            LinkState::Up { mbps, full_duplex } => {
                write!(
                    f,
                    "up, {mbps} Mbit/s, {} duplex",
                    if *full_duplex { "full" } else { "half" }
                )
            }
        }
    }
}
