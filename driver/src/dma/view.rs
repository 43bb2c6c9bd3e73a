//! The control plane's way to look at DMA memory: copies in and out, never references.
#![allow(unsafe_code)]

use std::fmt::Write;

use barline_ring::DmaSlice;
use vm_memory::VolatileSlice;

/// A view that makes volatile copies. It lives no longer than the borrow of the slice.
fn view(slice: &DmaSlice) -> VolatileSlice<'_> {
    // SAFETY: the slice's owner promised memory that is valid while the slice lives. A device may
    // change it meanwhile, which is why all access is volatile and by copy.
    unsafe { VolatileSlice::new(slice.base().as_ptr(), slice.len()) }
}

/// Fills the whole slice with zeros. It is the caller's to write, since it is the only owner.
pub fn zero(slice: &mut DmaSlice) {
    let view = view(slice);
    const ZEROS: [u8; 4096] = [0; 4096];
    for at in (0..slice.len()).step_by(ZEROS.len()) {
        if let Ok(rest) = view.offset(at) {
            rest.copy_from(&ZEROS);
        }
    }
}

/// Copies bytes from `offset` on out of the slice, and says how many there were: fewer than asked
/// for at its end. A device that writes meanwhile may leave parts of two states in the copy.
pub fn copy_out(slice: &DmaSlice, offset: usize, out: &mut [u8]) -> usize {
    view(slice).offset(offset).map_or(0, |rest| rest.copy_to(out))
}

/// Bytes of the slice as text, 16 a line with their IOVA: descriptors for a person to read.
pub fn hexdump(slice: &DmaSlice, offset: usize, len: usize) -> String {
    let mut text = String::new();
    let end = offset.saturating_add(len).min(slice.len());
    for at in (offset..end).step_by(16) {
        let mut line = [0; 16];
        let count = copy_out(slice, at, &mut line[..16.min(end - at)]);
        // Writing to a String does not fail.
        let _ = write!(text, "{:012x} ", slice.iova() + at as u64);
        for byte in &line[..count] {
            let _ = write!(text, " {byte:02x}");
        }
        text.push('\n');
    }
    text
}
