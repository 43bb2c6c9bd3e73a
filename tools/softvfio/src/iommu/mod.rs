//! The IOMMU of a container, type 1 (Linux 6.12 `drivers/vfio/vfio_iommu_type1.c`): one address space, in
//! which the program maps its memory for the container's devices.
//!
//! Left out, and not offered: the record of pages that devices have written to (VFIO_IOMMU_DIRTY_PAGES),
//! and new addresses of memory that stays mapped (VFIO_UPDATE_VADDR), as in Linux before 5.8 and 5.12.
#![allow(unsafe_code)]

mod info;
mod mappings;

use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};

use softnic::{Access, MapError, Space};
use vfio_bindings::bindings::vfio as uapi;

use crate::home::Home;
use crate::user::{Plain, User};
use crate::{Errno, maps, say, sys};
use info::{PAGE, RANGES};
use mappings::Mappings;

/// The head of `vfio_iommu_type1_dma_unmap`, which data may follow.
#[repr(C)]
#[derive(Clone, Copy)]
struct Unmap {
    argsz: u32,
    flags: u32,
    iova: u64,
    size: u64,
}

// SAFETY: integers only, without a gap between them.
unsafe impl Plain for Unmap {}

/// An IOMMU that was set on a container.
#[derive(Debug)]
pub(crate) struct Iommu {
    /// VFIO_TYPE1v2_IOMMU: what is unmapped was mapped whole.
    v2: bool,
    space: Space,
    mappings: Mappings,
}

impl Iommu {
    pub(crate) fn new(v2: bool, space: Space) -> Iommu {
        Iommu { v2, space, mappings: Mappings::new() }
    }

    /// The address space that devices are to be in.
    pub(crate) fn space(&self) -> Space {
        self.space
    }

    /// `VFIO_IOMMU_GET_INFO`.
    pub(crate) fn info(&self, argument: User) -> Result<(), Errno> {
        info::answer(argument, self.mappings.left())
    }

    /// `VFIO_IOMMU_MAP_DMA`.
    pub(crate) fn map(&mut self, home: &Home, argument: User) -> Result<(), Errno> {
        let map: uapi::vfio_iommu_type1_dma_map = argument.read()?;
        let access = match map.flags {
            _ if (map.argsz as usize) < size_of_val(&map) => return Err(libc::EINVAL),
            uapi::VFIO_DMA_MAP_FLAG_READ => Access::Read,
            uapi::VFIO_DMA_MAP_FLAG_WRITE => Access::Write,
            flags if flags == uapi::VFIO_DMA_MAP_FLAG_READ | uapi::VFIO_DMA_MAP_FLAG_WRITE => {
                Access::Both
            }
            _ => return Err(libc::EINVAL),
        };
        let (iova, size) = (map.iova, map.size);
        let wraps = |first: u64| first.checked_add(size.wrapping_sub(1)).is_none();
        if size == 0
            || !(size | iova | map.vaddr).is_multiple_of(PAGE)
            || wraps(iova)
            || wraps(map.vaddr)
        {
            return Err(libc::EINVAL);
        }
        let last = iova + (size - 1);
        if self.mappings.overlaps(iova, last) {
            return Err(libc::EEXIST);
        }
        if self.mappings.left() == 0 {
            return Err(libc::ENOSPC);
        }
        if !RANGES.iter().any(|[first, end]| *first <= iova && last <= *end) {
            return Err(libc::EINVAL);
        }
        let (address, len) = (map.vaddr as usize, size as usize);
        pin(address, len, access)?;
        if let Err(errno) = self.enter(home, iova, address, len, access) {
            unpin(self.leave(iova, size));
            return Err(errno);
        }
        self.mappings.insert(iova, size);
        Ok(())
    }

    /// Has the devices find pages that are pinned.
    fn enter(
        &self,
        home: &Home,
        iova: u64,
        address: usize,
        len: usize,
        access: Access,
    ) -> Result<(), Errno> {
        let base = sys::pointer(address).cast::<u8>();
        maps::dma_mapped(self.space.0, iova, base, len)?;
        let base = NonNull::new(base).ok_or(libc::EFAULT)?;
        let mapped = home.with(|adapter| {
            let memory = adapter.space(self.space).ok_or(libc::EIO)?;
            // SAFETY: the pages are there, for this access; `maps` keeps them within reach whatever the
            // program does to them, and tells the adapter where. They are the program's, and no
            // reference of ours leads there.
            let mapped = unsafe { memory.map_for(access, base, len as u64, iova) };
            mapped.map_err(|error| match error {
                MapError::Overlap { .. } => libc::EEXIST,
                _ => libc::EINVAL,
            })
        });
        mapped.flatten()
    }

    /// Where the pages are in the program that devices no longer reach, at a range of I/O addresses.
    fn leave(&self, iova: u64, size: u64) -> Vec<std::ops::Range<usize>> {
        maps::dma_unmapped(self.space.0, iova, size)
    }

    /// `VFIO_IOMMU_UNMAP_DMA`.
    pub(crate) fn unmap(&mut self, home: &Home, argument: User) -> Result<(), Errno> {
        const KNOWN: u32 =
            uapi::VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP | uapi::VFIO_DMA_UNMAP_FLAG_ALL;
        let mut unmap: Unmap = argument.read()?;
        if (unmap.argsz as usize) < size_of_val(&unmap) || unmap.flags & !KNOWN != 0 {
            return Err(libc::EINVAL);
        }
        // Of pages that were written to there is no record.
        if unmap.flags & uapi::VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP != 0 {
            return Err(libc::EINVAL);
        }
        let (iova, size) = (unmap.iova, unmap.size);
        let last = if unmap.flags & uapi::VFIO_DMA_UNMAP_FLAG_ALL != 0 {
            if iova != 0 || size != 0 {
                return Err(libc::EINVAL);
            }
            u64::MAX
        } else {
            if size == 0 || !(size | iova).is_multiple_of(PAGE) {
                return Err(libc::EINVAL);
            }
            let last = iova.checked_add(size - 1).ok_or(libc::EINVAL)?;
            if self.v2 && self.mappings.is_cut_by(iova, last) {
                return Err(libc::EINVAL);
            }
            last
        };
        let taken = self.mappings.take(iova, last);
        self.withdraw(home, &taken);
        unmap.size = taken.iter().map(|(_, size)| size).sum();
        argument.write(&unmap)
    }

    /// Takes mappings in a row from the devices. No access is under way when this returns.
    fn withdraw(&self, home: &Home, mappings: &[(u64, u64)]) {
        let (Some((first, _)), Some((iova, size))) = (mappings.first(), mappings.last()) else {
            return;
        };
        let unmapped = home.with(|adapter| {
            let memory = adapter.space(self.space)?;
            // The last one first, which leaves less to be moved up.
            mappings.iter().rev().try_for_each(|(iova, size)| memory.unmap(*iova, *size).ok())
        });
        // An adapter that has failed reaches nothing any more.
        debug_assert_ne!(unmapped, Ok(None), "{mappings:x?}");
        unpin(self.leave(*first, iova + size - first));
    }

    /// Ends the address space with all that is mapped there.
    pub(crate) fn release(self, home: &Home) {
        // One that has failed has no spaces any more that would matter.
        _ = home.with(|adapter| adapter.drop_space(self.space));
        unpin(maps::space_gone(self.space.0));
    }
}

/// Brings pages in and keeps them: locked, as the kernel counts those that devices reach.
fn pin(address: usize, len: usize, access: Access) -> Result<(), Errno> {
    sys::populate(address, len, access != Access::Read)?;
    sys::lock_memory(address, len).inspect_err(|_| {
        // The kernel has it in its log, each time; a program that tries until nothing more fits need not be
        // told of each.
        static TOLD: AtomicBool = AtomicBool::new(false);
        if !TOLD.swap(true, Ordering::Relaxed) {
            say(format_args!(
                "{} KiB more for DMA are beyond the limit of locked memory, {} KiB: raise it \
                 (`ulimit -l`), or run as root",
                len >> 10,
                lockable() >> 10
            ));
        }
    })
}

/// How many bytes a process may lock in memory, unless it has the right to lock any.
fn lockable() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call writes to `limit` only.
    unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    limit.rlim_cur
}

/// Lets pages go.
fn unpin(places: Vec<std::ops::Range<usize>>) {
    for place in places {
        sys::unlock_memory(place.start, place.len());
    }
}
