//! What this process has mapped that is the devices' affair: their registers, and the program's memory
//! that they reach.
//!
//! The kernel pins memory that is mapped for devices: whatever the program does to its address space,
//! they go on reaching the same pages. Here they reach it by its address in the program, so what the
//! program does to such memory is seen, and the pages are moved to a place of ours, where the devices
//! find them.
//!
//! The functions that stand in for the C library's say `None` when nothing of this is concerned; then
//! the real one has the say.
#![allow(unsafe_code)]

mod bars;
mod calls;
mod keep;
mod kernel;
mod mend;
mod pinned;
mod registers;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use calls::{mmap_fixed, mprotect, mremap, munmap};
pub(crate) use kernel::PAGE;
pub(crate) use mend::mend;
pub use registers::{Mapping, map_bar};

use crate::Errno;
use crate::lock::Lock;
use crate::signals;
use bars::Bars;
pub(crate) use bars::Mapped;
use pinned::Pins;

/// The process's devices, seen from the memory that they reach.
pub trait Devices: Send + Sync {
    /// Calls `act` once, at a time when no device reaches memory.
    fn paused(&self, act: &mut dyn FnMut(&mut dyn Translations));
}

/// What devices see of memory.
pub trait Translations {
    /// The pages of part of a mapping are now at `base`. What is not mapped any more stays so.
    ///
    /// # Safety
    /// The bytes there are valid as those before were.
    unsafe fn rebase(&mut self, space: u64, iova: u64, len: u64, base: NonNull<u8>);
}

struct State {
    bars: Bars,
    pins: Pins,
}

impl State {
    fn touches(&self, range: &Range<usize>) -> bool {
        self.bars.touch(range) || self.pins.touch(range)
    }
}

static STATE: Lock<State> = Lock::new(State { bars: Bars::new(), pins: Pins::new() });

/// Anything has been here. Most programs under `soft exec` have nothing, and map memory often.
static ANYTHING: AtomicBool = AtomicBool::new(false);

static DEVICES: Lock<Option<Arc<dyn Devices>>> = Lock::new(None);

/// Whom to ask before memory is moved.
pub fn set_devices(devices: Arc<dyn Devices>) {
    let before = DEVICES.lock().replace(devices);
    drop(before);
}

/// Memory of the program's was mapped for devices. To be called while they are not reaching it yet, or
/// cannot have met it.
///
/// # Errors
/// The signal handlers cannot be put in place.
pub fn dma_mapped(space: u64, iova: u64, base: *const u8, len: usize) -> Result<(), Errno> {
    signals::install()?;
    let start = base.expose_provenance();
    ANYTHING.store(true, Ordering::Release);
    STATE.lock().pins.add(space, iova, start..start + len);
    Ok(())
}

/// It was unmapped, with everything that begins in this range of I/O addresses, and no device reaches it any more
/// by these. Returns where in the program's memory it is, without what the program has taken from there,
/// and without what is mapped elsewhere, too: that stays locked.
pub fn dma_unmapped(space: u64, iova: u64, len: u64) -> Vec<Range<usize>> {
    let mut state = STATE.lock();
    let gone = state.pins.remove(space, &(iova..iova.saturating_add(len)));
    let in_place = gone.iter().filter(|pinned| pinned.kept.is_none());
    let free = in_place.flat_map(|pinned| state.pins.others(&pinned.at)).collect();
    drop(state);
    // Pages that only these mappings kept go here, with the lock given back.
    drop(gone);
    free
}

/// All of a space was unmapped. As for [`dma_unmapped`].
pub fn space_gone(space: u64) -> Vec<Range<usize>> {
    dma_unmapped(space, 0, u64::MAX)
}

/// The registers at an address, if accesses there are trapped; in a handler of ours.
pub(crate) fn trapped(address: usize) -> Option<Mapped> {
    STATE.lock_in_handler().bars.at(address).filter(|mapped| mapped.trapped).cloned()
}

/// The pages of a BAR at an address, trapped or not; in a handler of ours.
#[cfg(target_arch = "x86_64")]
pub(crate) fn registers_at(address: usize) -> Option<Mapped> {
    STATE.lock_in_handler().bars.at(address).cloned()
}

/// Takes the locks for the time of a fork.
pub(crate) fn before_fork() {
    DEVICES.acquire();
    STATE.acquire();
}

/// Gives them back.
///
/// # Safety
/// [`before_fork`] was called by this thread, or by the one that made this child.
pub(crate) unsafe fn after_fork() {
    // SAFETY: as the caller promised.
    unsafe {
        STATE.release();
        DEVICES.release();
    }
}

/// In a child made by fork: the devices are the parent's, and reach its memory only. Mappings of
/// registers stay, and answer as those of a device that is gone.
pub(crate) fn forget_devices() {
    let devices = DEVICES.lock().take();
    let pins = STATE.lock().pins.clear();
    // The parent's, which has its own copies of everything.
    std::mem::forget(devices);
    drop(pins);
}
