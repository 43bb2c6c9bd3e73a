//! What a process has of VFIO: the answer to each call on its descriptors.
//!
//! A descriptor is known by the file that it is of (device and inode number): whatever copies a program makes of
//! it, they are the same. What has no descriptor any more is released when a program closes one.
#![allow(unsafe_code)]

mod measured;
mod regions;

use std::ffi::CStr;
use std::fmt;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use libc::{c_int, c_ulong, c_void};
use softnic::Spec;

use crate::home::{self, Home};
use crate::inject::{self, Call, On};
use crate::run::{Run, RunView};
use crate::signals::Blocked;
use crate::state::{Object, State};
use crate::sys::FileId;
use crate::trace::{self, Event};
use crate::user::User;
use crate::{Errno, container, device, group, maps, private, request, say, sys};

/// The VFIO of one process, which is the software adapter of one run.
pub struct Vfio(AtomicPtr<Inner>);

struct Inner {
    home: Arc<Home>,
    state: Mutex<State>,
    /// What there is in the state: mostly nothing, in most programs.
    live: AtomicUsize,
    /// A device has no descriptor any more, but mappings.
    lingers: AtomicBool,
    /// This process was made by fork from one that had something open.
    is_child: bool,
    /// The process that this is of. A child made by vfork has its parent's memory, but descriptors of its own.
    process: u32,
}

impl Inner {
    fn new(home: Home, is_child: bool) -> Inner {
        let home = Arc::new(home);
        maps::set_devices(home.clone());
        Inner {
            state: Mutex::new(State::new(Arc::clone(&home))),
            home,
            live: AtomicUsize::new(0),
            lingers: AtomicBool::new(false),
            is_child,
            process: std::process::id(),
        }
    }

    /// Does something with the state. No signal handler of the program's runs on this thread meanwhile: it
    /// may make calls itself.
    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let _blocked = Blocked::but_faults();
        // A panic is told of by whoever catches it; a state that it has left half changed is no worse
        // than none.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        self.live.store(state.live(), Ordering::Release);
        result
    }

    /// What a descriptor is of, if it is ours.
    ///
    /// # Errors
    /// ENODEV: of something that another process has.
    fn object(&self, fd: RawFd) -> Option<Result<Object, Errno>> {
        if self.live.load(Ordering::Acquire) > 0
            && let Some(file) = FileId::of(fd)
            && let Some(object) = self.with(|state| state.objects.get(&file).copied())
        {
            return Some(Ok(object));
        }
        (self.is_child && is_of_vfio(fd)).then_some(Err(libc::ENODEV))
    }
}

/// Whether a descriptor is of VFIO's, in whichever process.
fn is_of_vfio(fd: RawFd) -> bool {
    sys::is_memfd(fd, &[container::NAME, group::NAME, device::NAME])
}

impl Vfio {
    /// That of the run which the environment names (`BARLINE_SOFT`); `None` if it names none, or one that
    /// cannot be used, which is told on standard error.
    pub fn from_env() -> Option<Vfio> {
        match Run::open(&RunView::of_this_program()?) {
            Ok(run) => Some(Vfio::new(&run.spec)),
            Err(error) => {
                say(format_args!("{error}: this program sees the machine as it is"));
                None
            }
        }
    }

    /// That of an adapter with these options, which is opened when it is needed.
    pub fn new(spec: &Spec) -> Vfio {
        let inner = Inner::new(Home::new(spec), false);
        Vfio(AtomicPtr::new(Box::into_raw(Box::new(inner))))
    }

    fn inner(&self) -> &Inner {
        // SAFETY: it was made by `new` or `forked_child`, and goes when this is dropped: who has been
        // replaced in a child is never freed.
        unsafe { &*self.0.load(Ordering::Acquire) }
    }

    /// The adapter's options.
    pub fn spec(&self) -> &Spec {
        self.inner().home.spec()
    }

    /// Opens `dev/vfio/vfio` or `dev/vfio/N` of a run, by its real path.
    ///
    /// # Errors
    /// As the kernel's: ENOENT, EACCES; EBUSY for a group that is open, here or in another process; EMFILE.
    pub fn open_node(&self, path: &CStr, flags: c_int) -> Result<RawFd, Errno> {
        let name = path.to_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let is_container = name == b"vfio";
        let call = if is_container { Call::OpenContainer } else { Call::OpenGroup };
        let close_on_exec = flags & libc::O_CLOEXEC != 0;
        let opened = refused(call).and_then(|()| {
            self.inner().with(|state| {
                if is_container {
                    drop(sys::open(path)?);
                    return state.open_container(close_on_exec);
                }
                let number = std::str::from_utf8(name).ok().and_then(|name| name.parse().ok());
                state.open_group(number.ok_or(libc::ENOENT)?, path, close_on_exec)
            })
        });
        record(None, call, opened.map(i64::from));
        opened
    }

    /// Whether no descriptor can be of VFIO's: nothing was opened, here or in a parent that has made this
    /// process by fork.
    pub fn is_idle(&self) -> bool {
        let inner = self.inner();
        inner.live.load(Ordering::Acquire) == 0 && !inner.is_child
    }

    /// Whether a descriptor is of this process's VFIO. Cheap while there is none.
    pub fn is_ours(&self, fd: RawFd) -> bool {
        matches!(self.inner().object(fd), Some(Ok(_)))
    }

    /// Whether a descriptor is one that this library keeps for itself, and that the program does not
    /// know of: closing it must answer EBADF.
    pub fn is_private(&self, fd: RawFd) -> bool {
        private::is_private(fd)
    }

    /// An ioctl. `None`: the descriptor or the request is none of VFIO's.
    ///
    /// # Safety
    /// `argument` is what the request asks for. Where it is an address of memory that is not there, the
    /// answer is EFAULT, as the kernel's.
    pub unsafe fn ioctl(
        &self,
        fd: RawFd,
        request: c_ulong,
        argument: *mut c_void,
    ) -> Option<Result<c_int, Errno>> {
        let number = request::of_vfio(request)?;
        let inner = self.inner();
        let object = match inner.object(fd) {
            Some(object) => object,
            // An inherited one: of a process that has made this one by fork and exec.
            None if is_of_vfio(fd) => Err(libc::ENODEV),
            None => return None,
        };
        let object = match object {
            Ok(object) => object,
            Err(errno) => return Some(Err(errno)),
        };
        let (on, vf) = match object {
            Object::Container(_) => (On::Container, None),
            Object::Group(group) => (On::Group, crate::topology::vf_in_group(group)),
            Object::Device(vf) => (On::Device, Some(vf)),
        };
        let call = Call::ioctl(request, on);
        // SAFETY: promised by the caller, who knows of no references of ours.
        let argument = unsafe { User::new(argument.expose_provenance()) };
        let answer = refused(call).and_then(|()| {
            inner.with(|state| match object {
                Object::Container(id) => state.container_ioctl(id, number, argument),
                Object::Group(group) => state.group_ioctl(group, number, argument),
                Object::Device(vf) => state.device_ioctl(vf, number, argument),
            })
        });
        record(vf, call, answer.map(i64::from));
        Some(answer)
    }

    /// To be called after memory was unmapped: a device whose last mapping that was may be at its end.
    pub fn after_munmap(&self) {
        if self.inner().lingers.load(Ordering::Relaxed) {
            self.closed();
        }
    }

    /// To be called after descriptors were closed by close, dup2, dup3 or close_range, if one of them
    /// was ours ([`Vfio::is_ours`], asked before) or that is not known: what has no descriptor any more
    /// is released as the kernel does it.
    pub fn closed(&self) {
        let inner = self.inner();
        // What a child made by vfork closes its parent still has.
        if inner.live.load(Ordering::Acquire) > 0 && inner.process == std::process::id() {
            let lingers = inner.with(State::sweep);
            inner.lingers.store(lingers, Ordering::Relaxed);
        }
    }

    /// To be called in a child made by fork, before anything else: everything is the parent's.
    /// Descriptors that were inherited answer ENODEV; the child's own opens work.
    pub fn forked_child(&self) {
        home::forked();
        // A child must not keep locks of its parent's, and what is closed here nobody uses: the parent's
        // adapter and state are left as they are, for good.
        private::close_all();
        let parents = self.inner();
        let is_child = parents.is_child || parents.live.load(Ordering::Acquire) > 0;
        let own = Inner::new(parents.home.of_child(), is_child);
        self.0.store(Box::into_raw(Box::new(own)), Ordering::Release);
    }

    /// Moves the adapter one step, if its options say `drive=caller` and a container has an IOMMU. Returns
    /// how many frames were moved, or -1.
    pub fn step(&self) -> isize {
        // A handler of the program's that reached for a register would wait for this thread.
        let _blocked = Blocked::but_faults();
        self.inner().home.step()
    }
}

impl Drop for Vfio {
    fn drop(&mut self) {
        // SAFETY: it was made from a box, and this was its only owner. In a child it is the child's own.
        let inner = unsafe { Box::from_raw(*self.0.get_mut()) };
        inner.with(State::release);
    }
}

impl fmt::Debug for Vfio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vfio").field("spec", self.spec()).finish_non_exhaustive()
    }
}

/// Counts a call, and says whether it is to fail on demand.
fn refused(call: Call) -> Result<(), Errno> {
    inject::process().refuses(call).map_or(Ok(()), Err)
}

/// Notes a call in the trace.
fn record(vf: Option<usize>, call: Call, result: Result<i64, Errno>) {
    if trace::on() {
        trace::record(&Event::Call { vf, name: call.name(), result, detail: format_args!("") });
    }
}
