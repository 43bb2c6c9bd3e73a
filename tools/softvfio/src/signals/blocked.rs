//! Code that no signal handler of the program interrupts.

use std::marker::PhantomData;

use super::OURS;
use super::kernel::{self, Set};

/// While this is there, its thread takes no signals but SIGSEGV and SIGBUS. What takes a lock does it
/// under this: a signal handler of the program's that ran meanwhile, and came here again, would wait
/// for its own thread. So does whoever makes the thread that moves an adapter, which inherits the
/// mask.
#[derive(Debug)]
pub struct Blocked {
    before: Option<Set>,
    /// A mask is a thread's own.
    thread: PhantomData<*const ()>,
}

impl Blocked {
    /// Blocks them until it is dropped.
    pub fn but_faults() -> Blocked {
        Blocked { before: kernel::mask(libc::SIG_BLOCK, Some(!OURS)).ok(), thread: PhantomData }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            // It cannot fail where blocking them did not.
            _ = kernel::mask(libc::SIG_SETMASK, Some(before));
        }
    }
}
