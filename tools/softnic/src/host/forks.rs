//! Which process this is, as far as fork tells, without asking the kernel at each step.
#![allow(unsafe_code)]

use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// How many forks lie between the process that began to count and this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

extern "C" fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// A number that is another one in a child made by fork. (A child that is made past the C library, by the
/// system call alone, is not told from its parent.)
pub(super) fn process() -> u32 {
    static WATCHED: OnceLock<bool> = OnceLock::new();
    // SAFETY: a function that is there as long as this code, which is never unloaded while it is used.
    let watched =
        WATCHED.get_or_init(|| unsafe { libc::pthread_atfork(None, None, Some(forked)) } == 0);
    // Without memory for that, the kernel is asked.
    if *watched { FORKS.load(Ordering::Relaxed) } else { process::id() }
}
