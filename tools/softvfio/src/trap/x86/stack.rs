//! On which stack a trapped access is dealt with.
#![allow(unsafe_code)]

use std::arch::asm;

use crate::trap::Context;

/// Bytes below the stack pointer that a function may use without moving it (System V ABI, 3.2.2).
const RED_ZONE: usize = 128;

/// Does something on the stack of the thread that was interrupted, as a call would. A handler runs on
/// the thread's alternate stack, if it has one, and that may be small.
pub(super) fn on_its_own(context: &mut Context, mut act: impl FnMut(&mut Context) -> bool) -> bool {
    let here = (&raw const *context).addr();
    let there = context.rsp() as usize;
    let on_alternate = |address: usize| {
        let stack = context.alternate_stack();
        stack.is_some_and(|(start, len)| address.wrapping_sub(start) < len)
    };
    if !on_alternate(here) || on_alternate(there) {
        return act(context);
    }
    let mut result = false;
    let mut whole = || result = act(context);
    let mut inner: &mut dyn FnMut() = &mut whole;
    // SAFETY: the thread is in a signal handler, so what is below its stack pointer and red zone is
    // used by nobody. If there is no room the thread ends by SIGSEGV, as by any call.
    unsafe { call_at((there - RED_ZONE) & !15, &mut inner) };
    result
}

/// Calls something on another stack.
///
/// # Safety
/// `top` is the end of an unused stack of this thread, a multiple of 16. The call does not unwind.
unsafe fn call_at(top: usize, act: &mut &mut dyn FnMut()) {
    extern "C" fn call(act: &mut &mut dyn FnMut()) {
        act();
    }
    // SAFETY: the function takes one argument in rdi and keeps r12, by its ABI; everything else that it
    // changes is said.
    unsafe {
        asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {call}",
            "mov rsp, r12",
            top = in(reg) top,
            call = sym call,
            in("rdi") act,
            out("r12") _,
            clobber_abi("C"),
        );
    }
}
