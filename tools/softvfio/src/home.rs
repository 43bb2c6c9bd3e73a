//! The adapter behind a process's devices.
//!
//! It is opened when the first container gets an IOMMU, and closed with the last: a program that
//! only looks whether there are devices has no thread of it.

use std::fmt;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};

use softnic::{Adapter, Drive, Host, RegisterFile, Space, Spec};

use crate::access::Registers;
use crate::maps::{Devices, Translations};
use crate::{Errno, say, sys};

/// How many forks there were from the first process of this library to this one.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// Notes that this is a child made by fork.
pub(crate) fn forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Where the adapter is, while it is open.
pub(crate) struct Home {
    spec: Spec,
    /// The CPUs that the program was started on. It may have pinned its threads since.
    cpus: Option<libc::cpu_set_t>,
    /// The process that it is of.
    forks: u32,
    host: RwLock<Option<Host>>,
}

impl Home {
    /// That of an adapter with these options, which is not opened yet.
    pub(crate) fn new(spec: &Spec) -> Home {
        let forks = FORKS.load(Ordering::Relaxed);
        Home { spec: spec.clone(), cpus: sys::cpus(), forks, host: RwLock::new(None) }
    }

    /// The adapter's options.
    pub(crate) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// One for a child made by fork.
    pub(crate) fn of_child(&self) -> Home {
        Home {
            spec: self.spec.clone(),
            cpus: self.cpus,
            forks: FORKS.load(Ordering::Relaxed),
            host: RwLock::new(None),
        }
    }

    /// Opens the adapter, unless it is open. The program's signals are blocked on this thread, and so on
    /// the adapter's.
    ///
    /// # Errors
    /// ENODEV: it cannot be opened, which is told on standard error.
    pub(crate) fn open(&self) -> Result<(), Errno> {
        let mut host = self.host.write().unwrap_or_else(PoisonError::into_inner);
        if host.is_some() {
            return Ok(());
        }
        // The thread may run wherever the program may.
        match sys::on_cpus(self.cpus.as_ref(), || Host::open(&self.spec)) {
            Ok(opened) => {
                *host = Some(opened);
                Ok(())
            }
            Err(error) => {
                say(format_args!("no adapter for VFIO: {error}"));
                Err(libc::ENODEV)
            }
        }
    }

    /// Closes the adapter.
    pub(crate) fn close(&self) {
        let host = self.host.write().unwrap_or_else(PoisonError::into_inner).take();
        // Its thread ends here.
        drop(host);
    }

    /// Does something with the adapter, between two steps of it.
    ///
    /// # Errors
    /// ENODEV: it is not open, or the parent's. EIO: it has failed, which was told when it did.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut Adapter) -> R) -> Result<R, Errno> {
        // Of a parent's, even the lock may be held by nobody who is here.
        if self.forks != FORKS.load(Ordering::Relaxed) {
            return Err(libc::ENODEV);
        }
        let host = self.host.read().unwrap_or_else(PoisonError::into_inner);
        host.as_ref().ok_or(libc::ENODEV)?.with(act).map_err(|_| libc::EIO)
    }

    /// Does something with the adapter, if moving it is the program's to do.
    pub(crate) fn measured<R>(&self, act: impl FnOnce(&mut Adapter) -> R) -> Option<R> {
        if self.spec.drive == Drive::Caller { self.with(act).ok() } else { None }
    }

    /// Moves the adapter, if that is the program's to do. Returns how many frames were moved, or -1.
    pub(crate) fn step(&self) -> isize {
        if self.spec.drive != Drive::Caller || self.forks != FORKS.load(Ordering::Relaxed) {
            return -1;
        }
        let host = self.host.read().unwrap_or_else(PoisonError::into_inner);
        let moved = host.as_ref().and_then(|host| host.step_once(softnic::host::now()).ok());
        moved.map_or(-1, |frames| frames as isize)
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("spec", &self.spec).finish_non_exhaustive()
    }
}

impl Devices for Home {
    fn paused(&self, act: &mut dyn FnMut(&mut dyn Translations)) {
        // One that is not open, or has failed, reaches nothing.
        _ = self.with(|adapter| act(&mut Paused(adapter)));
    }
}

/// An adapter that reaches no memory now.
struct Paused<'a>(&'a mut Adapter);

#[allow(unsafe_code)] // What it asks for is the caller's promise, passed on.
impl Translations for Paused<'_> {
    unsafe fn rebase(&mut self, space: u64, iova: u64, len: u64, base: NonNull<u8>) {
        if let Some(memory) = self.0.space(Space(space)) {
            // SAFETY: promised by the caller. What is refused, pages that are none, cannot be.
            let rebased = unsafe { memory.rebase(iova, len, base) };
            debug_assert_eq!(rebased, Ok(()));
        }
    }
}

/// The registers of a VF, as long as the adapter is this process's and has it.
#[derive(Debug)]
pub(crate) struct VfRegisters {
    pub(crate) home: std::sync::Arc<Home>,
    pub(crate) vf: usize,
    /// Kept, so that the memory of those that are mapped stays.
    pub(crate) file: std::sync::Arc<RegisterFile>,
}

impl Registers for VfRegisters {
    fn vf(&self) -> usize {
        self.vf
    }

    fn read(&self, offset: usize) -> u32 {
        self.home.with(|adapter| adapter.read(self.vf, offset)).unwrap_or(u32::MAX)
    }

    fn write(&self, offset: usize, value: u32) {
        // Nobody hears of what is written to one that is gone.
        _ = self.home.with(|adapter| adapter.write(self.vf, offset, value));
    }
}
