//! What a process has of VFIO: the answer to each call on its descriptors.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::os::fd::RawFd;
use std::path::PathBuf;

use libc::{c_int, c_ulong, c_void};
use softnic::Spec;

use crate::Errno;

/// The VFIO of one process, which is the software adapter of one run.
#[derive(Debug)]
pub struct Vfio {
    spec: Spec,
}

impl Vfio {
    /// That of the run which the environment names (`BARLINE_SOFT`); `None` if it names none, or one that
    /// cannot be used, which is told on standard error.
    pub fn from_env() -> Option<Vfio> {
        let directory = PathBuf::from(std::env::var_os("BARLINE_SOFT")?);
        let text = std::fs::read_to_string(directory.join("spec")).ok()?;
        let mut spec = Spec::parse(text.trim()).ok()?;
        spec.share = Some(directory.join("plane"));
        Some(Vfio::new(&spec))
    }

    /// That of an adapter with these options.
    pub fn new(spec: &Spec) -> Vfio {
        Vfio { spec: spec.clone() }
    }

    /// The adapter's options.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Opens `dev/vfio/vfio` or `dev/vfio/N` of a run, by its real path.
    ///
    /// # Errors
    /// As the kernel's: ENOENT, EACCES; EBUSY for a group that is open, here or in another process; EMFILE.
    pub fn open_node(&self, _path: &CStr, _flags: c_int) -> Result<RawFd, Errno> {
        Err(libc::ENODEV)
    }

    /// Whether a descriptor is of this process's VFIO. Cheap while there is none.
    pub fn is_ours(&self, _fd: RawFd) -> bool {
        false
    }

    /// Whether a descriptor is one that this library keeps for itself, and that the program does not
    /// know of: closing it must answer EBADF.
    pub fn is_private(&self, _fd: RawFd) -> bool {
        false
    }

    /// An ioctl. `None`: the descriptor or the request is none of VFIO's.
    ///
    /// # Safety
    /// `argument` is what the request asks for. Where it is an address of memory that is not there, the
    /// answer is EFAULT, as the kernel's.
    pub unsafe fn ioctl(
        &self,
        _fd: RawFd,
        _request: c_ulong,
        _argument: *mut c_void,
    ) -> Option<Result<c_int, Errno>> {
        None
    }

    /// Reads of a device's region. `None`: the descriptor is no device of VFIO's.
    ///
    /// # Safety
    /// Nothing refers to the `len` bytes at `buffer`; they need not be there (EFAULT).
    pub unsafe fn read_at(
        &self,
        _fd: RawFd,
        _buffer: *mut u8,
        _len: usize,
        _offset: i64,
    ) -> Option<Result<usize, Errno>> {
        None
    }

    /// Writes to a device's region. `None`: the descriptor is no device of VFIO's.
    ///
    /// # Safety
    /// Nobody writes to the `len` bytes at `buffer` meanwhile; they need not be there (EFAULT).
    pub unsafe fn write_at(
        &self,
        _fd: RawFd,
        _buffer: *const u8,
        _len: usize,
        _offset: i64,
    ) -> Option<Result<usize, Errno>> {
        None
    }

    /// Maps registers of a device. `None`: the descriptor is no device of VFIO's.
    ///
    /// # Safety
    /// As for mmap(2).
    pub unsafe fn mmap(
        &self,
        _address: *mut c_void,
        _len: usize,
        _protection: c_int,
        _flags: c_int,
        _fd: RawFd,
        _offset: i64,
    ) -> Option<Result<*mut c_void, Errno>> {
        None
    }

    /// To be called before memory is unmapped, or covered by another mapping (mmap with MAP_FIXED,
    /// mremap with MREMAP_FIXED): what devices reach there stays reachable to them, as pinned pages do.
    pub fn before_munmap(&self, _address: *mut c_void, _len: usize) {}

    /// To be called after memory was moved by mremap.
    pub fn after_mremap(
        &self,
        _old: *mut c_void,
        _old_len: usize,
        _new: *mut c_void,
        _new_len: usize,
    ) {
    }

    /// To be called after memory was unmapped: a device whose last mapping that was may be at its end.
    pub fn after_munmap(&self) {}

    /// To be called after descriptors were closed by close, dup2, dup3 or close_range, if one of them
    /// was ours ([`Vfio::is_ours`], asked before) or that is not known: what has no descriptor any more
    /// is released as the kernel does it.
    pub fn closed(&self) {}

    /// A SIGSEGV: true if it was an access to a trapped register, which is done.
    ///
    /// # Safety
    /// Both are the arguments of a signal handler.
    pub unsafe fn fault(&self, _info: *mut libc::siginfo_t, _context: *mut c_void) -> bool {
        false
    }

    /// To be called in a child made by fork, before anything else: everything is the parent's.
    /// Descriptors that were inherited answer ENODEV; the child's own opens work.
    pub fn forked_child(&self) {}

    /// Moves the adapter one step, if its options say `drive=caller` and a container has an IOMMU. Returns
    /// how many frames were moved, or -1.
    pub fn step(&self) -> isize {
        -1
    }
}
