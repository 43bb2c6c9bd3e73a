//! What a program can ask of the adapter beyond VFIO, by looking for these functions (`dlsym`):
//!
//! ```c
//! ssize_t barline_soft_step(void);
//! ssize_t barline_soft_feed(unsigned frames);
//! ssize_t barline_soft_chill(void);
//! int barline_soft_tally(uint64_t *delivered, uint64_t *taken);
//! ```
//!
//! They are for programs that measure without the adapter's time, which move it themselves
//! (`drive=caller`). All of them answer -1 if the adapter moves by itself, or there is none since no
//! container of this process has an IOMMU.
#![allow(unsafe_code)]

use std::sync::atomic::{Ordering, fence};

use libc::{c_int, c_uint, ssize_t};

use crate::ask::{ask, ask_unblocked};

/// Moves the adapter one step. Returns how many frames were moved, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_step() -> ssize_t {
    match ask(|soft| Some(Ok(soft.vfio.step()))) {
        Some(Ok(moved)) => moved,
        _ => -1,
    }
}

/// A measured step: each VF that this process has open gets `frames` frames of the options' generator,
/// fewer where a ring has no room, and everything that they have queued is taken. Frames from and to other
/// processes' VFs and the wire have no part in it. Returns how many frames were put into receive rings,
/// or -1.
///
/// In steady state it makes no system call but for interrupts that the driver has turned on. For any
/// thread, one at a time. Signal handlers that run on this thread meanwhile must not reach for devices.
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_feed(frames: c_uint) -> ssize_t {
    match ask_unblocked(|soft| Some(Ok(soft.vfio.feed(frames as usize)?))) {
        Some(Ok(delivered)) => {
            // A device's writes do not wait in this core's store buffer, where loads that are wider than
            // the stores would have to wait for them.
            fence(Ordering::SeqCst);
            delivered as ssize_t
        }
        _ => -1,
    }
}

/// Throws the descriptor rings of all queues that are on, and the bytes that the last measured step has
/// written to buffers, out of all caches. Returns how many lines were flushed, or -1, also on processors
/// for which nobody has written it (all but x86-64). Otherwise as [`barline_soft_feed`].
#[unsafe(no_mangle)]
pub extern "C" fn barline_soft_chill() -> ssize_t {
    match ask_unblocked(|soft| Some(Ok(soft.vfio.chill()?))) {
        Some(Ok(lines)) => lines as ssize_t,
        _ => -1,
    }
}

/// How many frames were put into the receive rings of this process's VFs so far, and taken from their
/// transmit rings, by whatever step; of VFs that are closed by now, too. Returns 0, or -1, when nothing is
/// written. Otherwise as [`barline_soft_feed`].
///
/// # Safety
/// Each pointer is null, or that of a number which may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn barline_soft_tally(delivered: *mut u64, taken: *mut u64) -> c_int {
    let Some(Ok(tally)) = ask_unblocked(|soft| Some(Ok(soft.vfio.tally()?))) else { return -1 };
    for (number, into) in [(tally.delivered, delivered), (tally.taken, taken)] {
        if !into.is_null() {
            // SAFETY: promised by the caller.
            unsafe { into.write(number) };
        }
    }
    0
}
