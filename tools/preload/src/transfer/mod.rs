//! Reading and writing the regions of a device.
//!
//! A device's file is at a place, which reading and writing move on and nothing else does: that of the
//! memory file that stands for it.
#![allow(unsafe_code)]

mod single;
mod vectored;

use libc::{c_int, c_void, iovec, off_t, size_t, ssize_t};
use softvfio::Errno;

use crate::ask::{Soft, ask_device};
use crate::real::real;

real! {
    fn lseek(c_int, off_t, c_int) -> off_t;
}

/// Which way bytes go.
#[derive(Clone, Copy)]
enum Way {
    Read,
    Write,
}

/// Moves bytes between the program and a device, one piece after the other, as the kernel does for files
/// that know single pieces only. `None`: the descriptor is none of VFIO's.
///
/// # Safety
/// The pieces are the program's to be read or written to.
unsafe fn transfer(
    soft: &Soft,
    way: Way,
    fd: c_int,
    pieces: &[iovec],
    offset: Option<off_t>,
) -> Option<Result<usize, Errno>> {
    if !soft.vfio.is_ours(fd) {
        return None;
    }
    let start = match offset {
        Some(offset) if offset < 0 => return Some(Err(libc::EINVAL)),
        Some(offset) => offset,
        // SAFETY: a memory file of ours; this asks where it is.
        None => unsafe { real::lseek()(fd, 0, libc::SEEK_CUR) },
    };
    let mut done = 0;
    for piece in pieces {
        let at = start.wrapping_add(done as off_t);
        let (base, len) = (piece.iov_base.cast::<u8>(), piece.iov_len);
        // SAFETY: promised by the caller.
        let moved = unsafe {
            match way {
                Way::Read => soft.vfio.read_at(fd, base, len, at),
                Way::Write => soft.vfio.write_at(fd, base, len, at),
            }
        };
        match moved {
            Some(Ok(moved)) => {
                done += moved;
                if moved < len {
                    break;
                }
            }
            Some(Err(_)) if done > 0 => break,
            Some(Err(errno)) => return Some(Err(errno)),
            // A container or a group, which have nothing to read (Linux `ksys_read`).
            None => return Some(Err(libc::EINVAL)),
        }
    }
    if offset.is_none() {
        // SAFETY: as above; this moves on.
        unsafe { real::lseek()(fd, start + done as off_t, libc::SEEK_SET) };
    }
    Some(Ok(done))
}

/// Moves one piece, or leaves it to the real function.
unsafe fn one(
    way: Way,
    fd: c_int,
    base: *mut c_void,
    len: size_t,
    offset: Option<off_t>,
    real: impl FnOnce() -> ssize_t,
) -> ssize_t {
    let piece = iovec { iov_base: base, iov_len: len };
    // SAFETY: promised by the caller.
    match ask_device(|soft| unsafe { transfer(soft, way, fd, &[piece], offset) }) {
        Some(Ok(done)) => done as ssize_t,
        Some(Err(_)) => -1,
        None => real(),
    }
}

/// Moves several pieces, or leaves them to the real function.
unsafe fn many(
    way: Way,
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: Option<off_t>,
    real: impl FnOnce() -> ssize_t,
) -> ssize_t {
    let answer = ask_device(|soft| {
        if !soft.vfio.is_ours(fd) {
            return None;
        }
        // SAFETY: promised by the caller.
        unsafe {
            match soft.vfio.pieces(pieces, count) {
                Ok(pieces) => transfer(soft, way, fd, &pieces, offset),
                Err(errno) => Some(Err(errno)),
            }
        }
    });
    match answer {
        Some(Ok(done)) => done as ssize_t,
        Some(Err(_)) => -1,
        None => real(),
    }
}
