//! The two signals that this library needs for itself, SIGSEGV and SIGBUS, beside what the program
//! wants of them.
//!
//! The handler in place is ours from [`install`] on. What the program sets up is kept beside it, and is
//! obeyed for every fault that is none of ours, as the kernel would. A thread that faults while it
//! blocks the signal is killed by the kernel, so these two are never really blocked: which thread
//! believes that it blocks them is kept here, too.
#![allow(unsafe_code)]

mod actions;
mod blocked;
mod kernel;
mod mask;
mod pass;

pub use actions::{install, sigaction};
pub use blocked::Blocked;
use kernel::bit;
pub(crate) use kernel::{Set, call, place};
pub use mask::mask;
pub(crate) use pass::pass_on;

/// The signals that are ours.
const OURS: Set = bit(libc::SIGSEGV) | bit(libc::SIGBUS);

/// The signals that an instruction causes. A thread that blocks one is killed by it.
#[cfg(target_arch = "x86_64")]
pub(crate) const SYNCHRONOUS: Set =
    OURS | bit(libc::SIGFPE) | bit(libc::SIGILL) | bit(libc::SIGTRAP);

/// Takes the locks for the time of a fork.
pub(crate) fn before_fork() {
    actions::WANTED.acquire();
}

/// Gives them back.
///
/// # Safety
/// [`before_fork`] was called by this thread, or by the one that made this child.
pub(crate) unsafe fn after_fork() {
    // SAFETY: as the caller promised.
    unsafe { actions::WANTED.release() };
}
