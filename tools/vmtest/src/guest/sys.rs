//! The system calls that the standard library does not offer, each behind a safe function.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use vmtest::{Context, Result};

/// Mounts `kind` on `target`, which is created if need be.
pub fn mount(kind: &str, target: &str, options: &str) -> Result {
    std::fs::create_dir_all(target).context(target)?;
    let (kind_c, target_c) = (CString::new(kind)?, CString::new(target)?);
    let options = CString::new(options)?;
    // SAFETY: all pointers are to NUL-terminated strings that outlive the call.
    let result = unsafe {
        libc::mount(kind_c.as_ptr(), target_c.as_ptr(), kind_c.as_ptr(), 0, options.as_ptr().cast())
    };
    check(result).context(format_args!("mount {kind} on {target}"))
}

/// Switches the machine off.
pub fn power_off() -> ! {
    // SAFETY: RB_POWER_OFF takes no further argument; only process 1 calls this.
    unsafe { libc::reboot(libc::RB_POWER_OFF) };
    // Without ACPI the call returns, and process 1 must not: the runner's limit ends this.
    loop {
        std::thread::park();
    }
}

/// Puts a terminal into raw mode, so that bytes pass as they are.
pub fn make_raw(terminal: &File) -> Result {
    // SAFETY: termios is a plain C struct for which all zeros is a value.
    let mut settings: libc::termios = unsafe { std::mem::zeroed() };
    let fd = terminal.as_raw_fd();
    // SAFETY: the descriptor is open and the struct is valid for writes.
    check(unsafe { libc::tcgetattr(fd, &mut settings) }).context("tcgetattr")?;
    // SAFETY: the struct is valid for reads and writes.
    unsafe { libc::cfmakeraw(&mut settings) };
    // SAFETY: the descriptor is open and the struct was filled above.
    check(unsafe { libc::tcsetattr(fd, libc::TCSANOW, &settings) }).context("tcsetattr")
}

/// A pseudo terminal: its master and its slave.
pub fn open_pty() -> Result<(File, File)> {
    let (mut master, mut slave) = (-1, -1);
    let (name, settings, size) = (std::ptr::null_mut(), std::ptr::null(), std::ptr::null());
    // SAFETY: the two integers are valid for writes, and null is allowed for all the others.
    check(unsafe { libc::openpty(&mut master, &mut slave, name, settings, size) })
        .context("openpty")?;
    for fd in [master, slave] {
        // SAFETY: openpty has just opened the descriptor.
        check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).context("fcntl")?;
    }
    // SAFETY: openpty succeeded, so both are open and nobody else owns them.
    Ok(unsafe { (File::from_raw_fd(master), File::from_raw_fd(slave)) })
}

/// Waits for any child to end: its process id and wait status, or `None` when there is no child.
pub fn wait_any() -> Option<(u32, i32)> {
    loop {
        let mut status = 0;
        // SAFETY: the integer is valid for writes.
        let pid = unsafe { libc::waitpid(-1, &mut status, 0) };
        if pid > 0 {
            return Some((pid as u32, status));
        }
        if io::Error::last_os_error().raw_os_error() != Some(libc::EINTR) {
            return None;
        }
    }
}

/// Sends a signal to a process.
pub fn kill(pid: u32, signal: i32) -> Result {
    // SAFETY: no memory is involved.
    check(unsafe { libc::kill(pid as i32, signal) }).context(format_args!("kill {pid}"))
}

/// Moves the calling thread into a network namespace.
pub fn enter_netns(namespace: &OwnedFd) -> Result {
    // SAFETY: the descriptor is open; only the calling thread is moved.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }).context("setns")
}

/// Lets the programs of this process have any limit on locked memory that they ask for; their
/// default stays.
pub fn allow_any_memlock() -> Result {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes one struct.
    check(unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &mut limit) }).context("getrlimit")?;
    limit.rlim_max = libc::RLIM_INFINITY;
    // SAFETY: reads one struct.
    check(unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &limit) }).context("setrlimit")
}

/// Lets a program lock so many bytes of memory and no more.
pub fn limit_memlock(command: &mut Command, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    // SAFETY: between fork and exec the closure makes one system call on memory of its own.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_MEMLOCK, &limit) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

/// Makes a program the leader of a session whose terminal is its standard input.
pub fn lead_session(command: &mut Command) {
    // SAFETY: between fork and exec the closure makes two system calls that touch no memory.
    unsafe {
        command.pre_exec(|| {
            if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(())
        });
    }
}

fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
