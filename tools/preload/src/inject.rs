//! Calls that fail on demand: functions for programs that test themselves, declared in C as
//!
//! ```c
//! int barline_soft_fail(uint64_t nth, int error);
//! uint64_t barline_soft_calls(void);
//! const char *barline_soft_call(uint64_t number);
//! ```
//!
//! `BARLINE_SOFT_FAIL` does the same for programs as they are: see [`softvfio::inject`].
#![allow(unsafe_code)]

use std::ptr;

use libc::{c_char, c_int, c_uint};
use softvfio::inject::{self, Call, LARGEST};

use crate::ask::ask;
use crate::real::{real, set_errno};

real! {
    fn eventfd(c_uint, c_int) -> c_int;
}

/// Makes the `nth` of this process's calls on VFIO from now on fail with `error`, without being done: 1 is
/// the next one, 0 takes back what was asked for. Returns 0, or -1 with EINVAL for an error that is none
/// (1 to 4095; with 0 as `nth` any).
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_fail(nth: u64, error: c_int) -> c_int {
    if nth != 0 && !(1..=LARGEST).contains(&error) {
        set_errno(libc::EINVAL);
        return -1;
    }
    inject::process().fail(nth, error);
    0
}

/// How many calls on VFIO this process has made.
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_calls() -> u64 {
    inject::process().made()
}

/// The name of a call, from 1 on; null if it was not made, or is not among the first 65536.
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_call(number: u64) -> *const c_char {
    inject::process().call(number).map_or(ptr::null(), |call| call.c_name().as_ptr())
}

/// Counts that a descriptor of VFIO's was closed. Whether that shall be answered with an error, to which
/// errno is set then.
pub(crate) fn close_fails() -> bool {
    ask(|_| inject::process().refuses(Call::Close).map(Err::<(), _>)).is_some()
}

/// eventfd(2), which is none of VFIO's calls, but what it signals by.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn eventfd(initial: c_uint, flags: c_int) -> c_int {
    match ask(|_| inject::process().refuses(Call::EventFd).map(Err::<c_int, _>)) {
        Some(_) => -1,
        // SAFETY: the real function, with what was given.
        None => unsafe { real::eventfd()(initial, flags) },
    }
}
