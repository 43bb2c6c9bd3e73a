//! Memory that devices reach, and that has vanished unseen: unmapped by the C library itself, or cut off
//! the file that it was.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_int;

use super::STATE;
use super::kernel::{self, PAGE};
use crate::say;

/// si_code of a SIGSEGV: nothing is mapped there.
const NOT_MAPPED: c_int = 1;

static SAID: AtomicBool = AtomicBool::new(false);

/// Puts an empty page where a device found none, in the handler of the signal that this was. False:
/// no device reaches that address, or there is no memory for it.
pub(crate) fn mend(signal: c_int, code: c_int, address: usize) -> bool {
    if !softnic::host::at_work() || !STATE.lock_in_handler().pins.reach(address) {
        return false;
    }
    let page = address & !(PAGE - 1);
    // SAFETY: nothing is there, or a page that nobody can use: it is beyond its file's end, or the
    // program has closed it against itself.
    let mended = unsafe {
        match (signal, code) {
            (libc::SIGBUS, _) => kernel::fill(page, libc::MAP_FIXED),
            (_, NOT_MAPPED) => kernel::fill(page, libc::MAP_FIXED_NOREPLACE),
            _ => kernel::mprotect(&(page..page + PAGE), libc::PROT_READ | libc::PROT_WRITE),
        }
    };
    if !SAID.swap(true, Ordering::Relaxed) {
        say(format_args!(
            "memory at {address:#x} is mapped for devices and is not there any more; they find an empty page instead. \
             Unmap it with VFIO_IOMMU_UNMAP_DMA before it is freed"
        ));
    }
    // Somebody else was faster.
    mended.is_ok() || mended == Err(libc::EEXIST)
}
