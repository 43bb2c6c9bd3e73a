//! What all processes of one adapter share.

mod state;

pub(crate) use state::{Mode, PortState};
