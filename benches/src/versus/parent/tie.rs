//! Children that do not outlive their parent.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{getpid, getppid};

/// Has a child be killed when this process ends, however it does: the thread that starts it has to live as
/// long as the process.
pub(super) fn tie(command: &mut Command) {
    let parent = getpid();
    let tied = move || {
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != parent {
            // It ended before the kernel was told, and nobody waits for an answer.
            return Err(nix::Error::ESRCH.into());
        }
        Ok(())
    };
    // SAFETY: what runs between fork and exec makes two system calls, and neither allocates nor takes locks.
    unsafe { command.pre_exec(tied) };
}
