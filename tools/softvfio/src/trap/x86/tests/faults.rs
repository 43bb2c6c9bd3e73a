//! Faults that are the program's own, and what it does about them. Each test is a process of its own:
//! a handler is the whole process's.

use std::io;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{c_int, c_void};
use softnic::BAR_LEN;
use testkit::in_child;

use super::device::{Bar, Device};
use crate::signals;
use crate::trap;

/// What the program's handler was told: how often it was called, the last address.
static CALLS: AtomicUsize = AtomicUsize::new(0);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);

/// A register that keeps what is written.
const KEPT: usize = 0x200;

fn child(test: impl FnOnce()) {
    trap::forks_in_tests();
    assert!(in_child(|| {
        test();
        true
    }));
}

/// Does something in a child, which that ends by a signal.
fn dies(test: impl FnOnce()) -> c_int {
    trap::forks_in_tests();
    // SAFETY: the child ends without running anything of its parent's.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "{}", io::Error::last_os_error());
    if pid == 0 {
        // SAFETY: no core file, and an end in any case.
        unsafe {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &none);
            libc::alarm(10);
        }
        _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(test));
        // SAFETY: as above.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: writes the status of a child of ours.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 }
}

/// A handler of the program's, which goes on after the load of two bytes that faulted.
extern "C" fn skip(_: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    // SAFETY: the arguments of a handler.
    unsafe {
        ADDRESS.store((*info).si_addr().addr(), Ordering::Relaxed);
        let context = context.cast::<libc::ucontext_t>();
        (*context).uc_mcontext.gregs[libc::REG_RIP as usize] += 2;
    }
}

/// Sets up a handler by way of what stands in for sigaction; returns the one before.
fn handle(signal: c_int, handler: usize, flags: c_int) -> libc::sigaction {
    // SAFETY: numbers, for which zeros are valid.
    let (mut new, mut old): (libc::sigaction, libc::sigaction) = unsafe { mem::zeroed() };
    new.sa_sigaction = handler;
    new.sa_flags = flags;
    // SAFETY: both are valid, and the handler is what the flags say.
    let done = unsafe { signals::sigaction(signal, &new, &mut old) };
    assert_eq!(done, Some(Ok(())));
    old
}

/// Changes the mask by way of what stands in for pthread_sigmask; returns whether SIGSEGV was blocked.
fn mask(how: c_int, signals: &[c_int]) -> bool {
    // SAFETY: sets, for which zeros are valid.
    let (mut new, mut old): (libc::sigset_t, libc::sigset_t) = unsafe { mem::zeroed() };
    // SAFETY: the sets are valid.
    unsafe {
        signals.iter().for_each(|signal| _ = libc::sigaddset(&mut new, *signal));
        assert_eq!(signals::mask(how, &new, &mut old), Some(Ok(())));
        libc::sigismember(&old, libc::SIGSEGV) == 1
    }
}

/// Loads four bytes by an instruction of two bytes: mov eax, [rcx].
fn load(address: usize) -> u32 {
    let value;
    // SAFETY: a load, or a fault that somebody deals with.
    unsafe { std::arch::asm!("mov eax, [rcx]", in("rcx") address, out("eax") value) };
    value
}

fn registers() -> Bar {
    let mut bytes = [0; BAR_LEN];
    bytes[KEPT] = 42;
    Bar::new(&Device::new(&bytes))
}

#[test]
fn the_programs_handler_gets_its_own_faults_only() {
    child(|| {
        let bar = registers();
        let before = handle(libc::SIGSEGV, skip as *const () as usize, libc::SA_SIGINFO);
        // The standard library's, for stacks that overflow.
        assert_ne!(before.sa_sigaction, trap::handler as *const () as usize);
        assert_eq!(load(bar.at + KEPT), 42);
        assert_eq!(CALLS.load(Ordering::Relaxed), 0);
        load(0x18);
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
        assert_eq!(ADDRESS.load(Ordering::Relaxed), 0x18);
        assert_eq!(load(bar.at + KEPT), 42);
        let ours = handle(libc::SIGSEGV, libc::SIG_DFL, 0);
        assert_eq!(ours.sa_sigaction, skip as *const () as usize);
    });
}

#[test]
fn a_handler_for_one_time_is_called_once() {
    let signal = dies(|| {
        let _bar = registers();
        handle(libc::SIGSEGV, skip as *const () as usize, libc::SA_SIGINFO | libc::SA_RESETHAND);
        load(0x18);
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
        load(0x18);
    });
    assert_eq!(signal, libc::SIGSEGV);
}

#[test]
fn a_fault_within_the_handler_ends_the_process() {
    extern "C" fn fault(_: c_int) {
        CALLS.fetch_add(1, Ordering::Relaxed);
        load(0x18);
        // SAFETY: ends the process, with what must not come.
        unsafe { libc::_exit(3) };
    }
    let signal = dies(|| {
        let _bar = registers();
        handle(libc::SIGSEGV, fault as *const () as usize, 0);
        load(0x18);
    });
    assert_eq!(signal, libc::SIGSEGV);
}

#[test]
fn registers_are_reached_while_sigsegv_is_blocked() {
    child(|| {
        let bar = registers();
        assert!(!mask(libc::SIG_BLOCK, &[libc::SIGSEGV, libc::SIGUSR1]));
        assert!(mask(libc::SIG_BLOCK, &[]));
        assert_eq!(load(bar.at + KEPT), 42);
        // Sent by somebody, it waits.
        handle(libc::SIGSEGV, count as *const () as usize, 0);
        // SAFETY: a thread may send itself signals.
        unsafe { libc::raise(libc::SIGSEGV) };
        assert_eq!(CALLS.load(Ordering::Relaxed), 0);
        assert!(mask(libc::SIG_UNBLOCK, &[libc::SIGSEGV]));
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
        assert!(!mask(libc::SIG_SETMASK, &[]));
    });
}

extern "C" fn count(_: c_int) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_fault_while_sigsegv_is_blocked_ends_the_process() {
    let signal = dies(|| {
        let _bar = registers();
        handle(libc::SIGSEGV, skip as *const () as usize, libc::SA_SIGINFO);
        mask(libc::SIG_SETMASK, &[libc::SIGSEGV]);
        load(0x18);
    });
    assert_eq!(signal, libc::SIGSEGV);
}

#[test]
fn signals_that_are_sent_do_what_they_did() {
    for (handler, expected) in [(libc::SIG_DFL, libc::SIGSEGV), (libc::SIG_IGN, 0)] {
        let signal = dies(|| {
            let _bar = registers();
            handle(libc::SIGSEGV, handler, 0);
            // SAFETY: a thread may send itself signals.
            unsafe { libc::raise(libc::SIGSEGV) };
        });
        assert_eq!(signal, expected);
    }
    // A fault cannot be ignored.
    let signal = dies(|| {
        let _bar = registers();
        handle(libc::SIGSEGV, libc::SIG_IGN, 0);
        load(0x18);
    });
    assert_eq!(signal, libc::SIGSEGV);
}

#[test]
fn handlers_of_other_signals_reach_registers() {
    static BAR: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn read(_: c_int) {
        CALLS.fetch_add(load(BAR.load(Ordering::Relaxed) + KEPT) as usize, Ordering::Relaxed);
    }
    child(|| {
        let bar = registers();
        BAR.store(bar.at, Ordering::Relaxed);
        // SAFETY: an action and a set, for which zeros are valid.
        let (mut new, mut old): (libc::sigaction, libc::sigaction) = unsafe { mem::zeroed() };
        new.sa_sigaction = read as *const () as usize;
        // SAFETY: all are valid.
        unsafe {
            libc::sigfillset(&mut new.sa_mask);
            assert_eq!(signals::sigaction(libc::SIGUSR1, &new, ptr::null_mut()), Some(Ok(())));
            libc::raise(libc::SIGUSR1);
            assert_eq!(signals::sigaction(libc::SIGUSR1, ptr::null(), &mut old), Some(Ok(())));
            assert_eq!(libc::sigismember(&old.sa_mask, libc::SIGSEGV), 1);
        }
        assert_eq!(CALLS.load(Ordering::Relaxed), 42);
        // SAFETY: pointers that are null or valid.
        let none = unsafe { signals::sigaction(65, ptr::null(), &mut old) };
        assert_eq!(none, Some(Err(libc::EINVAL)));
    });
}

#[test]
fn what_a_mapping_does_not_allow_is_the_programs_fault() {
    child(|| {
        let device = Device::new(&[7; BAR_LEN]);
        let bar = Bar::mapped(&device, 0, libc::PROT_READ);
        handle(libc::SIGSEGV, skip as *const () as usize, libc::SA_SIGINFO);
        assert_eq!(load(bar.at + KEPT), 0x0707_0707);
        // mov [rcx], eax; or [rcx], eax: two bytes each.
        let address = bar.at + KEPT;
        // SAFETY: the handler goes on after each.
        unsafe {
            std::arch::asm!("mov [rcx], eax", "or [rcx], eax", in("rcx") address, in("eax") 0);
        }
        assert_eq!(CALLS.load(Ordering::Relaxed), 2);
        assert_eq!(device.accesses(), [(KEPT, None)]);
        // Half in the BAR, half before it.
        load(bar.at - 2);
        assert_eq!(CALLS.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn an_instruction_whose_other_operand_faults_has_not_run() {
    child(|| {
        let bar = registers();
        handle(libc::SIGSEGV, skip as *const () as usize, libc::SA_SIGINFO);
        // movsd, of one byte: the handler skips the nop, too.
        let (mut rsi, mut rdi) = (bar.at + KEPT, 0x18_usize);
        // SAFETY: the handler goes on after it.
        unsafe { std::arch::asm!("movsd", "nop", inout("rsi") rsi, inout("rdi") rdi) };
        assert_eq!((rsi, rdi), (bar.at + KEPT, 0x18));
        assert_eq!((CALLS.load(Ordering::Relaxed), ADDRESS.load(Ordering::Relaxed)), (1, 0x18));
        assert_eq!(load(bar.at + KEPT), 42);
    });
}

#[test]
fn an_alternate_stack_of_the_usual_size_is_enough() {
    child(|| {
        let bar = registers();
        let memory = alternate_stack(libc::SIGSTKSZ);
        assert_eq!(load(bar.at + KEPT), 42);
        // SAFETY: a register that keeps what is written.
        unsafe { std::arch::asm!("add dword ptr [rcx], 1", in("rcx") bar.at + KEPT) };
        assert_eq!(load(bar.at + KEPT), 43);
        // What the adapter does need not fit: that is done on the thread's own stack.
        let used = memory.iter().skip_while(|byte| **byte == UNUSED).count();
        // SAFETY: asks the kernel for a number.
        let kernels = unsafe { libc::getauxval(libc::AT_MINSIGSTKSZ) } as usize;
        assert!(used > 0 && used < kernels + 2048, "{used} bytes, {kernels} of them the kernel's");
    });
}

/// What is in an alternate stack that was not used.
const UNUSED: u8 = 0xa5;

/// Gives this thread an alternate stack, with a page below it that nobody may use.
fn alternate_stack(len: usize) -> &'static [u8] {
    const PAGE: usize = 4096;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: new memory, which stays to the end of the process.
    unsafe {
        let start = libc::mmap(ptr::null_mut(), PAGE + len, protection, flags, -1, 0);
        assert_ne!(start, libc::MAP_FAILED);
        assert_eq!(libc::mprotect(start, PAGE, libc::PROT_NONE), 0);
        let memory = start.byte_add(PAGE);
        memory.write_bytes(UNUSED, len);
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: len };
        assert_eq!(libc::sigaltstack(&stack, ptr::null_mut()), 0);
        std::slice::from_raw_parts(memory.cast(), len)
    }
}
