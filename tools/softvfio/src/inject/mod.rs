//! Injected errors: calls on VFIO that fail on demand, without being done.
//!
//! Every call has a number, from 1 on in the order in which the process makes them, and a name. What
//! shall fail is said by the environment ([`VARIABLE`]) for a program as it is, or by [`Injector::fail`]
//! (`barline_soft_fail` in C) by a program that tests itself. Nothing here takes a lock or memory, so
//! that a call can be counted wherever it is made.

mod call;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU8, AtomicU64, Ordering};

use crate::Errno;

pub use call::{Call, On};
pub use rules::{BadRule, LARGEST, Rule, parse};

/// The environment's variable with the list of what shall fail: see [`parse`].
pub const VARIABLE: &str = "BARLINE_SOFT_FAIL";

/// How many calls are kept by name.
const KEPT: usize = 1 << 16;

/// The process's calls.
static PROCESS: Injector = Injector::new();

/// The calls that were made, and which shall fail.
#[derive(Debug)]
pub struct Injector {
    made: AtomicU64,
    /// By `Call as usize`.
    made_of: [AtomicU64; Call::ALL.len()],
    /// `Call as u8` of the first calls, plus 1.
    log: [AtomicU8; KEPT],
    /// The number of the call that shall fail, 0 for none, and how.
    target: AtomicU64,
    errno: AtomicI32,
    rules: OnceLock<Vec<Rule>>,
}

/// The process's calls, with the rules of its environment. A list that cannot be read is told on
/// standard error, and nothing fails by it.
pub fn process() -> &'static Injector {
    PROCESS.rules.get_or_init(|| {
        let list = std::env::var_os(VARIABLE).unwrap_or_default();
        parse(&list.to_string_lossy()).unwrap_or_else(|error| {
            eprintln!("barline soft: {error}; no call fails by it");
            Vec::new()
        })
    });
    &PROCESS
}

impl Injector {
    /// One that has seen nothing.
    pub const fn new() -> Injector {
        Injector {
            made: AtomicU64::new(0),
            made_of: [const { AtomicU64::new(0) }; Call::ALL.len()],
            log: [const { AtomicU8::new(0) }; KEPT],
            target: AtomicU64::new(0),
            errno: AtomicI32::new(0),
            rules: OnceLock::new(),
        }
    }

    /// Counts a call, and says with which error it shall fail, if it shall: then it must not be done.
    pub fn refuses(&self, call: Call) -> Option<Errno> {
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let of = self.made_of[call as usize].fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(entry) = usize::try_from(number - 1).ok().and_then(|at| self.log.get(at)) {
            entry.store(call as u8 + 1, Ordering::Release);
        }
        // Acquire: who sees the number sees the error.
        if self.target.load(Ordering::Acquire) == number {
            return Some(self.errno.load(Ordering::Relaxed));
        }
        let fits = |rule: &&Rule| {
            let which = if rule.call.is_some() { of } else { number };
            rule.call.is_none_or(|other| other == call) && rule.number.is_none_or(|n| n == which)
        };
        self.rules.get()?.iter().find(fits).map(|rule| rule.errno)
    }

    /// Makes the `nth` call from now on fail with `errno`, and no other: 1 is the next one, 0 takes
    /// back what was asked for. Rules stay as they are.
    pub fn fail(&self, nth: u64, errno: Errno) {
        self.target.store(0, Ordering::Relaxed);
        self.errno.store(errno, Ordering::Relaxed);
        let made = self.made.load(Ordering::Relaxed);
        let target = if nth == 0 { 0 } else { made.saturating_add(nth) };
        self.target.store(target, Ordering::Release);
    }

    /// How many calls were made.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// What the call of that number was, from 1 on; `None` if it was not made yet, or is beyond the
    /// 65536 that are kept.
    pub fn call(&self, number: u64) -> Option<Call> {
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        let kept = self.log.get(at)?.load(Ordering::Acquire);
        Call::ALL.get(usize::from(kept).checked_sub(1)?).copied()
    }
}

impl Default for Injector {
    fn default() -> Injector {
        Injector::new()
    }
}
