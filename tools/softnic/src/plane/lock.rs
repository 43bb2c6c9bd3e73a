//! Locks between processes: open file description locks of Linux (fcntl(2), `F_OFD_SETLK`).
//!
//! Each is on one byte of a file, far behind its content, and belongs to an open file. The kernel ends
//! it with the file, so with the process, however that ends. A child made by fork shares it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// First byte that stands for a lock, behind every file that can be.
const FIRST: i64 = 1 << 40;

/// Between two tries to lock. Who changes a port's state needs some microseconds.
const PAUSE: Duration = Duration::from_micros(50);

/// How a byte is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Together with others that want it like that.
    Shared,
    /// By one alone.
    Alone,
}

/// Locks a byte if that is possible at once, or changes how it is locked.
pub(super) fn try_lock(file: &File, byte: usize, how: How) -> io::Result<bool> {
    match fcntl(file, libc::F_OFD_SETLK, &mut request(byte, Some(how))) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EACCES)) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Locks a byte alone, and waits so long for that at most; whether it is locked. The kernel's own wait
/// has no end, and would last as long as another process is stopped.
pub(super) fn lock_within(file: &File, byte: usize, patience: Duration) -> io::Result<bool> {
    let begin = Instant::now();
    loop {
        if try_lock(file, byte, How::Alone)? {
            return Ok(true);
        }
        if begin.elapsed() >= patience {
            return Ok(false);
        }
        std::thread::sleep(PAUSE);
    }
}

/// Ends a lock. Nothing happens if there is none.
pub(super) fn unlock(file: &File, byte: usize) -> io::Result<()> {
    fcntl(file, libc::F_OFD_SETLK, &mut request(byte, None))
}

/// Whether another open file has locked the byte.
pub(super) fn is_locked_elsewhere(file: &File, byte: usize) -> io::Result<bool> {
    let mut request = request(byte, Some(How::Alone));
    fcntl(file, libc::F_OFD_GETLK, &mut request)?;
    Ok(i32::from(request.l_type) != libc::F_UNLCK)
}

fn request(byte: usize, how: Option<How>) -> libc::flock {
    let kind = match how {
        Some(How::Shared) => libc::F_RDLCK,
        Some(How::Alone) => libc::F_WRLCK,
        None => libc::F_UNLCK,
    };
    libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: FIRST + byte as i64,
        l_len: 1,
        l_pid: 0,
    }
}

fn fcntl(file: &File, command: libc::c_int, request: &mut libc::flock) -> io::Result<()> {
    // SAFETY: the descriptor is open, and these commands take a pointer to a `flock`, which outlives
    // the call.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, std::ptr::from_mut(request)) } {
        0.. => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
