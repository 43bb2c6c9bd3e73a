//! Ctrl-C while a guest runs: it is ended in order, and the terminal is as it was. Before that, while
//! kernels and programs are built, it has its usual effect.

use crate::os;

/// Starts to listen.
pub fn install() {
    os::catch_interrupts();
}

/// Whether the user wants everything to end.
pub fn seen() -> bool {
    os::interrupted()
}
