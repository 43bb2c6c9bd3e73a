//! What a signal has interrupted.
#![allow(unsafe_code)]

use std::ptr::NonNull;

use libc::c_void;

use crate::signals::Set;

/// A thread's registers, which it goes on with when the handler returns.
pub(crate) struct Context(NonNull<libc::ucontext_t>);

impl Context {
    /// # Safety
    /// It is the third argument of a signal handler, which does not return while this is there.
    pub(crate) unsafe fn new(context: *mut c_void) -> Context {
        // SAFETY: the kernel gives no null pointer.
        Context(unsafe { NonNull::new_unchecked(context.cast()) })
    }

    /// It, as the handler was given it: valid as long as this is there, and nobody refers to it.
    pub(crate) fn as_ptr(&self) -> *mut libc::ucontext_t {
        self.0.as_ptr()
    }

    /// The signals that the thread blocks.
    pub(crate) fn mask(&self) -> Set {
        // SAFETY: valid as promised to `new`. The kernel's frame has the first word of the set only.
        unsafe { (&raw const (*self.as_ptr()).uc_sigmask).cast::<Set>().read() }
    }
}
