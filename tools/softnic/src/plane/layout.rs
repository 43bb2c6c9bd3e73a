//! Where things are in the file that processes share.
//!
//! One page of header; a page's multiple for each port's state; then the inboxes, row by row: a row has
//! those that one process writes, one for each port.

use super::inbox;

/// "softnic" and the format's number: another format has another one.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"softnic\x02");

/// Most processes at once: one for each VF and one for the wire.
pub(super) const MEMBERS: usize = 64;

/// [`MAGIC`], from before the file has its length.
pub(super) const AT_MAGIC: usize = 0;
/// 1 when the rest is in place.
pub(super) const AT_READY: usize = 8;
/// How many bytes of options there are.
pub(super) const AT_OPTIONS_LEN: usize = 16;
/// [`crate::Spec::common`] of the process that made the file.
pub(super) const AT_OPTIONS: usize = 64;
/// Most bytes of options: two paths may be among them.
pub(super) const OPTIONS_MAX: usize = 8192;
/// Grows with every change of a port's state.
pub(super) const AT_GENERATION: usize = AT_OPTIONS + OPTIONS_MAX + 64;
/// How often the wire has been taken.
pub(super) const AT_UPLINKS: usize = AT_GENERATION + 64;
/// A bit for each row of inboxes that ever was in use.
pub(super) const AT_ROWS: usize = AT_UPLINKS + 64;

const HEADER: usize = 12 * 1024;

/// Room for one copy of a port's state, encoded.
pub(super) const STATE_MAX: usize = 24 * 1024;
/// A port's state: a word that counts changes, and two copies, each with its length before it.
const STATE: usize = 52 * 1024;

/// What is locked in the file (see [`super::lock`]).
pub(super) mod bytes {
    /// Shared by all that use the file; alone by who makes or removes it.
    pub(crate) const MEMBER: usize = 0;
    /// By who changes a port's state.
    pub(crate) const STATE: usize = 1;
    /// The first of those for rows of inboxes.
    pub(crate) const ROW: usize = 1 << 8;
    /// The first of those for ports, by who drives them.
    pub(crate) const PORT: usize = 1 << 9;
}

/// The places in a file for so many ports, the wire's among them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) ports: usize,
}

impl Layout {
    /// The word that counts the changes of a port's state: its lowest bit says which copy counts.
    pub(super) fn version(self, port: usize) -> usize {
        HEADER + port * STATE
    }

    /// A copy of a port's state: a word with its length, then as many bytes.
    pub(super) fn state(self, port: usize, version: u64) -> usize {
        self.version(port) + 64 + (version & 1) as usize * (STATE_MAX + 64)
    }

    /// What one process writes for one port.
    pub(super) fn inbox(self, row: usize, port: usize) -> usize {
        self.row(row) + port * inbox::LEN
    }

    /// The inboxes that one process writes.
    pub(super) fn row(self, row: usize) -> usize {
        HEADER + self.ports * STATE + row * self.row_len()
    }

    pub(super) fn row_len(self) -> usize {
        self.ports * inbox::LEN
    }

    pub(super) fn len(self) -> usize {
        self.row(MEMBERS)
    }
}

const _: () = assert!(AT_ROWS + 64 <= HEADER && 64 + 2 * (STATE_MAX + 64) <= STATE);
