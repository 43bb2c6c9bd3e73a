//! Places where instructions run on copies of registers.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::elsewhere::Run;
use super::window::WIDEST;
use crate::signals::call;

/// How many threads can be at it at a time; more wait.
const COUNT: usize = 64;

/// Bytes of one: code, and two copies, which have the alignment of what they are copies of.
const LEN: usize = 512;
const CODE: usize = 32;
const COPIES: [usize; 2] = [64, 64 + 2 * WIDEST];

/// `hlt`, which a program may not execute: it faults, by SIGSEGV, and that is how the end is noticed.
const END: u8 = 0xf4;

/// Where they are; 0 before the first is needed.
static START: AtomicUsize = AtomicUsize::new(0);

/// Those that are in use, a bit each.
static BUSY: AtomicU64 = AtomicU64::new(0);

static RUNS: Runs = Runs([const { UnsafeCell::new(None) }; COUNT]);

struct Runs([UnsafeCell<Option<Run>>; COUNT]);

// SAFETY: each is reached by the thread only that has its bit in `BUSY`.
unsafe impl Sync for Runs {}

/// One of them, which this thread has.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    index: usize,
    start: usize,
}

/// The one that an instruction is in.
pub(super) fn of(rip: u64) -> Option<Slot> {
    let start = START.load(Ordering::Acquire);
    let offset = (rip as usize).wrapping_sub(start);
    let inside = start != 0 && offset < COUNT * LEN;
    inside.then(|| Slot { index: offset / LEN, start: start + offset / LEN * LEN })
}

/// Takes one. `None`: the system gives no memory for code.
pub(super) fn claim() -> Option<Slot> {
    let start = start()?;
    loop {
        let busy = BUSY.load(Ordering::Relaxed);
        let index = (!busy).trailing_zeros() as usize;
        if index == COUNT {
            std::thread::yield_now();
        } else if BUSY.fetch_or(1 << index, Ordering::Acquire) & 1 << index == 0 {
            return Some(Slot { index, start: start + index * LEN });
        }
    }
}

/// In a child made by fork: those of its parent's other threads are free.
pub(crate) fn forget() {
    BUSY.store(0, Ordering::Relaxed);
}

/// Makes them, the first time.
fn start() -> Option<usize> {
    const PROTECTION: i32 = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    const FLAGS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let there = START.load(Ordering::Acquire);
    if there != 0 {
        return Some(there);
    }
    const ARGUMENTS: [i64; 6] = [0, (COUNT * LEN) as i64, PROTECTION as i64, FLAGS as i64, -1, 0];
    // SAFETY: new memory.
    let made = unsafe { call(libc::SYS_mmap, ARGUMENTS) }.ok()? as usize;
    match START.compare_exchange(0, made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(made),
        Err(there) => {
            // SAFETY: made just now, and nobody knows of it.
            _ = unsafe { call(libc::SYS_munmap, [made as i64, (COUNT * LEN) as i64]) };
            Some(there)
        }
    }
}

impl Slot {
    /// Where its code is.
    pub(super) fn code(self) -> u64 {
        self.start as u64
    }

    /// Whether the instruction in it has run.
    pub(super) fn is_done(self, rip: u64) -> bool {
        // SAFETY: this thread has the slot: it was in it just now.
        rip != self.code() && unsafe { self.pointer(rip as usize).read() } == END
    }

    /// Where a copy of what is at `address` goes.
    pub(super) fn copy(self, number: usize, address: usize) -> usize {
        self.start + COPIES[number] + address % WIDEST
    }

    /// Puts an instruction there. False: it is too long.
    pub(super) fn set_code(self, code: &[u8]) -> bool {
        if code.len() >= CODE {
            return false;
        }
        for (at, byte) in code.iter().chain(&[END]).enumerate() {
            // SAFETY: in the slot, which is this thread's.
            unsafe { self.pointer(self.start + at).write(*byte) };
        }
        true
    }

    /// Fills a copy.
    pub(super) fn fill(self, copy: usize, bytes: &[u8]) {
        // SAFETY: in the slot, which is this thread's: an operand is not longer than the room after any
        // alignment.
        unsafe { self.pointer(copy).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// What a copy is now.
    pub(super) fn taken(self, copy: usize, len: usize) -> [u8; WIDEST] {
        let mut bytes = [0; WIDEST];
        // SAFETY: as for `fill`.
        unsafe { self.pointer(copy).copy_to_nonoverlapping(bytes.as_mut_ptr(), len.min(WIDEST)) };
        bytes
    }

    /// Notes what runs there.
    pub(super) fn begin(self, run: Run) {
        // SAFETY: this thread has the slot.
        unsafe { *RUNS.0[self.index].get() = Some(run) };
    }

    /// Takes what has run there, and gives the slot back when it is dropped.
    pub(super) fn end(self) -> Option<Run> {
        // SAFETY: this thread has the slot.
        unsafe { (*RUNS.0[self.index].get()).take() }
    }

    /// Gives the slot back.
    pub(super) fn release(self) {
        BUSY.fetch_and(!(1 << self.index), Ordering::Release);
    }

    fn pointer(self, address: usize) -> *mut u8 {
        debug_assert!((self.start..self.start + LEN).contains(&address));
        ptr::with_exposed_provenance_mut(address)
    }
}
