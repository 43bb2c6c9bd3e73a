//! Regions of a device: base address registers mapped into the process where the kernel allows it,
//! and reached by pread and pwrite where it does not.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::ptr::NonNull;
use std::sync::OnceLock;

use barline_ring::barrier;
use memmap2::{MmapOptions, MmapRaw};
use vfio_bindings::bindings::vfio as uapi;

use super::capability::{self, RegionAnswer};
use super::ioctl;

/// What a read gives that nothing answers.
pub(super) const NO_ANSWER: u32 = !0;

/// One region of a device.
#[derive(Debug)]
pub(super) struct Region {
    answer: RegionAnswer,
    /// The parts that are mapped, from the first use on: a region that nobody touches, such as the
    /// table of interrupt vectors, is never mapped.
    windows: OnceLock<Windows>,
}

/// What became of the parts that may be mapped.
#[derive(Debug, Default)]
struct Windows {
    mapped: Vec<Window>,
    /// Why the last of those that are not mapped is not.
    failed: Option<io::Error>,
}

/// A part of a region that is mapped.
#[derive(Debug)]
struct Window {
    /// Where it starts in the region.
    start: u64,
    map: MmapRaw,
}

impl Region {
    /// Asks the kernel about region `index`.
    ///
    /// # Errors
    /// The kernel's answer, or that it makes no sense.
    pub(super) fn query(device: &File, index: u32) -> io::Result<Region> {
        let answer = ioctl::region_info(device.as_fd(), index)?;
        let answer = capability::region(&answer)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Region::new(answer))
    }

    fn new(answer: RegionAnswer) -> Region {
        Region { answer, windows: OnceLock::new() }
    }

    /// Length in bytes; 0 where there is no such region.
    pub(super) fn len(&self) -> u64 {
        self.answer.size
    }

    /// Reads a register; all ones where there is none.
    pub(super) fn read32(&self, device: &File, offset: u64) -> u32 {
        if !self.holds_register(offset) {
            return NO_ANSWER;
        }
        if let Ok(register) = self.register(device, offset) {
            // SAFETY: `register` gives valid and aligned addresses inside a mapping that lives as
            // long as `self`.
            let value = unsafe { register.as_ptr().read_volatile() };
            // What is read next was not read earlier.
            barrier::acquire();
            return u32::from_le(value);
        }
        let mut bytes = [0; 4];
        match self.read(device, offset, &mut bytes) {
            Ok(()) => u32::from_le_bytes(bytes),
            Err(_) => NO_ANSWER,
        }
    }

    /// Writes a register; nothing happens where there is none.
    pub(super) fn write32(&self, device: &File, offset: u64, value: u32) {
        if !self.holds_register(offset) {
            return;
        }
        if let Ok(register) = self.register(device, offset) {
            // What was written to memory before is there when the device sees this.
            barrier::release();
            // SAFETY: as in `read32`.
            unsafe { register.as_ptr().write_volatile(value.to_le()) };
            return;
        }
        // Posted, like the write to a mapping: nobody hears of a failure.
        if let Err(error) = self.write(device, offset, &value.to_le_bytes()) {
            tracing::debug!(offset, value, %error, "a register write did not reach the device");
        }
    }

    /// The address of a register in a part that is mapped. It is valid for as long as `self`.
    ///
    /// # Errors
    /// There is no such register, it may not be mapped, or mapping it has failed.
    pub(super) fn register(&self, device: &File, offset: u64) -> io::Result<NonNull<u32>> {
        let none = || Err(io::Error::from(io::ErrorKind::InvalidInput));
        if !self.holds_register(offset) {
            return none();
        }
        let windows = self.windows.get_or_init(|| self.map(device));
        let register = windows.mapped.iter().find_map(|window| {
            let at = offset.checked_sub(window.start)?;
            let at = usize::try_from(at).ok()?;
            if at.checked_add(4)? > window.map.len() {
                return None;
            }
            // SAFETY: `at + 4` is within the mapping. The mapping begins at a page and `at` is a
            // multiple of four, since `offset` and the window's start are.
            let register = unsafe { window.map.as_mut_ptr().add(at) };
            NonNull::new(register.cast::<u32>())
        });
        match (register, windows.failed.as_ref().map(io::Error::raw_os_error)) {
            (Some(register), _) => Ok(register),
            (None, Some(Some(errno))) => Err(io::Error::from_raw_os_error(errno)),
            (None, _) => none(),
        }
    }

    /// Reads bytes through the descriptor.
    ///
    /// # Errors
    /// The range is outside the region, or the kernel refused.
    pub(super) fn read(&self, device: &File, offset: u64, data: &mut [u8]) -> io::Result<()> {
        let at = self.position(offset, data.len())?;
        device.read_exact_at(data, at)
    }

    /// Writes bytes through the descriptor.
    ///
    /// # Errors
    /// As for [`Region::read`].
    pub(super) fn write(&self, device: &File, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = self.position(offset, data.len())?;
        device.write_all_at(data, at)
    }

    fn holds_register(&self, offset: u64) -> bool {
        offset.is_multiple_of(4) && self.position(offset, 4).is_ok()
    }

    /// Where in the descriptor a range of the region lies.
    fn position(&self, offset: u64, len: usize) -> io::Result<u64> {
        let inside = offset.checked_add(len as u64).is_some_and(|end| end <= self.answer.size);
        self.answer.offset.checked_add(offset).filter(|_| inside).ok_or_else(|| {
            let what = format!(
                "bytes {offset:#x} to {:#x} of a region of {:#x}",
                offset.saturating_add(len as u64),
                self.answer.size
            );
            io::Error::new(io::ErrorKind::InvalidInput, what)
        })
    }

    fn map(&self, device: &File) -> Windows {
        let mut windows = Windows::default();
        for (start, len) in mappable(&self.answer, crate::dma::granule()) {
            let (Some(at), Ok(len)) = (self.answer.offset.checked_add(start), usize::try_from(len))
            else {
                continue;
            };
            match MmapOptions::new().offset(at).len(len).map_raw(device) {
                Ok(map) => windows.mapped.push(Window { start, map }),
                Err(error) => {
                    tracing::warn!(start, len, %error, "registers are not mapped, and slow to reach");
                    windows.failed = Some(error);
                }
            }
        }
        windows
    }
}

/// The parts of a region that may be mapped, as `(offset, length)`: inside the region, each starting
/// at a page, and ending at one unless it reaches to the end.
fn mappable(answer: &RegionAnswer, page: u64) -> Vec<(u64, u64)> {
    const NEEDED: u32 = uapi::VFIO_REGION_INFO_FLAG_READ
        | uapi::VFIO_REGION_INFO_FLAG_WRITE
        | uapi::VFIO_REGION_INFO_FLAG_MMAP;
    if answer.flags & NEEDED != NEEDED || !answer.offset.is_multiple_of(page) {
        return Vec::new();
    }
    let whole = [(0, answer.size)];
    let listed = answer.sparse.as_deref().unwrap_or(&whole);
    listed
        .iter()
        .filter_map(|(start, len)| {
            let end = start.saturating_add(*len).min(answer.size);
            let start = start.checked_next_multiple_of(page)?;
            let end = if end == answer.size { end } else { end - end % page };
            (start < end).then(|| (start, end - start))
        })
        .collect()
}

#[cfg(test)]
#[path = "region_tests.rs"]
mod tests;
