//! The system calls that VFIO without a kernel is made of.
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use libc::c_int;

use crate::{Errno, private};

/// What the last call of this thread failed with.
pub(crate) fn errno() -> Errno {
    io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// The number of an error of std's.
pub(crate) fn errno_of(error: io::Error) -> Errno {
    error.raw_os_error().unwrap_or(libc::EIO)
}

/// Whose files this process may remove.
pub(crate) fn user() -> u32 {
    // SAFETY: it has no arguments.
    unsafe { libc::geteuid() }
}

/// Bytes of a page of this kernel's.
pub(crate) fn page() -> usize {
    // SAFETY: the call reads and writes no memory.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(0)
}

/// What a file is known by, whatever descriptors it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of the file behind a descriptor; `None` if it is not open.
    pub(crate) fn of(fd: RawFd) -> Option<FileId> {
        // SAFETY: all zero is a value.
        let mut stat: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: the call writes to `stat` only.
        let done = unsafe { libc::fstat(fd, &raw mut stat) };
        (done == 0).then_some(FileId { device: stat.st_dev, inode: stat.st_ino })
    }
}

/// A file of its own, in memory.
///
/// # Errors
/// EMFILE, ENOMEM.
pub(crate) fn memfd(name: &CStr, close_on_exec: bool) -> Result<OwnedFd, Errno> {
    let flags = if close_on_exec { libc::MFD_CLOEXEC } else { 0 };
    // SAFETY: the name is a C string.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), flags) };
    // SAFETY: if there is one it was just made and belongs to nobody else.
    if fd < 0 { Err(errno()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
}

/// Whether a descriptor is of a memfd with one of these names. Takes no memory: children made by fork ask this
/// of each descriptor that they use.
pub(crate) fn is_memfd(fd: RawFd, names: &[&CStr]) -> bool {
    let (mut path, mut link) = ([0_u8; 40], [0_u8; 64]);
    if write!(&mut path[..], "/proc/thread-self/fd/{fd}\0").is_err() {
        return false;
    }
    // SAFETY: a C string, and as many bytes to write to.
    let len = unsafe { libc::readlink(path.as_ptr().cast(), link.as_mut_ptr().cast(), link.len()) };
    let link = link.get(..usize::try_from(len).unwrap_or(0)).unwrap_or_default();
    let Some(name) = link.strip_prefix(b"/memfd:") else { return false };
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    names.iter().any(|it| it.to_bytes() == name)
}

/// Opens a node as a program does.
///
/// # Errors
/// Those of open(2).
pub(crate) fn open(path: &CStr) -> Result<OwnedFd, Errno> {
    // SAFETY: the path is a C string, and no file is made that would need a mode.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    // SAFETY: if there is one it was just made and belongs to nobody else.
    if fd < 0 { Err(errno()) } else { Ok(unsafe { OwnedFd::from_raw_fd(fd) }) }
}

/// Locks an open file for as long as it is open, anywhere (an open file description lock, fcntl(2)).
/// False if another open file has the lock.
///
/// # Errors
/// ENOLCK and the like.
pub(crate) fn lock_alone(file: BorrowedFd<'_>) -> Result<bool, Errno> {
    // SAFETY: all zero is a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as _;
    lock.l_whence = libc::SEEK_SET as _;
    // SAFETY: the call reads `lock` only.
    let done = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLK, &raw mut lock) };
    match done {
        0 => Ok(true),
        _ if matches!(errno(), libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(errno()),
    }
}

/// A copy of a descriptor that the program gets, with the lowest free number, closed on exec.
///
/// # Errors
/// EMFILE.
pub(crate) fn hand_out(fd: BorrowedFd<'_>) -> Result<RawFd, Errno> {
    // SAFETY: a copy of an open descriptor, with a number that was free.
    let copy = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 0) };
    if copy < 0 { Err(errno()) } else { Ok(copy) }
}

/// Whether a descriptor is open, and an eventfd.
///
/// # Errors
/// EBADF: it is not open. EINVAL: it is none.
pub(crate) fn check_eventfd(fd: RawFd) -> Result<(), Errno> {
    if FileId::of(fd).is_none() {
        return Err(libc::EBADF);
    }
    let link = fs::read_link(format!("/proc/thread-self/fd/{fd}")).map_err(errno_of)?;
    if link.as_os_str() == "anon_inode:[eventfd]" { Ok(()) } else { Err(libc::EINVAL) }
}

/// Adds one to an eventfd, unless its counter is full: it is readable then anyway, and waiting for who
/// reads it would stop the adapter.
pub(crate) fn signal(eventfd: BorrowedFd<'_>) {
    let mut poll = libc::pollfd { fd: eventfd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: the call reads and writes that one structure.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    if ready == 1 && poll.revents & libc::POLLOUT != 0 {
        let one = 1_u64;
        // SAFETY: the call reads the eight bytes of `one`.
        unsafe { libc::write(eventfd.as_raw_fd(), (&raw const one).cast(), 8) };
    }
}

/// The files that the program has descriptors of. The process's first thread may have ended, and `/proc/self`
/// is that one's.
pub(crate) fn open_files() -> BTreeSet<FileId> {
    let number = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    let known: Vec<RawFd> = match fs::read_dir("/proc/thread-self/fd") {
        Ok(entries) => entries.filter_map(number).collect(),
        // No descriptor is free for that, or `/proc` is not there: each number is looked at.
        Err(_) => (0..private::NUMBERS).collect(),
    };
    known.into_iter().filter(|fd| !private::is_private(*fd)).filter_map(FileId::of).collect()
}

/// Whether some of a file is mapped anywhere but at `except`. What cannot be seen may be.
pub(crate) fn is_mapped(file: FileId, except: usize) -> bool {
    let Ok(maps) = fs::read_to_string("/proc/thread-self/maps") else { return true };
    maps.lines().filter_map(mapping).any(|(start, mapped)| mapped == file && start != except)
}

/// First address and file of a line of `/proc/thread-self/maps`: `start-end perms offset major:minor inode path`.
fn mapping(line: &str) -> Option<(usize, FileId)> {
    let mut words = line.split_ascii_whitespace();
    let (start, _) = words.next()?.split_once('-')?;
    let (major, minor) = words.nth(2)?.split_once(':')?;
    let inode = words.next()?.parse().ok()?;
    let number = |text| u32::from_str_radix(text, 16).ok();
    let device = libc::makedev(number(major)?, number(minor)?);
    Some((usize::from_str_radix(start, 16).ok()?, FileId { device, inode }))
}

/// Has pages of this process brought in, as for writing if that is wanted (madvise(2),
/// `MADV_POPULATE_WRITE`).
///
/// # Errors
/// EFAULT: some are not mapped, or not for that.
pub(crate) fn populate(address: usize, len: usize, writing: bool) -> Result<(), Errno> {
    let advice = if writing { libc::MADV_POPULATE_WRITE } else { libc::MADV_POPULATE_READ };
    loop {
        // SAFETY: bringing pages in changes nothing that a program could see.
        let done = unsafe { libc::madvise(pointer(address), len, advice) };
        match done {
            0 => return Ok(()),
            _ if matches!(errno(), libc::EINTR | libc::EAGAIN) => (),
            _ => return Err(libc::EFAULT),
        }
    }
}

/// Locks pages of this process in memory, within its limit.
///
/// # Errors
/// ENOMEM: the limit (RLIMIT_MEMLOCK) is reached.
pub(crate) fn lock_memory(address: usize, len: usize) -> Result<(), Errno> {
    // SAFETY: locking changes nothing that a program could see.
    let done = unsafe { libc::mlock(pointer(address), len) };
    if done == 0 { Ok(()) } else { Err(libc::ENOMEM) }
}

/// Takes a lock of pages back. What is not mapped any more has none.
pub(crate) fn unlock_memory(address: usize, len: usize) {
    // SAFETY: as for locking.
    unsafe { libc::munlock(pointer(address), len) };
}

/// Makes a file of memory as long as this.
///
/// # Errors
/// ENOMEM, EFBIG.
pub(crate) fn set_len(file: BorrowedFd<'_>, len: usize) -> Result<(), Errno> {
    // SAFETY: the call reads and writes no memory.
    let done = unsafe { libc::ftruncate(file.as_raw_fd(), len as libc::off_t) };
    if done == 0 { Ok(()) } else { Err(errno()) }
}

/// mmap(2) of a file.
///
/// # Safety
/// As for the call.
///
/// # Errors
/// As of the call.
pub(crate) unsafe fn map(
    address: *mut libc::c_void,
    len: usize,
    protection: c_int,
    flags: c_int,
    fd: RawFd,
    offset: usize,
) -> Result<*mut libc::c_void, Errno> {
    let offset = offset as libc::off_t;
    // SAFETY: promised by the caller.
    let mapped = unsafe { libc::mmap(address, len, protection, flags, fd, offset) };
    if mapped == libc::MAP_FAILED { Err(errno()) } else { Ok(mapped) }
}

/// An address of the program's as the system calls take it.
pub(crate) fn pointer(address: usize) -> *mut libc::c_void {
    std::ptr::with_exposed_provenance_mut(address)
}

/// The CPUs that this thread may use.
pub(crate) fn cpus() -> Option<libc::cpu_set_t> {
    // SAFETY: all zero is a value.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let size = size_of::<libc::cpu_set_t>();
    // SAFETY: the call writes as many bytes.
    let done = unsafe { libc::sched_getaffinity(0, size, &raw mut set) };
    (done == 0).then_some(set)
}

/// Does something on other CPUs than this thread's, which threads that are started meanwhile inherit.
pub(crate) fn on_cpus<R>(cpus: Option<&libc::cpu_set_t>, act: impl FnOnce() -> R) -> R {
    let before = self::cpus();
    let apply = |set: Option<&libc::cpu_set_t>| {
        if let Some(set) = set {
            // SAFETY: the call reads as many bytes. A failure leaves the CPUs as they are.
            unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), set) };
        }
    };
    apply(cpus);
    let result = act();
    apply(before.as_ref());
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps_are_told_apart() {
        let line =
            "7f12c000-7f130000 rw-s 00001000 00:01 1234   /memfd:softnic-registers (deleted)";
        let (start, file) = mapping(line).unwrap();
        assert_eq!(start, 0x7f12_c000);
        assert_eq!(file, FileId { device: libc::makedev(0, 1), inode: 1234 });
        for line in ["", "7f12c000", "x-y rw-s 0 00:01 1", "7f12c000-7f130000 rw-s 0 0001 1"] {
            assert_eq!(mapping(line), None, "{line}");
        }
    }

    #[test]
    fn a_memfd_is_known_by_its_name_and_file() {
        let fd = memfd(c"barline-test", true).unwrap();
        assert!(is_memfd(fd.as_raw_fd(), &[c"another", c"barline-test"]));
        assert!(!is_memfd(fd.as_raw_fd(), &[c"barline", c"barline-test2"]));
        for fd in [-1, RawFd::MAX, RawFd::MIN] {
            assert!(!is_memfd(fd, &[c"barline-test", c""]));
        }
        let id = FileId::of(fd.as_raw_fd()).unwrap();
        assert!(open_files().contains(&id));
        assert_eq!(check_eventfd(fd.as_raw_fd()), Err(libc::EINVAL));
        assert_eq!(check_eventfd(-1), Err(libc::EBADF));
        drop(fd);
        assert!(!open_files().contains(&id));
    }
}
