//! What std does not do for a child and its end: each a few system calls.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::{getpid, getppid};

/// Has a child end with this process, however that ends, and gives it the signal mask that this process
/// was started with.
pub(super) fn tie(command: &mut Command, mask: SigSet) {
    let parent = getpid();
    let tied = move || {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != parent {
            // It ended before the kernel was told, and nobody waits for an answer.
            return Err(nix::Error::ESRCH.into());
        }
        mask.thread_set_mask()?;
        Ok(())
    };
    // SAFETY: what runs between fork and exec makes system calls, and neither allocates nor takes locks.
    unsafe { command.pre_exec(tied) };
}

/// Lets this process wait for its children, also if its parent ignored its own.
pub(super) fn expect_children() -> nix::Result<()> {
    // SAFETY: the default needs no handler.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }.map(drop)
}

/// Ends this process by a signal, so that its parent sees what the program died of. Where that signal
/// ends nothing, it gives the status that a shell has for it.
pub(super) fn die_of(number: i32) -> u8 {
    // The program's core is the one that matters.
    _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    // SAFETY: the default needs no handler. A set of signals is plain data, which `sigemptyset` fills
    // before it is read.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, number);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        libc::raise(number);
    }
    128 + number as u8
}
