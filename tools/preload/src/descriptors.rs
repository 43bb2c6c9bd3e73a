//! Descriptors: closing them, and what is asked of them by `ioctl`.
//!
//! `ioctl` is declared as [`open`](crate::open) is, for the same reason. Its third argument is an integer
//! or a pointer, or is not there, and then nobody looks at it.
#![allow(unsafe_code)]

use libc::{c_int, c_uint, c_ulong, c_void, off_t};
use softvfio::inside::Inside;
use softvfio::private;

use crate::ask::{ask, tell};
use crate::inject::close_fails;
use crate::real::{alias, real, set_errno};

real! {
    fn ioctl(c_int, c_ulong; ...) -> c_int;
    fn close(c_int) -> c_int;
    fn dup2(c_int, c_int) -> c_int;
    fn dup3(c_int, c_int, c_int) -> c_int;
    fn close_range(c_uint, c_uint, c_int) -> c_int;
    fn lseek(c_int, off_t, c_int) -> off_t;
    fn ftruncate(c_int, off_t) -> c_int;
}

/// ioctl(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int {
    // SAFETY: the program gives what the request asks for.
    match ask(|soft| unsafe { soft.vfio.ioctl(fd, request, argument) }) {
        Some(Ok(result)) => result,
        Some(Err(_)) => -1,
        // SAFETY: as promised.
        None => unsafe { real::ioctl()(fd, request, argument) },
    }
}

/// Makes a call that ends descriptor `fd`. One that the program does not know of is not there for it:
/// `hidden` is the error then. Says with the call's result whether the descriptor was of VFIO's.
fn ending(fd: c_int, hidden: c_int, end: impl FnOnce() -> c_int) -> (c_int, bool) {
    let mut ours = false;
    let refused = ask(|soft| {
        ours = soft.vfio.is_ours(fd);
        soft.vfio.is_private(fd).then_some(Err::<(), _>(hidden))
    });
    if refused.is_some() {
        return (-1, false);
    }
    let done = end();
    if ours {
        tell(|soft| soft.vfio.closed());
    }
    (done, ours)
}

/// close(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    if Inside::is() {
        private::forget(fd);
    }
    // SAFETY: as promised.
    let (done, ours) = ending(fd, libc::EBADF, || unsafe { real::close()(fd) });
    // It is closed whatever the answer, as with Linux.
    if ours && done == 0 && close_fails() { -1 } else { done }
}

/// dup2(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dup2(old: c_int, new: c_int) -> c_int {
    // A number that is taken between the program's look and its call: the kernel says so, too.
    // SAFETY: as promised.
    ending(new, libc::EBUSY, || unsafe { real::dup2()(old, new) }).0
}

/// dup3(2).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dup3(old: c_int, new: c_int, flags: c_int) -> c_int {
    // SAFETY: as promised.
    ending(new, libc::EBUSY, || unsafe { real::dup3()(old, new, flags) }).0
}

/// close_range(2). Descriptors that the program does not know of stay.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
    let real = real::close_range();
    let mut begin = first;
    if flags & libc::CLOSE_RANGE_CLOEXEC as c_int == 0 {
        let next = |from: c_uint| private::next(c_int::try_from(from).ok()?);
        while let Some(private) = next(begin).map(|fd| fd as c_uint).filter(|fd| *fd <= last) {
            // SAFETY: as promised, of a part of the range.
            if private > begin && unsafe { real(begin, private - 1, flags) } != 0 {
                return -1;
            }
            if private == last {
                tell(|soft| soft.vfio.closed());
                return 0;
            }
            begin = private + 1;
        }
    }
    // SAFETY: as above.
    let done = unsafe { real(begin, last, flags) };
    tell(|soft| soft.vfio.closed());
    done
}

/// closefrom(3).
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn closefrom(first: c_int) {
    // SAFETY: as promised. It has no way to tell of a failure.
    unsafe { close_range(first.max(0) as c_uint, c_uint::MAX, 0) };
}

/// lseek(2). VFIO's files have no place to be at that a program could set.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lseek(fd: c_int, offset: off_t, whence: c_int) -> off_t {
    if ask(|soft| soft.vfio.is_ours(fd).then_some(Ok(()))).is_some() {
        set_errno(libc::ESPIPE);
        return -1;
    }
    // SAFETY: as promised.
    unsafe { real::lseek()(fd, offset, whence) }
}

alias! {
    /// lseek64(3).
    fn lseek64(fd: c_int, offset: off_t, whence: c_int) -> off_t = lseek;
}

/// ftruncate(2). The length of VFIO's files is no program's to set.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate(fd: c_int, len: off_t) -> c_int {
    if ask(|soft| soft.vfio.is_ours(fd).then_some(Ok(()))).is_some() {
        set_errno(libc::EINVAL);
        return -1;
    }
    // SAFETY: as promised.
    unsafe { real::ftruncate()(fd, len) }
}

alias! {
    /// ftruncate64(3).
    fn ftruncate64(fd: c_int, len: off_t) -> c_int = ftruncate;
}
