//! The address space of an adapter's VFs: its IOMMU, as the driver uses it.
#![allow(unsafe_code)]

use std::io;
use std::ops::RangeInclusive;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use barline::transport::DmaSpace;
use barline::{Error, Result};
use softnic::{Host, MapError, Spec};

use crate::error;

/// What may be mapped: the 48 bits that the adapter translates, without the window that messages of
/// interrupts go to on x86 (Intel SDM volume 3, 12.11).
const RANGES: [RangeInclusive<u64>; 2] = [0..=0xfedf_ffff, 0xfef0_0000..=(1 << 48) - 1];

/// Pages of 4 KiB, 2 MiB and 1 GiB, as VT-d has them.
const PAGE_SIZES: u64 = 1 << 12 | 1 << 21 | 1 << 30;

/// One address space for all VFs of an adapter.
#[derive(Debug)]
pub(crate) struct Space {
    name: String,
    /// `None` once the adapter has ended.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    host: Host,
    /// First address and length of each mapping.
    mapped: Vec<(u64, u64)>,
}

impl Space {
    pub(crate) fn new(spec: &Spec, host: Host) -> Space {
        let name = format!("IOMMU of soft adapter `{spec}`");
        Space { name, open: Mutex::new(Some(Open { host, mapped: Vec::new() })) }
    }

    /// Takes all mappings away, for good.
    pub(crate) fn close(&self) {
        // Locked until the mappings are gone: whoever finds it closed takes the memory for free.
        let mut guard = self.lock();
        let Some(Open { host, mapped }) = guard.take() else { return };
        let unmapped = host.with(|adapter| {
            for (iova, len) in mapped {
                // Each is there, since nothing else maps and unmaps.
                let gone = adapter.memory().unmap(iova, len);
                debug_assert_eq!(gone, Ok(()));
            }
        });
        if let Err(error) = unmapped {
            tracing::debug!(space = self.name, %error, "closed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        // No code that can panic leaves the list half-changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self, action: String, error: MapError) -> Error {
        let errno = match error {
            MapError::Range { .. } | MapError::Base { .. } => libc::EINVAL,
            MapError::Overlap { .. } => libc::EEXIST,
            MapError::Absent { .. } => libc::ENOENT,
        };
        Error::Kernel {
            device: self.name.clone(),
            action,
            source: io::Error::from_raw_os_error(errno),
            remedy: error.to_string(),
        }
    }
}

// SAFETY: the adapter reaches memory through its mappings only, with itself locked. Mapping and
// unmapping lock it, too: when an unmapping returns, no access is under way and none can follow. A
// closed space has no mappings left. An adapter that has failed is never moved again.
unsafe impl DmaSpace for Space {
    fn iova_ranges(&self) -> Vec<RangeInclusive<u64>> {
        RANGES.to_vec()
    }

    fn page_sizes(&self) -> u64 {
        PAGE_SIZES
    }

    unsafe fn map(&self, memory: NonNull<u8>, len: usize, iova: u64) -> Result<()> {
        let action = || format!("map {len} bytes at IOVA {iova:#x}");
        let mut guard = self.lock();
        let Some(open) = guard.as_mut() else {
            return Err(Error::Kernel {
                device: self.name.clone(),
                action: action(),
                source: io::Error::from_raw_os_error(libc::EBADF),
                remedy: "the adapter has ended: attach the memory to a device that is open".into(),
            });
        };
        let len = len as u64;
        // SAFETY: the caller promises that the memory stays until it is unmapped, or the space is gone,
        // and that nothing refers to bytes that a device may write.
        let mapped = open.host.with(|adapter| unsafe { adapter.memory().map(memory, len, iova) });
        mapped
            .map_err(|error| error::broken(&self.name, &error))?
            .map_err(|error| self.refused(action(), error))?;
        open.mapped.push((iova, len));
        Ok(())
    }

    fn unmap(&self, iova: u64, len: usize) -> Result<()> {
        let mut guard = self.lock();
        // One that has ended has no mappings.
        let Some(open) = guard.as_mut() else { return Ok(()) };
        let len = len as u64;
        if let Ok(done) = open.host.with(|adapter| adapter.memory().unmap(iova, len)) {
            done.map_err(|error| {
                self.refused(format!("unmap {len} bytes at IOVA {iova:#x}"), error)
            })?;
        }
        open.mapped.retain(|mapping| *mapping != (iova, len));
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.lock().is_none()
    }
}
