//! Memory from hugepages, or from ordinary pages where there are none.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr::NonNull;
use std::sync::Once;

use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::{Error, Result};

const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// The size of the pages behind a piece of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PageSize {
    /// The machine's ordinary pages, 4 KiB on most; the kernel may have merged some of them into
    /// transparent hugepages.
    Ordinary,
    /// 2 MiB hugepages.
    Huge2M,
    /// 1 GiB hugepages.
    Huge1G,
}

impl PageSize {
    /// The size in bytes.
    pub fn bytes(self) -> usize {
        match self {
            PageSize::Ordinary => granule() as usize,
            PageSize::Huge2M => 2 * MIB,
            PageSize::Huge1G => GIB,
        }
    }

    /// The flag that asks `memfd_create(2)` for hugepages of this size.
    fn memfd_flag(self) -> Option<libc::c_uint> {
        match self {
            PageSize::Ordinary => None,
            PageSize::Huge2M => Some(libc::MFD_HUGE_2MB),
            PageSize::Huge1G => Some(libc::MFD_HUGE_1GB),
        }
    }
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PageSize::Ordinary => "ordinary pages",
            PageSize::Huge2M => "2 MiB hugepages",
            PageSize::Huge1G => "1 GiB hugepages",
        })
    }
}

/// Which pages to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagePreference {
    /// The largest that the machine has free and that waste no more than an eighth of the size;
    /// ordinary pages when there are no hugepages, with a warning.
    #[default]
    Largest,
    /// These and no others.
    Only(PageSize),
}

/// Size in bytes of the machine's ordinary pages.
pub(crate) fn granule() -> u64 {
    // SAFETY: sysconf takes a number and touches no memory of ours.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(size).unwrap_or(4096)
}

/// Zeroed memory that is there to the last byte: touching it neither fails nor waits for a page.
///
/// It is not inherited by forked children, whose copy-on-write would take it from under the device.
#[derive(Debug)]
pub(super) struct Backing {
    map: MmapRaw,
    /// Where the memory starts in the mapping.
    skip: usize,
    len: usize,
    pages: PageSize,
}

impl Backing {
    /// Takes at least `size` bytes, rounded up to whole pages.
    ///
    /// # Errors
    /// `size` is 0 or absurd; the machine has not that much memory, or not the pages that were asked
    /// for.
    pub(super) fn take(size: usize, preference: PagePreference) -> Result<Backing> {
        let config = |allowed: String| Error::Config {
            key: "memory size",
            value: size.to_string(),
            allowed,
        };
        if size == 0 || size > isize::MAX as usize - GIB {
            return Err(config("from 1 byte to what the machine has".to_owned()));
        }
        let failed = |pages: PageSize, source| Error::Kernel {
            device: "DMA memory".to_owned(),
            action: format!("take {size} bytes of {pages}"),
            source,
            remedy: remedy(size, pages),
        };
        let pages = match preference {
            PagePreference::Only(pages) => {
                return Backing::of(size, pages).map_err(|source| failed(pages, source));
            }
            PagePreference::Largest => [PageSize::Huge1G, PageSize::Huge2M],
        };
        for pages in pages.into_iter().filter(|pages| is_fitting(size, *pages)) {
            match Backing::of(size, pages) {
                Ok(backing) => return Ok(backing),
                Err(error) => tracing::debug!(size, %pages, %error, "not to be had"),
            }
        }
        static WARNED: Once = Once::new();
        WARNED.call_once(|| {
            tracing::warn!(
                size,
                "DMA memory is made of ordinary pages, which costs translations on the way of each packet: {}",
                remedy(size, PageSize::Huge2M)
            );
        });
        Backing::of(size, PageSize::Ordinary).map_err(|source| failed(PageSize::Ordinary, source))
    }

    fn of(size: usize, pages: PageSize) -> io::Result<Backing> {
        let len =
            size.checked_next_multiple_of(pages.bytes()).ok_or(io::ErrorKind::InvalidInput)?;
        let (map, skip) = match pages.memfd_flag() {
            Some(flag) => (huge(len, flag)?, 0),
            None => ordinary(len)?,
        };
        map.advise(Advice::DontFork)?;
        Ok(Backing { map, skip, len, pages })
    }

    /// The first byte.
    pub(super) fn base(&self) -> NonNull<u8> {
        // SAFETY: `skip + len` bytes are within the mapping, and no byte of a mapping is at null.
        unsafe { NonNull::new_unchecked(self.map.as_mut_ptr().add(self.skip)) }
    }

    /// Length in bytes, whole pages.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The pages that it is made of.
    pub(super) fn pages(&self) -> PageSize {
        self.pages
    }
}

/// Whether rounding up to such pages wastes no more than an eighth; a single 2 MiB page is cheap
/// enough for anything.
fn is_fitting(size: usize, pages: PageSize) -> bool {
    let waste = size.next_multiple_of(pages.bytes()) - size;
    waste <= size / 8 || pages == PageSize::Huge2M && waste < 2 * MIB
}

fn remedy(size: usize, pages: PageSize) -> String {
    if pages == PageSize::Ordinary {
        return "free some memory, or ask for less".to_owned();
    }
    let count = size.div_ceil(pages.bytes());
    let kib = pages.bytes() >> 10;
    format!(
        "reserve them with `echo {count} > /sys/kernel/mm/hugepages/hugepages-{kib}kB/nr_hugepages` (add to the number that is there; 1 GiB pages are best reserved at boot: hugepagesz=1G hugepages=N)"
    )
}

/// Hugepages from the pool. `fallocate` takes every page there and then, so that a pool (or a
/// control group's share of it) which runs out is an error here and not a SIGBUS later.
fn huge(len: usize, flag: libc::c_uint) -> io::Result<MmapRaw> {
    const NAME: &CStr = c"barline";
    // SAFETY: the name is NUL-terminated; the call makes a descriptor and touches no memory of ours.
    let fd =
        unsafe { libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC | libc::MFD_HUGETLB | flag) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    let file = unsafe { File::from_raw_fd(fd) };
    file.set_len(len as u64)?;
    let size = libc::off64_t::try_from(len).map_err(|_| io::ErrorKind::InvalidInput)?;
    loop {
        // SAFETY: works on the descriptor and touches no memory of ours.
        if unsafe { libc::fallocate64(file.as_raw_fd(), 0, 0, size) } == 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    MmapOptions::new().len(len).populate().map_raw(&file)
}

/// Ordinary pages, aligned to 2 MiB and marked for transparent hugepages when they are many.
fn ordinary(len: usize) -> io::Result<(MmapRaw, usize)> {
    let align = if len >= 2 * MIB { 2 * MIB } else { granule() as usize };
    let room = len.checked_add(align).ok_or(io::ErrorKind::InvalidInput)?;
    let map = MmapRaw::from(MmapOptions::new().len(room).map_anon()?);
    let skip = map.as_ptr().addr().wrapping_neg() % align;
    // Not every kernel has transparent hugepages, and the memory is as good without.
    let _ = map.advise_range(Advice::HugePage, skip, len);
    match map.advise_range(Advice::PopulateWrite, skip, len) {
        Ok(()) => {}
        // Kernels before 5.14 do not know the advice.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
            for at in (skip..skip + len).step_by(granule() as usize) {
                // SAFETY: `at` is within the mapping, which nobody else knows of yet.
                unsafe { map.as_mut_ptr().add(at).write_volatile(0) };
            }
        }
        Err(error) => return Err(error),
    }
    Ok((map, skip))
}

#[cfg(test)]
#[path = "backing_tests.rs"]
mod tests;
