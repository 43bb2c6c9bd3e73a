//! A signal of ours that is the program's affair.
#![allow(unsafe_code)]

use std::mem;
use std::ptr;

use libc::{c_int, c_void};

use super::kernel::{self, Set, bit, from_libc};
use super::{OURS, actions, mask};
use crate::trap::Context;

/// Does what the kernel would do with a signal if we were not there: the program's handler is called
/// as the program asked for it, or the process ends.
///
/// # Safety
/// The arguments are those of our handler, called from there, with no lock of ours held: the program's
/// handler may never return.
pub(crate) unsafe fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: as promised by the caller.
    let sent = unsafe { (*info).si_code } <= 0;
    if sent && mask::is_held(signal) {
        return mask::keep(signal);
    }
    let action = actions::take(signal).filter(|_| !mask::is_held(signal));
    match action.map_or(libc::SIG_DFL, |action| action.sa_sigaction) {
        libc::SIG_IGN if sent => (),
        libc::SIG_DFL | libc::SIG_IGN => {
            // SAFETY: as promised by the caller.
            unsafe { end(signal, info, sent) }
        }
        handler => {
            let Some(action) = action else { return };
            // SAFETY: as promised by the caller; the kernel's context is one.
            let context = unsafe { Context::new(context) };
            let during = blocked_during(&action, signal, context.mask());
            // Nothing can be done about a mask that the kernel refuses.
            _ = kernel::mask(libc::SIG_SETMASK, Some(during));
            // SAFETY: the program gave a function which takes these arguments, or the first of them.
            unsafe {
                if action.sa_flags & libc::SA_SIGINFO != 0 {
                    let handler = mem::transmute::<
                        usize,
                        extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void),
                    >(handler);
                    handler(signal, info, context.as_ptr().cast());
                } else {
                    mem::transmute::<usize, extern "C" fn(c_int)>(handler)(signal);
                }
            }
        }
    }
}

/// What is blocked while the program's handler runs. Its own signal is blocked as by the kernel, so
/// that a handler which faults ends the process; the other one of ours is not.
fn blocked_during(action: &libc::sigaction, signal: c_int, before: Set) -> Set {
    let own = if action.sa_flags & libc::SA_NODEFER == 0 { bit(signal) } else { 0 };
    before | from_libc(&action.sa_mask) & !OURS | own
}

/// Ends the process by the signal. A fault happens once more, where it happened; what somebody has
/// sent is sent again.
///
/// # Safety
/// `info` is that of a signal that this thread has received.
unsafe fn end(signal: c_int, info: *const libc::siginfo_t, sent: bool) {
    // SAFETY: plain numbers and an optional function, for which zeros are valid; the default action is
    // number 0.
    unsafe {
        let default: libc::sigaction = mem::zeroed();
        _ = kernel::sigaction(signal, &default, ptr::null_mut());
        if sent {
            kernel::send_again(signal, info);
        }
    }
}
