//! What a program does to memory that devices reach, and to registers that it has mapped. Each test is
//! a process of its own, since what is mapped is the whole process's.
#![allow(unsafe_code)]

mod bar;
mod memory;
#[cfg(target_arch = "x86_64")]
mod registers;
#[cfg(not(target_arch = "x86_64"))]
mod untrapped;
mod vanished;

use std::collections::BTreeMap;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex};

use testkit::in_child;

use super::kernel::PAGE;
use super::{Devices, Translations, set_devices};
use crate::trap;

/// Does something in a child.
#[track_caller]
fn child(test: impl FnOnce()) {
    trap::forks_in_tests();
    assert!(in_child(|| {
        test();
        true
    }));
}

/// Devices that know where each page of theirs is.
#[derive(Default)]
struct Known(Mutex<BTreeMap<(u64, u64), usize>>);

impl Known {
    fn new() -> Arc<Known> {
        let known = Arc::<Known>::default();
        set_devices(known.clone());
        known
    }

    /// Maps memory for them.
    fn map(&self, space: u64, iova: u64, at: usize, pages: usize) {
        for page in 0..pages {
            let key = (space, iova + (page * PAGE) as u64);
            self.0.lock().unwrap().insert(key, at + page * PAGE);
        }
        let base = ptr::with_exposed_provenance(at);
        super::dma_mapped(space, iova, base, pages * PAGE).unwrap();
    }

    /// Where a page is.
    fn place(&self, space: u64, iova: u64) -> usize {
        self.0.lock().unwrap()[&(space, iova)]
    }

    /// What a device reads at the start of a page.
    fn read(&self, space: u64, iova: u64) -> u8 {
        // SAFETY: it is mapped for devices.
        unsafe { ptr::with_exposed_provenance::<u8>(self.place(space, iova)).read_volatile() }
    }
}

impl Devices for Known {
    fn paused(&self, act: &mut dyn FnMut(&mut dyn Translations)) {
        act(&mut Pages(self));
    }
}

struct Pages<'k>(&'k Known);

impl Translations for Pages<'_> {
    unsafe fn rebase(&mut self, space: u64, iova: u64, len: u64, base: NonNull<u8>) {
        for offset in (0..len).step_by(PAGE) {
            let place = base.addr().get() + offset as usize;
            self.0.0.lock().unwrap().insert((space, iova + offset), place);
        }
    }
}

/// New memory, with the number of each page in it, from 1 on.
fn memory(pages: usize) -> usize {
    let at = super::kernel::anonymous(pages * PAGE, libc::PROT_READ | libc::PROT_WRITE).unwrap();
    for page in 0..pages {
        // SAFETY: it was made just now.
        unsafe { ptr::with_exposed_provenance_mut::<u8>(at + page * PAGE).write(page as u8 + 1) };
    }
    at
}

/// What the program reads at the start of a page; `None` if nothing is there.
fn read(at: usize) -> Option<u8> {
    let mut byte = 0_u8;
    let local = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let remote = libc::iovec { iov_base: ptr::with_exposed_provenance_mut(at), iov_len: 1 };
    // SAFETY: the kernel looks whether the address is there.
    let got = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    (got == 1).then_some(byte)
}
