//! Waiting for a program, as if it had been started without anybody in between.
//!
//! - Signals that were sent to this process are passed on. Those that the kernel sent are the terminal's:
//!   they went to every process of the group, the program among them, and are not passed on again.
//! - When the program stops, this process stops of the same signal, so that a shell's job control sees it.
//! - Nothing is done to the terminal, nor to what the program ignores.
//!
//! All signals are taken one by one from a descriptor, in the thread that waits. No handler is installed,
//! since the program would not inherit that one was ignored before.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd, siginfo};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::{Pid, getpgid, getpgrp, getpid, getsid};

use super::child;

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With a status.
    Exit(u8),
    /// By the signal of that number.
    Signal(i32),
}

/// Why that is not known.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It could not be started.
    Start(io::Error),
    /// It could not be waited for.
    Watch(io::Error),
}

/// Runs a program until it ends.
pub(super) fn supervise(mut command: Command) -> Result<End, Trouble> {
    let watch = |error: nix::Error| Trouble::Watch(error.into());
    let signals = signals();
    let mask = SigSet::thread_get_mask().map_err(watch)?;
    child::expect_children().map_err(watch)?;
    signals.thread_block().map_err(watch)?;
    if let Some(number) = came_too_early(&signals).map_err(watch)? {
        return Ok(End::Signal(number));
    }
    let news = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC).map_err(watch)?;
    child::tie(&mut command, mask);
    let mut child = command.spawn().map_err(Trouble::Start)?;
    let pid = Pid::from_raw(child.id() as i32);
    loop {
        // A blocking read gives one signal at least.
        let Some(info) = news.read_signal().map_err(watch)? else { continue };
        match Signal::try_from(info.ssi_signo as i32) {
            Ok(Signal::SIGCHLD) => {
                if let Some(end) = ended(&mut child).map_err(Trouble::Watch)? {
                    return Ok(end);
                }
                stop_as(pid).map_err(watch)?;
            }
            Ok(Signal::SIGCONT) if was_continued(pid).map_err(watch)? => {}
            Ok(signal) if !has_it_already(pid, signal, &info) => {
                // A program that has changed its user cannot be told; who sent it could not, either.
                _ = kill(pid, signal);
            }
            _ => {}
        }
    }
}

/// All that can be sent to a process and does not tell of a mistake in it.
fn signals() -> SigSet {
    use Signal::*;
    let own =
        [SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE];
    Signal::iterator().filter(|signal| !own.contains(signal)).collect()
}

/// The number of a signal that wants an end before the program was started.
fn came_too_early(signals: &SigSet) -> nix::Result<Option<i32>> {
    let pending = SignalFd::with_flags(signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    while let Some(info) = pending.read_signal()? {
        let number = info.ssi_signo as i32;
        if let libc::SIGHUP | libc::SIGINT | libc::SIGQUIT | libc::SIGTERM = number {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Whether the program has got a signal from where this process has it.
fn has_it_already(program: Pid, signal: Signal, info: &siginfo) -> bool {
    if info.ssi_pid == program.as_raw() as u32 {
        // It sent it itself.
        return true;
    }
    let is_terminals = info.ssi_code == libc::SI_KERNEL && getpgid(Some(program)) == Ok(getpgrp());
    // A terminal that hangs up tells only the session's leader.
    is_terminals && !(signal == Signal::SIGHUP && getsid(None) == Ok(getpid()))
}

/// Whether somebody else has continued the program since it stopped: a shell does so with all of a job.
fn was_continued(program: Pid) -> nix::Result<bool> {
    let look = WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG;
    Ok(matches!(waitid(Id::Pid(program), look)?, WaitStatus::Continued(_)))
}

/// How the program ended, if it has.
fn ended(child: &mut Child) -> io::Result<Option<End>> {
    let status = child.try_wait()?;
    // Without a signal there is a status, of eight bits.
    Ok(status.map(|status| match status.signal() {
        Some(number) => End::Signal(number),
        None => End::Exit(status.code().unwrap_or_default() as u8),
    }))
}

/// Stops this process if the program has stopped, until it is continued.
fn stop_as(program: Pid) -> nix::Result<()> {
    let look = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG;
    let WaitStatus::Stopped(_, signal) = waitid(Id::Pid(program), look)? else { return Ok(()) };
    raise(signal)?;
    let one = SigSet::from(signal);
    one.thread_unblock()?;
    // Stopped here.
    one.thread_block()
}
