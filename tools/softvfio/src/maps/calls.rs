//! munmap, mmap, mremap and mprotect of memory that is the devices' affair.
#![allow(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::Ordering;

use libc::{c_int, c_void};

use super::keep::{given, make_room, move_away, paused, rebase};
use super::kernel::{self, PAGE};
use super::registers;
use super::{ANYTHING, STATE, State};
use crate::Errno;

/// The pages of a range, as the kernel reads it: it starts on a page, and ends on the next one. `None`
/// if it does not, or is nothing.
fn pages(address: usize, len: usize) -> Option<Range<usize>> {
    let end = address.checked_add(len.checked_next_multiple_of(PAGE)?)?;
    (address.is_multiple_of(PAGE) && len > 0).then_some(address..end)
}

/// Whether anything is the devices' affair.
fn anything() -> bool {
    ANYTHING.load(Ordering::Acquire)
}

/// The pages of a range in which something is the devices' affair.
fn concerned(address: usize, len: usize) -> Option<Range<usize>> {
    let range = pages(address, len)?;
    (anything() && STATE.lock().touches(&range)).then_some(range)
}

/// munmap(2). `None`: the real one has the say.
///
/// # Safety
/// As for munmap(2).
pub unsafe fn munmap(address: usize, len: usize) -> Option<Result<(), Errno>> {
    let range = concerned(address, len)?;
    make_room(&range);
    // SAFETY: as promised by the caller.
    Some(unsafe { kernel::munmap(&range) })
}

/// mmap(2) with MAP_FIXED, of anything but a device. `None`: the real one has the say.
///
/// # Safety
/// As for mmap(2).
pub unsafe fn mmap_fixed(
    address: usize,
    len: usize,
    protection: c_int,
    flags: c_int,
    fd: c_int,
    offset: i64,
) -> Option<Result<*mut c_void, Errno>> {
    let range = concerned(address, len)?;
    if flags & libc::MAP_FIXED_NOREPLACE == libc::MAP_FIXED_NOREPLACE {
        return None;
    }
    // Mapped elsewhere first: what cannot be mapped at all must replace nothing.
    // SAFETY: as promised by the caller; it replaces nothing.
    let fresh = unsafe { kernel::mmap(0, len, protection, flags & !libc::MAP_FIXED, fd, offset) };
    let Ok(fresh) = fresh else { return Some(fresh.map(given)) };
    make_room(&range);
    const MOVE: c_int = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: as promised by the caller; nobody knows of the new memory but us.
    Some(unsafe { kernel::mremap(fresh, range.len(), range.len(), MOVE, address) }.map(given))
}

/// mremap(2). `None`: the real one has the say.
///
/// # Safety
/// As for mremap(2).
pub unsafe fn mremap(
    old: usize,
    old_len: usize,
    new_len: usize,
    flags: c_int,
    new: usize,
) -> Option<Result<*mut c_void, Errno>> {
    let from = pages(old, old_len).filter(|_| anything())?;
    let target = pages(new, new_len).filter(|_| flags & libc::MREMAP_FIXED != 0);
    let (registers, touched) = {
        let state = STATE.lock();
        let touches =
            |range: &Option<Range<usize>>| range.as_ref().is_some_and(|range| state.touches(range));
        let registers = state.bars.touch(&from);
        (registers, state.touches(&from) || touches(&target))
    };
    let overlap = target.as_ref().is_some_and(|to| to.start < from.end && from.start < to.end);
    // What the kernel refuses it is to refuse before anything has changed.
    if !touched || overlap || flags & libc::MREMAP_FIXED != 0 && target.is_none() {
        return None;
    }
    if registers {
        return Some(registers::move_to(&from, new_len, flags, target).map(given));
    }
    if let Some(target) = &target {
        make_room(target);
    }
    let kept = from.start..pages(old, new_len)?.end.min(from.end);
    // SAFETY: as promised by the caller.
    Some(paused(|translations| unsafe {
        move_away(&(kept.end..from.end), translations);
        let at = kernel::mremap(old, old_len, new_len, flags, new)?;
        if at != old {
            let moved = STATE.lock().pins.shift(&kept, at, None);
            rebase(&moved, translations);
        }
        Ok(given(at))
    }))
}

/// mprotect(2). `None`: the real one has the say.
///
/// # Safety
/// As for mprotect(2).
pub unsafe fn mprotect(address: usize, len: usize, protection: c_int) -> Option<Result<(), Errno>> {
    let range = pages(address, len).filter(|_| anything())?;
    // Held to the end: a page must not be opened by one call while another notes that it is trapped.
    let mut state = STATE.lock();
    if !state.bars.within(&range).iter().any(|mapped| mapped.trapped) {
        return None;
    }
    let State { bars, .. } = &mut *state;
    let mut trapped = Vec::new();
    for mut mapped in bars.remove(&range) {
        if mapped.trapped {
            trapped.push(mapped.at.clone());
        }
        mapped.protection = protection;
        bars.insert(mapped);
    }
    let ends = trapped.iter().map(|at| at.start).chain([range.end]);
    let starts = [range.start].into_iter().chain(trapped.iter().map(|at| at.end));
    let others = starts.zip(ends).map(|(start, end)| start..end).filter(|other| !other.is_empty());
    // SAFETY: as promised by the caller.
    let results = others.map(|other| unsafe { kernel::mprotect(&other, protection) });
    Some(results.fold(Ok(()), Result::and))
}
