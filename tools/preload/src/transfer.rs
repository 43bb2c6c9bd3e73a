//! Reading and writing the regions of a device.
//!
//! A device's file is at a place, which reading and writing move on and nothing else does: that of the
//! memory file that stands for it.
#![allow(unsafe_code)]

use libc::{c_int, c_void, iovec, off_t, size_t, ssize_t};
use softvfio::Errno;

use crate::ask::{Soft, ask};
use crate::real::real;

real! {
    fn read(c_int, *mut c_void, size_t) -> ssize_t;
    fn write(c_int, *const c_void, size_t) -> ssize_t;
    fn pread(c_int, *mut c_void, size_t, off_t) -> ssize_t;
    fn pwrite(c_int, *const c_void, size_t, off_t) -> ssize_t;
    fn readv(c_int, *const iovec, c_int) -> ssize_t;
    fn writev(c_int, *const iovec, c_int) -> ssize_t;
    fn preadv(c_int, *const iovec, c_int, off_t) -> ssize_t;
    fn pwritev(c_int, *const iovec, c_int, off_t) -> ssize_t;
    fn preadv2(c_int, *const iovec, c_int, off_t, c_int) -> ssize_t;
    fn pwritev2(c_int, *const iovec, c_int, off_t, c_int) -> ssize_t;
    fn __read_chk(c_int, *mut c_void, size_t, size_t) -> ssize_t;
    fn __pread_chk(c_int, *mut c_void, size_t, off_t, size_t) -> ssize_t;
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
    pieces: impl Iterator<Item = iovec>,
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
    match ask(|soft| unsafe { transfer(soft, way, fd, std::iter::once(piece), offset) }) {
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
    let answer = ask(|soft| {
        if !soft.vfio.is_ours(fd) {
            return None;
        }
        let Some(count) = usize::try_from(count).ok().filter(|count| *count <= 1024) else {
            return Some(Err(libc::EINVAL));
        };
        // SAFETY: the caller promises as many.
        let pieces = (0..count).map(|at| unsafe { pieces.add(at).read() });
        // SAFETY: as above.
        unsafe { transfer(soft, way, fd, pieces, offset) }
    });
    match answer {
        Some(Ok(done)) => done as ssize_t,
        Some(Err(_)) => -1,
        None => real(),
    }
}

/// read(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, buffer: *mut c_void, len: size_t) -> ssize_t {
    // SAFETY: as promised.
    unsafe { one(Way::Read, fd, buffer, len, None, || real::read()(fd, buffer, len)) }
}

/// write(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, buffer: *const c_void, len: size_t) -> ssize_t {
    // SAFETY: as promised.
    unsafe { one(Way::Write, fd, buffer.cast_mut(), len, None, || real::write()(fd, buffer, len)) }
}

/// pread(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        one(Way::Read, fd, buffer, len, Some(offset), || real::pread()(fd, buffer, len, offset))
    }
}

/// pread64(3).
///
/// # Safety
/// As for pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pread64(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { pread(fd, buffer, len, offset) }
}

/// pwrite(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite(
    fd: c_int,
    buffer: *const c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        one(Way::Write, fd, buffer.cast_mut(), len, Some(offset), || {
            real::pwrite()(fd, buffer, len, offset)
        })
    }
}

/// pwrite64(3).
///
/// # Safety
/// As for pwrite(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(
    fd: c_int,
    buffer: *const c_void,
    len: size_t,
    offset: off_t,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { pwrite(fd, buffer, len, offset) }
}

/// readv(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readv(fd: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as promised.
    unsafe { many(Way::Read, fd, pieces, count, None, || real::readv()(fd, pieces, count)) }
}

/// writev(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writev(fd: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
    // SAFETY: as promised.
    unsafe { many(Way::Write, fd, pieces, count, None, || real::writev()(fd, pieces, count)) }
}

/// preadv(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn preadv(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        many(Way::Read, fd, pieces, count, Some(offset), || {
            real::preadv()(fd, pieces, count, offset)
        })
    }
}

/// preadv64(3).
///
/// # Safety
/// As for preadv(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn preadv64(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { preadv(fd, pieces, count, offset) }
}

/// pwritev(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        many(Way::Write, fd, pieces, count, Some(offset), || {
            real::pwritev()(fd, pieces, count, offset)
        })
    }
}

/// pwritev64(3).
///
/// # Safety
/// As for pwritev(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev64(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { pwritev(fd, pieces, count, offset) }
}

/// preadv2(2), which without an offset (-1) is `readv`.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn preadv2(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> ssize_t {
    let at = (offset != -1).then_some(offset);
    // SAFETY: as promised.
    unsafe {
        many(Way::Read, fd, pieces, count, at, || real::preadv2()(fd, pieces, count, offset, flags))
    }
}

/// preadv64v2(3).
///
/// # Safety
/// As for preadv2(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn preadv64v2(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { preadv2(fd, pieces, count, offset, flags) }
}

/// pwritev2(2), which without an offset (-1) is `writev`.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev2(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> ssize_t {
    let at = (offset != -1).then_some(offset);
    // SAFETY: as promised.
    unsafe {
        many(Way::Write, fd, pieces, count, at, || {
            real::pwritev2()(fd, pieces, count, offset, flags)
        })
    }
}

/// pwritev64v2(3).
///
/// # Safety
/// As for pwritev2(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwritev64v2(
    fd: c_int,
    pieces: *const iovec,
    count: c_int,
    offset: off_t,
    flags: c_int,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { pwritev2(fd, pieces, count, offset, flags) }
}

/// read(2) as `_FORTIFY_SOURCE` makes it. The real one ends the program if the buffer is too short.
///
/// # Safety
/// As for read(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __read_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        if len > room {
            return real::__read_chk()(fd, buffer, len, room);
        }
        read(fd, buffer, len)
    }
}

/// As [`__read_chk`].
///
/// # Safety
/// As for pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __pread_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: as promised.
    unsafe {
        if len > room {
            return real::__pread_chk()(fd, buffer, len, offset, room);
        }
        pread(fd, buffer, len, offset)
    }
}

/// As [`__read_chk`].
///
/// # Safety
/// As for pread(2).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __pread64_chk(
    fd: c_int,
    buffer: *mut c_void,
    len: size_t,
    offset: off_t,
    room: size_t,
) -> ssize_t {
    // SAFETY: the same function under another name.
    unsafe { __pread_chk(fd, buffer, len, offset, room) }
}
