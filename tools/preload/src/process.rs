//! Processes and threads: what children and threads have of a run.
#![allow(unsafe_code)]

use libc::{c_int, c_void, pthread_attr_t, pthread_t};
use softvfio::inside::Inside;
use softvfio::{signals, trap};

use crate::ask::tell;
use crate::real::real;

/// What a thread begins with.
type Start = extern "C" fn(*mut c_void) -> *mut c_void;

real! {
    fn pthread_create(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;
}

/// Called when the library is loaded into a program of a run.
pub(crate) fn loaded() {
    extern "C" fn child() {
        trap::after_fork_in_child();
        tell(|soft| soft.vfio.forked_child());
    }
    // Threads that block SIGSEGV before it is ours would not survive their first access to a register. Where
    // it fails, mapping registers fails, too, and says so.
    _ = signals::install();
    // SAFETY: functions that are there as long as this library, which is never unloaded. A failure (no
    // memory) leaves children with what is their parent's.
    _ = unsafe {
        libc::pthread_atfork(Some(trap::before_fork), Some(trap::after_fork), Some(child))
    };
}

/// What a thread of ours begins with, and the argument of that.
struct Begin {
    start: Start,
    argument: *mut c_void,
}

extern "C" fn begin(argument: *mut c_void) -> *mut c_void {
    // SAFETY: `pthread_create` below gave it to this thread alone.
    let begin = unsafe { Box::from_raw(argument.cast::<Begin>()) };
    Inside::forever();
    let Begin { start, argument } = *begin;
    start(argument)
}

/// pthread_create(3). A thread that is made inside this library is the adapter's, and no call that it
/// makes is one of the program's.
///
/// # Safety
/// As for the function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let real = real::pthread_create();
    if !Inside::is() {
        // SAFETY: as promised.
        return unsafe { real(thread, attributes, start, argument) };
    }
    let ours = Box::into_raw(Box::new(Begin { start, argument }));
    // SAFETY: as promised, of a function that calls the one that was given.
    let failed = unsafe { real(thread, attributes, begin, ours.cast()) };
    if failed != 0 {
        // SAFETY: there is no thread that has it.
        drop(unsafe { Box::from_raw(ours) });
    }
    failed
}
