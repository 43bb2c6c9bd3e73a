//! A device's regions: two BARs and the configuration space, of which the program reads, writes and maps.

use std::sync::Arc;

use softnic::{BAR_LEN, RegisterFile, VECTORS};
use vfio_bindings::bindings::vfio as uapi;

use super::Device;
use crate::access;
use crate::trace::{self, Event};
use crate::user::User;
use crate::{Errno, sys};

/// A region's place in the device's file, as the program is told: its number from this bit on.
const SHIFT: u32 = 40;

/// BAR 0: the registers.
const REGISTERS_BAR: u32 = uapi::VFIO_PCI_BAR0_REGION_INDEX;

/// BAR 3: the table of MSI-X, and its pending bits.
pub(super) const MSIX_BAR: u32 = uapi::VFIO_PCI_BAR3_REGION_INDEX;

/// Bytes of the table, at the BAR's start. A program cannot reach it: vectors are set up by VFIO.
const MSIX_TABLE: usize = 16 * VECTORS;

/// Bytes of configuration space.
const CONFIG_LEN: usize = 4096;

/// Where the program is told that a region is.
pub(super) fn offset(index: u32) -> u64 {
    u64::from(index) << SHIFT
}

/// Bytes of a region, 0 for one that the device does not have; `None` if there is none of that number.
/// Legacy VGA is not among those that any VF has.
pub(super) fn len(index: u32) -> Option<usize> {
    match index {
        REGISTERS_BAR | MSIX_BAR => Some(BAR_LEN),
        uapi::VFIO_PCI_CONFIG_REGION_INDEX => Some(CONFIG_LEN),
        0..=uapi::VFIO_PCI_ROM_REGION_INDEX => Some(0),
        _ => None,
    }
}

/// Gives the registers' file room for the other BAR behind them, which is all zero.
pub(super) fn size(file: &Arc<RegisterFile>) -> Result<(), Errno> {
    sys::set_len(file.fd(), 2 * BAR_LEN)
}

/// Where in that file a BAR is.
fn place(index: u32) -> usize {
    if index == MSIX_BAR { BAR_LEN } else { 0 }
}

/// Which region an offset is in, and where in it.
fn split(offset: i64) -> Result<(u32, usize), Errno> {
    let offset = u64::try_from(offset).map_err(|_| libc::EINVAL)?;
    let index = u32::try_from(offset >> SHIFT).map_err(|_| libc::EINVAL)?;
    Ok((index, (offset & ((1 << SHIFT) - 1)) as usize))
}

/// Whether an offset is in configuration space.
pub(crate) fn is_config(offset: i64) -> bool {
    split(offset).is_ok_and(|(index, _)| index == uapi::VFIO_PCI_CONFIG_REGION_INDEX)
}

/// What a mapping of a region is one of.
#[derive(Debug)]
pub(crate) struct Mapped {
    /// Where in the file.
    pub(crate) file_offset: usize,
    /// Where in the registers; `None` if it is of the other BAR.
    pub(crate) registers: Option<usize>,
}

/// Whether a program may map `len` bytes from an offset on, and what that is.
pub(crate) fn mapped(offset: i64, len: usize, shared: bool) -> Result<Mapped, Errno> {
    let (index, at) = split(offset)?;
    let is_bar = matches!(index, REGISTERS_BAR | MSIX_BAR);
    let end = len.checked_next_multiple_of(4096).and_then(|len| at.checked_add(len));
    if !shared || !is_bar || end.is_none_or(|end| end > BAR_LEN) {
        return Err(libc::EINVAL);
    }
    let registers = (index == REGISTERS_BAR).then_some(at);
    Ok(Mapped { file_offset: place(index) + at, registers })
}

impl Device {
    /// Bytes of a region that can be reached, and where they begin: as many as are asked for, or as there
    /// are to the end of a BAR.
    fn reach(offset: i64, count: usize) -> Result<(u32, usize, usize), Errno> {
        let (index, at) = split(offset)?;
        let len = len(index).ok_or(libc::EINVAL)?;
        if index == uapi::VFIO_PCI_CONFIG_REGION_INDEX {
            let fits = at.checked_add(count).is_some_and(|end| end <= len);
            return if fits { Ok((index, at, count)) } else { Err(libc::EFAULT) };
        }
        if at >= len {
            return Err(libc::EINVAL);
        }
        Ok((index, at, count.min(len - at)))
    }

    /// pread(2) of a device.
    pub(crate) fn read(&self, buffer: User, count: usize, offset: i64) -> Result<usize, Errno> {
        if count == 0 {
            return Ok(0);
        }
        let (index, at, count) = Device::reach(offset, count)?;
        let mut bytes = vec![0; count];
        match index {
            REGISTERS_BAR => access::read(&*self.registers, at, &mut bytes),
            MSIX_BAR => {
                let table = MSIX_TABLE.saturating_sub(at).min(count);
                bytes[..table].fill(0xff);
            }
            _ => {
                self.config.read(&self.registers.home, at, &mut bytes)?;
                self.record(at, &bytes, false);
            }
        }
        buffer.write_bytes(&bytes)?;
        Ok(count)
    }

    /// pwrite(2) of a device.
    pub(crate) fn write(
        &mut self,
        buffer: User,
        count: usize,
        offset: i64,
    ) -> Result<usize, Errno> {
        if count == 0 {
            return Ok(0);
        }
        let (index, at, count) = Device::reach(offset, count)?;
        let mut bytes = vec![0; count];
        buffer.read_bytes(&mut bytes)?;
        match index {
            REGISTERS_BAR => access::write(&*self.registers, at, &bytes),
            // Neither the table nor the pending bits can be written.
            MSIX_BAR => (),
            _ => {
                self.record(at, &bytes, true);
                self.config.write(&self.registers.home, at, &bytes)?;
            }
        }
        Ok(count)
    }

    /// Notes an access to configuration space in the trace.
    fn record(&self, at: usize, bytes: &[u8], write: bool) {
        trace::record(&Event::Config { vf: self.vf, offset: at as u64, bytes, write });
    }
}
