//! What a child made by fork does, without exec.
#![allow(unsafe_code)]

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Does something in a child made by fork, and says whether it answered yes: not if it panicked, or took
/// longer than 10 seconds.
///
/// The child has one thread. It may allocate, but take no lock that another thread of this process may
/// hold at the moment of the fork; where that is what is tested, it hangs, and is ended by its alarm.
///
/// # Panics
/// There can be no child.
#[track_caller]
pub fn in_child(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child calls what works after a fork of a process with threads: glibc's allocator does,
    // and about locks see above. It ends without running destructors of this process.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: an alarm that nobody handles ends the child.
        unsafe { libc::alarm(10) };
        let done = catch_unwind(AssertUnwindSafe(child));
        // SAFETY: ends this process without running anything of its parent's.
        unsafe { libc::_exit(if done.unwrap_or(false) { 0 } else { 1 }) };
    }
    let mut status = 0;
    // SAFETY: writes the status of a child of ours.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}
