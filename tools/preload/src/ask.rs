//! Asking whether a call is about the run.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_char, c_int};
use softvfio::inside::Inside;
use softvfio::paths::{PathBuffer, Paths, Place};
use softvfio::signals::Blocked;
use softvfio::{Errno, Vfio, private};

use crate::real::{errno, set_errno};

/// What this process has of its run.
pub(crate) struct Soft {
    pub(crate) vfio: Vfio,
    pub(crate) paths: Paths,
}

/// No address of a program's is beyond: half of 48 bits, on aarch64 as many as there can be (52 bits).
const USER_END: usize = 1 << if cfg!(target_arch = "aarch64") { 52 } else { 47 };

static SOFT: OnceLock<Option<Soft>> = OnceLock::new();
/// The process is in no run: there is nothing to ask.
static NONE: AtomicBool = AtomicBool::new(false);

/// Runs when the library is loaded, before the program. Programs that came first, such as `timeout` and
/// `sh`, have it, too: without a run it does next to nothing, and with one no more than read its options.
#[used]
#[unsafe(link_section = ".init_array")]
static LOADED: extern "C" fn() = {
    extern "C" fn loaded() {
        if let Some((_inside, _soft)) = soft() {
            crate::process::loaded();
        }
    }
    loaded
};

/// The run, for a call of the program's: `None` if there is no run, or this thread is inside already.
///
/// Other libraries may call before this one's turn to be initialised has come.
pub(crate) fn soft() -> Option<(Inside, &'static Soft)> {
    if NONE.load(Ordering::Relaxed) {
        return None;
    }
    let inside = Inside::enter()?;
    let before = errno();
    let soft = SOFT.get_or_init(|| catch_unwind(open).unwrap_or(None)).as_ref();
    set_errno(before);
    if soft.is_none() {
        NONE.store(true, Ordering::Relaxed);
    }
    Some((inside, soft?))
}

fn open() -> Option<Soft> {
    let dir = std::env::var_os(softvfio::run::VARIABLE)?;
    Some(Soft { vfio: Vfio::from_env()?, paths: Paths::new(Path::new(&dir)) })
}

/// Asks; `None` if the call is none of ours. Errno is set to that of an error, and else left as it was.
///
/// No signal handler of the program's runs on this thread meanwhile: its calls would be taken for ours.
pub(crate) fn ask<T>(
    ours: impl FnOnce(&'static Soft) -> Option<Result<T, Errno>>,
) -> Option<Result<T, Errno>> {
    if NONE.load(Ordering::Relaxed) || Inside::is() {
        return None;
    }
    let _blocked = Blocked::but_faults();
    ask_unblocked(ours)
}

/// As [`ask`], what a descriptor is concerned with that is of VFIO's: mostly none is.
pub(crate) fn ask_device<T>(
    ours: impl FnOnce(&'static Soft) -> Option<Result<T, Errno>>,
) -> Option<Result<T, Errno>> {
    let is_idle = |soft: &Option<Soft>| soft.as_ref().is_none_or(|soft| soft.vfio.is_idle());
    if SOFT.get().is_some_and(is_idle) { None } else { ask(ours) }
}

/// As [`ask`], but signal handlers run meanwhile: for what changes the signals that this thread blocks, and
/// for what must make no system call.
pub(crate) fn ask_unblocked<T>(
    ours: impl FnOnce(&'static Soft) -> Option<Result<T, Errno>>,
) -> Option<Result<T, Errno>> {
    let (_inside, soft) = soft()?;
    let before = errno();
    let answer = catch_unwind(AssertUnwindSafe(|| ours(soft)));
    let answer = answer.unwrap_or(Some(Err(libc::EIO)));
    set_errno(match &answer {
        Some(Err(errno)) => *errno,
        _ => before,
    });
    answer
}

/// Tells of something that happened. Errno stays as it was.
pub(crate) fn tell(what: impl FnOnce(&'static Soft)) {
    let _ = ask(|soft| {
        what(soft);
        None::<Result<(), Errno>>
    });
}

/// A descriptor that was just opened, or -1: if this library has opened it, the program is not to meet it.
pub(crate) fn kept(fd: c_int) -> c_int {
    if !Inside::is() {
        return fd;
    }
    let errno = errno();
    let fd = private::keep(fd);
    set_errno(errno);
    fd
}

/// Where a path leads.
pub(crate) enum Way<'b> {
    /// Where the program means, or would without this library.
    Same,
    /// To another path, which is whole.
    To(&'b CStr, Place),
    /// Nowhere; errno says why.
    Failed,
}

/// Where a path leads that starts at `dir` (a descriptor, or AT_FDCWD) if it is relative.
///
/// # Safety
/// `path` is null or a C string.
pub(crate) unsafe fn way(dir: c_int, path: *const c_char, into: &mut PathBuffer) -> Way<'_> {
    // SAFETY: promised by the caller.
    let path = unsafe { CStr::from_ptr(path) };
    match ask(|soft| soft.paths.redirect(dir, path, into).transpose()) {
        None => Way::Same,
        Some(Ok(place)) => Way::To(into.as_c_str(), place),
        Some(Err(_)) => Way::Failed,
    }
}

/// Whether a path needs a look at all: most do not, and are spared its stack.
///
/// # Safety
/// `path` is null or a C string.
pub(crate) unsafe fn concerns(path: *const c_char) -> bool {
    // What can be no string at all is the kernel's to refuse: neither the first page nor what is above the
    // addresses of programs.
    let can_be = (4096..USER_END).contains(&path.addr());
    // SAFETY: promised by the caller.
    can_be && !NONE.load(Ordering::Relaxed) && Paths::concerns(unsafe { CStr::from_ptr(path) })
}

/// Makes a call with the path that the program means. `failed` is what the call returns if it fails.
///
/// # Safety
/// `path` is null or a C string.
pub(crate) unsafe fn with_path<T>(
    dir: c_int,
    path: *const c_char,
    failed: T,
    call: impl FnOnce(c_int, *const c_char) -> T,
) -> T {
    // SAFETY: promised by the caller.
    if unsafe { concerns(path) } {
        // SAFETY: as above.
        unsafe { with_way(dir, path, failed, call) }
    } else {
        call(dir, path)
    }
}

#[inline(never)]
unsafe fn with_way<T>(
    dir: c_int,
    path: *const c_char,
    failed: T,
    call: impl FnOnce(c_int, *const c_char) -> T,
) -> T {
    let mut buffer = PathBuffer::new();
    // SAFETY: promised by the caller of `with_path`.
    match unsafe { way(dir, path, &mut buffer) } {
        Way::Same => call(dir, path),
        Way::To(path, _) => call(libc::AT_FDCWD, path.as_ptr()),
        Way::Failed => failed,
    }
}
