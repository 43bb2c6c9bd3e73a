//! Registers whose access has effects, as memory: each access to their page faults, and the fault's
//! handler does what the instruction was to do, by way of the adapter.
//!
//! A plain load or store (`moves`) is done at once. Any other instruction runs as it is, but on a
//! copy of the register (`elsewhere`). Either way the device sees each access of the program exactly
//! once.
//!
//! Such a fault is a call in disguise: it happens where the program's own instruction asked for it. So
//! its handler may wait for the adapter's lock, as a call would. No other signal comes meanwhile.
#![allow(unsafe_code)]

mod context;
mod forks;
#[cfg(not(target_arch = "x86_64"))]
mod unknown;
#[cfg(target_arch = "x86_64")]
mod x86;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use libc::{c_int, c_void};

pub(crate) use context::Context;
#[cfg(test)]
pub(crate) use forks::in_tests as forks_in_tests;
pub use forks::{after_fork, after_fork_in_child, before_fork};
#[cfg(not(target_arch = "x86_64"))]
use unknown as processor;
#[cfg(target_arch = "x86_64")]
use x86 as processor;

pub(crate) use processor::CAN_TRAP;

use crate::maps;
use crate::signals;

/// si_code of a SIGSEGV: the page is there, and may not be accessed like this.
const FORBIDDEN: c_int = 2;

/// Our handler of SIGSEGV and SIGBUS.
pub(crate) extern "C" fn handler(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the C library's errno is there in each thread.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    let ours = catch_unwind(AssertUnwindSafe(|| {
        // What the adapter does for this access, such as a signal of an eventfd, is no call of the
        // program's.
        let _inside = crate::inside::Inside::stay();
        // SAFETY: these are a handler's arguments, and this is the handler.
        unsafe { is_ours(signal, info, context) }
    }));
    // SAFETY: as above.
    unsafe { errno.write(before) };
    if !ours.unwrap_or(false) {
        // SAFETY: as above, and no lock is held.
        unsafe { signals::pass_on(signal, info, context) };
    }
}

/// Makes what the handler needs, once. To be called with a lock held that a fork waits for: a child must
/// not find it half made.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(processor::prepare);
}

/// Deals with a fault that is ours.
///
/// # Safety
/// The arguments are those of a handler that has not returned.
unsafe fn is_ours(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) -> bool {
    // SAFETY: as the caller promised.
    let (mut context, code, address) =
        unsafe { (Context::new(context), (*info).si_code, (*info).si_addr().addr()) };
    if code <= 0 {
        return false;
    }
    if let Some(is_done) = processor::resume(&mut context) {
        return is_done;
    }
    let trapped = maps::trapped(address).filter(|_| signal == libc::SIGSEGV && code == FORBIDDEN);
    if let Some(mapped) = trapped {
        return processor::access(&mut context, address, &mapped);
    }
    maps::mend(signal, code, address)
}
