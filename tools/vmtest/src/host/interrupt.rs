//! Ctrl-C: what runs is ended in order, with QEMU killed and the terminal as it was.

use crate::os;

/// Starts to listen.
pub fn install() {
    os::catch_interrupts();
}

/// Whether the user wants everything to end.
pub fn seen() -> bool {
    os::interrupted()
}
