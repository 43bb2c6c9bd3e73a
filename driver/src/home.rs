//! Which process a device and its memory belong to.

use std::process;

/// The process that opened a device, or took memory for one.
///
/// A child that is made by fork and runs no other program has a copy of all objects, and the same
/// device behind them. What it drops must not put to rest what its parent uses, nor wait for locks
/// that threads of the parent hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home(u32);

impl Home {
    /// This process.
    pub(crate) fn here() -> Home {
        Home(process::id())
    }

    /// Whether this is another process: a child's.
    pub(crate) fn is_elsewhere(self) -> bool {
        process::id() != self.0
    }
}
