//! What the program wants done when a signal comes.
#![allow(unsafe_code)]

use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use libc::c_int;

use super::OURS;
use super::kernel::{self, Set, from_libc, to_libc};
use crate::Errno;
use crate::lock::Lock;
use crate::trap;

/// What the program wants done on SIGSEGV and SIGBUS.
pub(crate) static WANTED: Lock<Wanted> = Lock::new(Wanted { segv: None, bus: None });

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// By signal: those of our signals that the program wants blocked while its handler runs.
static WITHHELD: [AtomicU64; 65] = [const { AtomicU64::new(0) }; 65];

/// By signal; `None` before our handler is in place.
pub(crate) struct Wanted {
    segv: Option<libc::sigaction>,
    bus: Option<libc::sigaction>,
}

impl Wanted {
    fn of(&mut self, signal: c_int) -> Option<&mut libc::sigaction> {
        self.place(signal)?.as_mut()
    }

    fn place(&mut self, signal: c_int) -> Option<&mut Option<libc::sigaction>> {
        match signal {
            libc::SIGSEGV => Some(&mut self.segv),
            libc::SIGBUS => Some(&mut self.bus),
            _ => None,
        }
    }
}

/// Whether our handler is in place.
pub(super) fn installed() -> bool {
    INSTALLED.load(Ordering::Acquire)
}

/// Puts our handler in place of the program's, which is kept. Once is enough; more do nothing.
///
/// To be called before the program has threads, if that can be: those that block SIGSEGV already are
/// killed when they reach for a trapped register.
///
/// # Errors
/// What sigaction says.
pub fn install() -> Result<(), Errno> {
    if installed() {
        return Ok(());
    }
    let mut wanted = WANTED.lock();
    // Read under the lock, as all that is made once: a child must find none of it half made.
    crate::trace::on();
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: plain numbers and an optional function, for which zeros are valid.
        let mut ours: libc::sigaction = unsafe { mem::zeroed() };
        ours.sa_sigaction = trap::handler as *const () as usize;
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        ours.sa_mask = to_libc(Set::MAX);
        let Some(place) = wanted.place(signal).filter(|place| place.is_none()) else { continue };
        let mut theirs = ours;
        // SAFETY: both are valid, and the handler is one of three arguments, as the flags say.
        unsafe { kernel::sigaction(signal, &ours, &mut theirs) }?;
        *place = Some(theirs);
    }
    INSTALLED.store(true, Ordering::Release);
    drop(wanted);
    // A thread that blocks them, as this one may, believes so from now on.
    let blocked = kernel::mask(libc::SIG_BLOCK, None)? & OURS;
    if blocked != 0 {
        let set = to_libc(blocked);
        kernel::mask(libc::SIG_UNBLOCK, Some(blocked))?;
        // SAFETY: the set is valid, and nothing is asked back.
        unsafe { super::mask(libc::SIG_BLOCK, &set, ptr::null_mut()) }.unwrap_or(Ok(()))?;
    }
    Ok(())
}

/// sigaction, for any signal; signal, sysv_signal and their like are made of it. `None` before
/// [`install`]: the real one has the say.
///
/// # Safety
/// The pointers are null or those of an action.
pub unsafe fn sigaction(
    signal: c_int,
    new: *const libc::sigaction,
    old: *mut libc::sigaction,
) -> Option<Result<(), Errno>> {
    if !installed() {
        return None;
    }
    // SAFETY: as the caller promised.
    let new = unsafe { new.as_ref() };
    let mut before = if OURS & kernel::bit_or_none(signal) != 0 {
        replace(signal, new)
    } else {
        // SAFETY: `restrict` hands over actions of its own.
        match restrict(signal, new) {
            Ok(before) => Some(before),
            Err(errno) => return Some(Err(errno)),
        }
    };
    // SAFETY: as the caller promised.
    if let (Some(old), Some(before)) = (unsafe { old.as_mut() }, before.take()) {
        *old = before;
    }
    Some(Ok(()))
}

/// Exchanges what the program wants of one of our signals.
fn replace(signal: c_int, new: Option<&libc::sigaction>) -> Option<libc::sigaction> {
    let mut wanted = WANTED.lock();
    let action = wanted.of(signal)?;
    let before = *action;
    if let Some(new) = new {
        *action = *new;
    }
    Some(before)
}

/// Sets the action of another signal, whose handler must not block ours: it may reach for registers.
fn restrict(signal: c_int, new: Option<&libc::sigaction>) -> Result<libc::sigaction, Errno> {
    let ours = new.map(|new| {
        let mut ours = *new;
        ours.sa_mask = to_libc(from_libc(&new.sa_mask) & !OURS);
        ours
    });
    let given = ours.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: plain numbers and an optional function, for which zeros are valid.
    let mut before: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: `given` is null or valid, and `before` is.
    unsafe { kernel::sigaction(signal, given, &mut before) }?;
    let Some(withheld) = usize::try_from(signal).ok().and_then(|at| WITHHELD.get(at)) else {
        return Ok(before);
    };
    let mask = match new {
        Some(new) => withheld.swap(from_libc(&new.sa_mask) & OURS, Ordering::Relaxed),
        None => withheld.load(Ordering::Relaxed),
    };
    before.sa_mask = to_libc(from_libc(&before.sa_mask) | mask);
    Ok(before)
}

/// What the program wants done now that a signal of ours has come. An action that is for one time only
/// is taken.
pub(super) fn take(signal: c_int) -> Option<libc::sigaction> {
    let mut wanted = WANTED.lock();
    let action = wanted.of(signal)?;
    let taken = *action;
    if taken.sa_flags & libc::SA_RESETHAND != 0 && taken.sa_sigaction > libc::SIG_IGN {
        action.sa_sigaction = libc::SIG_DFL;
        action.sa_flags &= !libc::SA_SIGINFO;
    }
    Some(taken)
}
