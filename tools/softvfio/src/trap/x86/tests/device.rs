//! A device whose registers keep what is written, and that remembers each access; and registers mapped
//! where a test wants them.

use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;
use std::sync::{Arc, Mutex};

use softnic::BAR_LEN;

use crate::access::Registers;
use crate::maps::{self, Mapping};

/// An access: where, and what was written.
pub(super) type Access = (usize, Option<u32>);

/// The device.
pub(super) struct Device {
    words: Mutex<Vec<u32>>,
    log: Mutex<Vec<Access>>,
}

impl Device {
    /// One whose registers are these bytes.
    pub(super) fn new(bytes: &[u8; BAR_LEN]) -> Arc<Device> {
        let words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
        Arc::new(Device { words: Mutex::new(words.collect()), log: Mutex::default() })
    }

    /// What its registers are.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.words.lock().unwrap().iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// The accesses since this was asked.
    pub(super) fn accesses(&self) -> Vec<Access> {
        std::mem::take(&mut self.log.lock().unwrap())
    }
}

impl Registers for Device {
    fn vf(&self) -> usize {
        0
    }

    fn read(&self, offset: usize) -> u32 {
        self.log.lock().unwrap().push((offset, None));
        self.words.lock().unwrap()[offset / 4]
    }

    fn write(&self, offset: usize, value: u32) {
        self.log.lock().unwrap().push((offset, Some(value)));
        self.words.lock().unwrap()[offset / 4] = value;
    }
}

/// Registers that are mapped.
pub(super) struct Bar {
    pub(super) at: usize,
}

impl Bar {
    /// Maps those of a device, anywhere.
    pub(super) fn new(device: &Arc<Device>) -> Bar {
        Bar::mapped(device, 0, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// Maps them in the place of what is at an address.
    ///
    /// # Safety
    /// That is the test's.
    pub(super) unsafe fn over(device: &Arc<Device>, at: usize) -> Bar {
        Bar::mapped(device, at, libc::PROT_READ | libc::PROT_WRITE)
    }

    /// Maps them for some accesses only; anywhere if `at` is 0.
    pub(super) fn mapped(device: &Arc<Device>, at: usize, protection: i32) -> Bar {
        // SAFETY: the name is a C string, and the descriptor is new.
        let file =
            unsafe { File::from_raw_fd(libc::memfd_create(c"bar".as_ptr(), libc::MFD_CLOEXEC)) };
        file.set_len(BAR_LEN as u64).unwrap();
        let mapping = Mapping {
            address: ptr::with_exposed_provenance_mut(at),
            len: BAR_LEN,
            protection,
            flags: libc::MAP_SHARED | if at == 0 { 0 } else { libc::MAP_FIXED },
            fd: file.as_raw_fd(),
            offset: 0,
        };
        // SAFETY: it replaces nothing but what the test gave.
        let at = unsafe { maps::map_bar(device.clone(), mapping, 0) }.unwrap();
        Bar { at: at.expose_provenance() }
    }

    /// Where a register is.
    pub(super) fn pointer<T>(&self, offset: usize) -> *mut T {
        ptr::with_exposed_provenance_mut(self.at + offset)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        // SAFETY: nothing refers to it any more.
        let unmapped = unsafe { maps::munmap(self.at, BAR_LEN) };
        assert_eq!(unmapped, Some(Ok(())), "the registers at {:#x}", self.at);
    }
}
