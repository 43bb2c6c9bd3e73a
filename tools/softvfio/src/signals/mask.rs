//! What a thread blocks, and what it believes to block.
#![allow(unsafe_code)]

use std::cell::Cell;

use libc::c_int;

use super::kernel::{self, Set, bit, from_libc, to_libc};
use super::{OURS, actions};
use crate::Errno;

thread_local! {
    /// Those of our signals that this thread believes to block.
    static HELD: Cell<Set> = const { Cell::new(0) };
    /// Those of them that somebody has sent meanwhile.
    static WAITING: Cell<Set> = const { Cell::new(0) };
}

/// Signals of the C library's own threads (SIGCANCEL, SIGSETXID), which it lets nobody block.
const LIBRARY: Set = bit(32) | bit(33);

/// sigprocmask and pthread_sigmask. `None` before [`super::install`]: the real ones have the say.
///
/// # Safety
/// The pointers are null or those of a set.
pub unsafe fn mask(
    how: c_int,
    set: *const libc::sigset_t,
    old: *mut libc::sigset_t,
) -> Option<Result<(), Errno>> {
    if !actions::installed() {
        return None;
    }
    // SAFETY: as the caller promised.
    let set = unsafe { set.as_ref() }.map(from_libc);
    let before = HELD.get();
    let changed = change(how, set).map(|mask| {
        // SAFETY: as the caller promised.
        if let Some(old) = unsafe { old.as_mut() } {
            *old = to_libc(mask | before);
        }
    });
    Some(changed)
}

/// Changes it, and returns what the kernel had.
fn change(how: c_int, set: Option<Set>) -> Result<Set, Errno> {
    let Some(set) = set else { return kernel::mask(libc::SIG_BLOCK, None) };
    let held = match how {
        libc::SIG_BLOCK => HELD.get() | set & OURS,
        libc::SIG_UNBLOCK => HELD.get() & !set,
        libc::SIG_SETMASK => set & OURS,
        _ => return Err(libc::EINVAL),
    };
    // In a handler of the program's the kernel blocks the handler's own signal. It may unblock that.
    let real = if how == libc::SIG_UNBLOCK { set } else { set & !OURS & !LIBRARY };
    let before = kernel::mask(how, Some(real))?;
    HELD.set(held);
    let due = WAITING.get() & !held;
    WAITING.set(WAITING.get() & held);
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        if due & bit(signal) != 0 {
            // SAFETY: no pointers; a thread may send itself anything.
            unsafe { libc::raise(signal) };
        }
    }
    Ok(before)
}

/// Whether this thread believes to block one of our signals.
pub(super) fn is_held(signal: c_int) -> bool {
    HELD.get() & bit(signal) != 0
}

/// Keeps a signal for when this thread does not block it any more.
pub(super) fn keep(signal: c_int) {
    WAITING.set(WAITING.get() | bit(signal));
}
