//! The system calls that the standard library does not offer, each behind a safe function.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use vmtest::{Context, Result};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Makes Ctrl-C and a polite kill set a flag instead of ending the process.
pub fn catch_interrupts() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler does nothing but store to an atomic, which is async-signal-safe.
        unsafe { libc::signal(signal, note as *const () as libc::sighandler_t) };
    }
}

/// Whether the flag is set.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Makes a child die with the thread that starts it.
pub fn die_together(command: &mut Command) {
    // SAFETY: between fork and exec the closure makes one system call that touches no memory.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

/// Makes a child die with the thread that starts it, keeps the terminal's Ctrl-C from it (the
/// runner decides), and lets it inherit these descriptors.
pub fn tie(command: &mut Command, inherited: Vec<i32>) {
    let parent = std::process::id();
    // SAFETY: between fork and exec the closure only makes system calls and reads memory that was
    // allocated before.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) < 0 || libc::setpgid(0, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            // The parent may have died before the request above: nobody would send the signal.
            if libc::getppid() as u32 != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            for &fd in &inherited {
                if libc::fcntl(fd, libc::F_SETFD, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
}

/// Whether this process is root.
pub fn is_root() -> bool {
    // SAFETY: geteuid has no preconditions and cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// The terminal on standard input in raw mode, until this value is dropped.
pub struct RawTerminal(libc::termios);

impl RawTerminal {
    /// Switches to raw mode; fails when standard input is no terminal.
    pub fn enter() -> Result<Self> {
        // SAFETY: termios is a plain C struct for which all zeros is a value.
        let mut before: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the struct is valid for writes.
        if unsafe { libc::tcgetattr(0, &mut before) } < 0 {
            Err(io::Error::last_os_error()).context("standard input is no terminal")?;
        }
        let mut raw = before;
        // SAFETY: the struct is valid for reads and writes.
        unsafe { libc::cfmakeraw(&mut raw) };
        // SAFETY: the struct is filled.
        if unsafe { libc::tcsetattr(0, libc::TCSANOW, &raw) } < 0 {
            Err(io::Error::last_os_error()).context("raw mode")?;
        }
        Ok(Self(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // SAFETY: the struct is what tcgetattr has filled.
        unsafe { libc::tcsetattr(0, libc::TCSANOW, &self.0) };
    }
}

/// Rows and columns of the terminal on standard input.
pub fn terminal_size() -> (u16, u16) {
    // SAFETY: winsize is a plain C struct for which all zeros is a value.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: TIOCGWINSZ writes one winsize, and the struct is valid for writes.
    let result = unsafe { libc::ioctl(0, libc::TIOCGWINSZ, &mut size) };
    if result < 0 || size.ws_row == 0 { (24, 80) } else { (size.ws_row, size.ws_col) }
}
