//! Registers to map.

use std::sync::{Arc, Weak};

use softnic::BAR_LEN;

use crate::Errno;
use crate::access::Registers;
use crate::maps::{Mapping, map_bar};

/// Registers that tell their offset.
pub(super) struct Offsets;

impl Registers for Offsets {
    fn vf(&self) -> usize {
        0
    }

    fn read(&self, offset: usize) -> u32 {
        offset as u32
    }

    fn write(&self, _: usize, _: u32) {}
}

/// Maps them; returns where, and how it is known whether they are still used.
pub(super) fn map(flags: i32, at: usize, offset: i64) -> (Result<usize, Errno>, Weak<Offsets>) {
    let registers = Arc::new(Offsets);
    let used = Arc::downgrade(&registers);
    // SAFETY: a new file, in the place of what the test gave.
    let mapped = unsafe {
        let fd = libc::memfd_create(c"bar".as_ptr(), 0);
        assert_eq!(libc::ftruncate(fd, BAR_LEN as i64), 0);
        let address = std::ptr::with_exposed_provenance_mut(at);
        let (len, protection) = (BAR_LEN - offset as usize, libc::PROT_READ | libc::PROT_WRITE);
        let mapping =
            Mapping { address, len, protection, flags: libc::MAP_SHARED | flags, fd, offset };
        let mapped = map_bar(registers, mapping, offset as usize);
        libc::close(fd);
        mapped
    };
    (mapped.map(|mapped| mapped.addr()), used)
}
