//! The registers of a thread that a signal has interrupted.
#![allow(unsafe_code)]

use iced_x86::Register;
use libc::c_int;

use crate::signals::Set;
use crate::trap::Context;

/// EFLAGS.ZF.
const ZERO: u64 = 1 << 6;

/// What a page fault's error code has for a write (x86 manual, volume 3, 4.7).
const FAULT_WRITE: u64 = 1 << 1;

impl Context {
    fn register(&self, index: c_int) -> u64 {
        // SAFETY: valid while this is there, and no reference to it is kept.
        unsafe { (*self.as_ptr()).uc_mcontext.gregs[index as usize] as u64 }
    }

    fn set_register(&mut self, index: c_int, value: u64) {
        // SAFETY: as for `register`.
        unsafe { (*self.as_ptr()).uc_mcontext.gregs[index as usize] = value as i64 }
    }

    /// Where the next instruction is.
    pub(super) fn rip(&self) -> u64 {
        self.register(libc::REG_RIP)
    }

    pub(super) fn set_rip(&mut self, rip: u64) {
        self.set_register(libc::REG_RIP, rip);
    }

    /// The stack pointer.
    pub(super) fn rsp(&self) -> u64 {
        self.register(libc::REG_RSP)
    }

    /// Whether the fault was a write.
    pub(super) fn is_write(&self) -> bool {
        self.register(libc::REG_ERR) & FAULT_WRITE != 0
    }

    /// Whether the last result was zero.
    pub(super) fn zero_flag(&self) -> bool {
        self.register(libc::REG_EFL) & ZERO != 0
    }

    /// A general register of any width, those of 8 bits at bit 8 among them. `None`: it is none.
    pub(super) fn general(&self, register: Register) -> Option<u64> {
        let value = self.register(index(register)?) >> shift(register);
        Some(value & ones(register.size()))
    }

    /// Sets one: 32 bits clear those above, fewer leave them (x86 manual, volume 1, 3.4.1.1). False:
    /// it is none.
    pub(super) fn set_general(&mut self, register: Register, value: u64) -> bool {
        let Some(index) = index(register) else { return false };
        let value = match register.size() {
            size @ (1 | 2) => {
                let mask = ones(size) << shift(register);
                self.register(index) & !mask | value << shift(register) & mask
            }
            size => value & ones(size),
        };
        self.set_register(index, value);
        true
    }

    /// Sets those that it blocks when it goes on.
    pub(super) fn set_mask(&mut self, mask: Set) {
        // SAFETY: as for `register`. The kernel's frame has the first word of the set only.
        unsafe { (&raw mut (*self.as_ptr()).uc_sigmask).cast::<Set>().write(mask) }
    }

    /// The thread's alternate stack, if it has one: where it starts, and how long it is.
    pub(super) fn alternate_stack(&self) -> Option<(usize, usize)> {
        // SAFETY: as for `register`.
        let stack = unsafe { (*self.as_ptr()).uc_stack };
        (stack.ss_flags & libc::SS_DISABLE == 0).then_some((stack.ss_sp.addr(), stack.ss_size))
    }
}

/// So many bytes of ones.
pub(super) fn ones(bytes: usize) -> u64 {
    if bytes >= 8 { u64::MAX } else { (1 << (8 * bytes)) - 1 }
}

/// Where a register's bits start in the register that it is part of.
fn shift(register: Register) -> u32 {
    match register {
        Register::AH | Register::BH | Register::CH | Register::DH => 8,
        _ => 0,
    }
}

/// Where the kernel keeps a general register.
fn index(register: Register) -> Option<c_int> {
    Some(match register.full_register() {
        Register::RAX => libc::REG_RAX,
        Register::RCX => libc::REG_RCX,
        Register::RDX => libc::REG_RDX,
        Register::RBX => libc::REG_RBX,
        Register::RSP => libc::REG_RSP,
        Register::RBP => libc::REG_RBP,
        Register::RSI => libc::REG_RSI,
        Register::RDI => libc::REG_RDI,
        Register::R8 => libc::REG_R8,
        Register::R9 => libc::REG_R9,
        Register::R10 => libc::REG_R10,
        Register::R11 => libc::REG_R11,
        Register::R12 => libc::REG_R12,
        Register::R13 => libc::REG_R13,
        Register::R14 => libc::REG_R14,
        Register::R15 => libc::REG_R15,
        _ => return None,
    })
}
