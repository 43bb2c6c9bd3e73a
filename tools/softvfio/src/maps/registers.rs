//! Mapping the registers of a device.
#![allow(unsafe_code)]

use std::env::consts::ARCH;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use libc::{c_int, c_void};
use softnic::PLAIN_START;

use super::bars::Mapped;
use super::keep::{given, make_room};
use super::kernel::{self, PAGE};
use super::{ANYTHING, STATE};
use crate::access::Registers;
use crate::trap::{self, CAN_TRAP};
use crate::{Errno, say, signals, trace};

const MOVE: c_int = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;

/// What mmap(2) is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    /// Where; null for anywhere.
    pub address: *mut c_void,
    /// Bytes.
    pub len: usize,
    /// PROT_READ, PROT_WRITE.
    pub protection: c_int,
    /// MAP_SHARED, MAP_FIXED and their like.
    pub flags: c_int,
    /// The file with the registers.
    pub fd: c_int,
    /// Where in the file.
    pub offset: i64,
}

/// Maps registers: those of `registers` from `bar_offset` on, which the file has at the mapping's offset.
/// Page 0 is trapped, the others are the file's memory. `registers` lives as long as any of it is mapped.
///
/// # Safety
/// As for mmap(2). The file is memory that may be read and written at any time.
///
/// # Errors
/// Those of mmap(2). ENOTSUP: accesses cannot be trapped on this processor.
pub unsafe fn map_bar(
    registers: Arc<dyn Registers>,
    mapping: Mapping,
    bar_offset: usize,
) -> Result<*mut c_void, Errno> {
    signals::install()?;
    let Mapping { address, len, protection, flags, fd, offset } = mapping;
    let no_replace = flags & libc::MAP_FIXED_NOREPLACE == libc::MAP_FIXED_NOREPLACE;
    let fixed = flags & libc::MAP_FIXED != 0 && !no_replace;
    let loose = if fixed { flags & !libc::MAP_FIXED } else { flags };
    let hint = if fixed { 0 } else { address.addr() };
    let whole = len.checked_next_multiple_of(PAGE).ok_or(libc::ENOMEM)?;
    let place = address.addr();
    if fixed && (!place.is_multiple_of(PAGE) || place.checked_add(whole).is_none()) {
        return Err(libc::EINVAL);
    }
    // SAFETY: as promised by the caller. Nobody can reach it before it is known here.
    let mut start = unsafe { kernel::mmap(hint, len, libc::PROT_NONE, loose, fd, offset) }?;
    if fixed {
        make_room(&(place..place + whole));
        // SAFETY: as promised by the caller.
        unsafe { kernel::mremap(start, whole, whole, MOVE, place) }?;
        start = place;
    }
    let at = start..start + whole;
    let opened = add(&registers, &at, protection, bar_offset);
    if let Err(errno) = opened {
        make_room(&at);
        // SAFETY: it was mapped just now, and the program does not know of it.
        _ = unsafe { kernel::munmap(&at) };
        return Err(errno);
    }
    Ok(given(start))
}

/// Makes pages that were mapped with no access known, and lets the program have those that are not
/// trapped.
fn add(
    registers: &Arc<dyn Registers>,
    at: &Range<usize>,
    protection: c_int,
    bar_offset: usize,
) -> Result<(), Errno> {
    let control = PLAIN_START.saturating_sub(bar_offset).min(at.len());
    let middle = if trace::on() { at.end } else { at.start + control };
    ANYTHING.store(true, Ordering::Release);
    if middle > at.start && !CAN_TRAP {
        say(format_args!(
            "this program maps registers whose access has effects (page 0 of BAR 0), which works on x86-64 \
             only: on {ARCH} they can be read and written by calls (pread, pwrite), or not mapped"
        ));
        return Err(libc::ENOTSUP);
    }
    let mut state = STATE.lock();
    trap::prepare();
    for (part, trapped) in [(at.start..middle, true), (middle..at.end, false)] {
        if part.is_empty() {
            continue;
        }
        let offset = bar_offset + (part.start - at.start);
        let registers = Arc::clone(registers);
        state.bars.insert(Mapped { at: part.clone(), offset, trapped, protection, registers });
        if !trapped {
            // SAFETY: the program asked for it, and does not know of the memory yet.
            unsafe { kernel::mprotect(&part, protection) }?;
        }
    }
    Ok(())
}

/// mremap(2) of memory in which registers are mapped. As such it cannot grow, nor be there twice.
pub(super) fn move_to(
    from: &Range<usize>,
    new_len: usize,
    flags: c_int,
    target: Option<Range<usize>>,
) -> Result<usize, Errno> {
    let left = new_len.checked_next_multiple_of(PAGE).ok_or(libc::EINVAL)?;
    if left == 0 || flags & !MOVE != 0 {
        return Err(libc::EINVAL);
    }
    if left > from.len() {
        return Err(libc::EFAULT);
    }
    let tail = from.start + left..from.end;
    if !tail.is_empty() {
        make_room(&tail);
        // SAFETY: the program wants to be rid of it.
        unsafe { kernel::munmap(&tail) }?;
    }
    let Some(target) = target else { return Ok(from.start) };
    make_room(&target);
    // Held meanwhile: who reaches for a register waits for it to be known again.
    let mut state = STATE.lock();
    // SAFETY: the program wants to be rid of what is there, and expects its registers there instead.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        kernel::mmap(target.start, left, libc::PROT_NONE, flags, -1, 0)?;
        kernel::move_pages(&(from.start..from.start + left), target.start);
    }
    for mapped in state.bars.remove(from) {
        let start = mapped.at.start - from.start + target.start;
        let at = start..start + mapped.at.len();
        state.bars.insert(Mapped { at, ..mapped });
    }
    Ok(target.start)
}
