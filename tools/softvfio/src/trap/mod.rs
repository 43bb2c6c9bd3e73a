//! Registers whose access has effects, as memory: each access to their page faults, and the fault's
//! handler does what the instruction was to do, by way of the adapter.
//!
//! A plain load or store ([`moves`]) is done at once. Any other instruction runs as it is, but on a
//! copy of the register ([`elsewhere`]). Either way the device sees each access of the program exactly
//! once.
//!
//! Such a fault is a call in disguise: it happens where the program's own instruction asked for it. So
//! its handler may wait for the adapter's lock, as a call would. No other signal comes meanwhile.
#![allow(unsafe_code)]

#[cfg(not(target_arch = "x86_64"))]
compile_error!(
    "softvfio traps accesses to registers by decoding x86-64 instructions, and knows no others: build \
     barline without its preload library on this processor"
);

mod context;
mod elsewhere;
mod forks;
mod instruction;
mod moves;
mod slots;
mod stack;
#[cfg(test)]
mod tests;
mod window;

use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::{c_int, c_void};

pub(crate) use context::Context;
pub use forks::{after_fork, after_fork_in_child, before_fork};
use instruction::Trapped;

use crate::maps;
use crate::say;
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

/// Prepares what the handler needs, so that it need not be made there.
pub(crate) fn prepare() {
    instruction::prepare();
    crate::trace::on();
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
    if let Some(slot) = slots::of(context.rip()) {
        if slot.is_done(context.rip()) {
            elsewhere::finish(slot, &mut context);
            return true;
        }
        // What faults there is the instruction's other operand, which is the program's.
        elsewhere::abandon(slot, &mut context);
        return false;
    }
    let trapped = maps::trapped(address).filter(|_| signal == libc::SIGSEGV && code == FORBIDDEN);
    if let Some(mapped) = trapped {
        // The program's own fault, if it has mapped them for something else.
        return window::allows(mapped.protection, context.is_write())
            && stack::on_its_own(&mut context, |context| access(context, address));
    }
    maps::mend(signal, code, address)
}

/// Does what an instruction was to do.
fn access(context: &mut Context, address: usize) -> bool {
    let Some(trapped) = Trapped::at(context, address) else { return false };
    if moves::run(&trapped, context) || elsewhere::start(&trapped, context) {
        return true;
    }
    say(format_args!(
        "the instruction at {:#x} ({:02x?}) accesses registers at {address:#x} in a way that is not \
         supported: it ends as on memory that is not there",
        context.rip(),
        trapped.bytes()
    ));
    false
}
