//! Pages that the program takes from where devices reach them.
#![allow(unsafe_code)]

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use libc::c_void;

use super::kernel;
use super::pinned::{Kept, Pinned};
use super::{DEVICES, STATE, Translations};
use crate::Errno;
use crate::signals::Blocked;

/// Huge pages are moved to addresses that are aligned as they are.
const ALIGNMENTS: [usize; 3] = [1 << 30, 2 << 20, kernel::PAGE];

/// What is there when there are no devices.
struct Nothing;

impl Translations for Nothing {
    unsafe fn rebase(&mut self, _: u64, _: u64, _: u64, _: NonNull<u8>) {}
}

/// Does something at a time when no device reaches memory.
pub(super) fn paused<R>(act: impl FnOnce(&mut dyn Translations) -> R) -> R {
    // A handler of the program's that reached for a register would wait for this thread.
    let _blocked = Blocked::but_faults();
    let devices = DEVICES.lock().clone();
    let (mut act, mut result) = (Some(act), None);
    let mut once = |translations: &mut dyn Translations| {
        if let Some(act) = act.take() {
            result = Some(act(translations));
        }
    };
    if let Some(devices) = devices {
        devices.paused(&mut once);
    }
    // An adapter that has failed reaches nothing.
    once(&mut Nothing);
    result.expect("it was called just now at the latest")
}

/// Makes a range ready for something else: registers that are mapped there are so no more, and pages
/// that devices reach are moved away. What else is there stays.
pub(super) fn make_room(range: &Range<usize>) {
    let registers = STATE.lock().bars.remove(range);
    drop(registers);
    if STATE.lock().pins.touch(range) {
        paused(|translations| move_away(range, translations));
    }
}

/// Moves the pages in a range that devices reach to a place of ours.
pub(super) fn move_away(range: &Range<usize>, translations: &mut dyn Translations) {
    let places = STATE.lock().pins.places(range);
    for place in places {
        // Without memory for that they find empty pages there, see `mend`.
        let Ok(to) = reserve(&place) else { continue };
        // SAFETY: the memory at `to` was made just now. That at `place` is the program's, which wants to
        // be rid of it; no device reaches it now, and those that do later are told of the new place.
        let kept = unsafe {
            kernel::take_pages(&place, to);
            Arc::new(Kept::new(to..to + place.len()))
        };
        let moved = STATE.lock().pins.shift(&place, to, Some(&kept));
        rebase(&moved, translations);
    }
}

/// Tells devices where memory is.
pub(super) fn rebase(moved: &[Pinned], translations: &mut dyn Translations) {
    for Pinned { space, iova, at, .. } in moved {
        let Some(base) = NonNull::new(kernel::pointer(at.start).cast()) else { continue };
        // SAFETY: as many pages are there as were before, and they stay until they are moved or
        // unmapped by way of this module.
        unsafe { translations.rebase(*space, *iova, at.len() as u64, base) };
    }
}

/// Empty memory as long as a range, and aligned like it.
fn reserve(range: &Range<usize>) -> Result<usize, Errno> {
    let aligned = |to: &usize| range.start.is_multiple_of(*to) && range.len().is_multiple_of(*to);
    let alignment = ALIGNMENTS.into_iter().find(aligned).ok_or(libc::EINVAL)?;
    let slack = alignment - kernel::PAGE;
    let len = range.len().checked_add(slack).ok_or(libc::ENOMEM)?;
    let whole = kernel::anonymous(len, libc::PROT_READ | libc::PROT_WRITE)?;
    let start = whole.next_multiple_of(alignment);
    for rest in [whole..start, start + range.len()..whole + len] {
        if !rest.is_empty() {
            // SAFETY: part of what was mapped just now.
            unsafe { kernel::munmap(&rest) }?;
        }
    }
    Ok(start)
}

/// An address as the program gave it.
pub(super) fn given(address: usize) -> *mut c_void {
    kernel::pointer(address)
}
