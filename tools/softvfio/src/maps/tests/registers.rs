//! Registers that a program has mapped.

use std::sync::{Arc, Weak};

use softnic::BAR_LEN;

use super::super::calls::{mprotect, mremap, munmap};
use super::super::kernel::{self, PAGE};
use super::super::{STATE, registers_at};
use super::bar::Offsets;
use super::{child, memory, read};
use crate::maps::{Mapping, map_bar};

/// Maps registers; returns where, and how it is known whether they are still used.
fn bar(flags: i32, at: usize, offset: i64) -> (usize, Weak<Offsets>) {
    let (mapped, used) = super::bar::map(flags, at, offset);
    (mapped.unwrap(), used)
}

/// Reads a register.
fn load(at: usize) -> u32 {
    // SAFETY: a register.
    unsafe { std::ptr::with_exposed_provenance::<u32>(at).read_volatile() }
}

fn is_trapped(at: usize) -> bool {
    registers_at(at).is_some_and(|mapped| mapped.trapped)
}

#[test]
fn the_device_is_used_as_long_as_any_of_it_is_mapped() {
    child(|| {
        let (at, used) = bar(0, 0, 0);
        assert!(is_trapped(at) && !is_trapped(at + PAGE));
        // SAFETY: nobody else uses it.
        unsafe { assert_eq!(munmap(at + 2 * PAGE, PAGE), Some(Ok(()))) };
        assert_eq!(load(at + 0x2fc), 0x2fc);
        // SAFETY: as above.
        unsafe { assert_eq!(munmap(at, 2 * PAGE), Some(Ok(()))) };
        assert!(used.upgrade().is_some() && read(at).is_none());
        // SAFETY: as above.
        unsafe { assert_eq!(munmap(at + 3 * PAGE, PAGE), Some(Ok(()))) };
        assert!(used.upgrade().is_none());
        // SAFETY: as above.
        unsafe { assert_eq!(munmap(at, BAR_LEN), None) };
    });
}

#[test]
fn a_part_of_the_bar_is_that_part() {
    child(|| {
        let (at, _used) = bar(0, 0, PAGE as i64);
        assert!(!is_trapped(at));
        assert_eq!(registers_at(at).map(|mapped| mapped.offset), Some(PAGE));
        assert_eq!(load(at), 0, "the memory of the file");
    });
}

#[test]
fn registers_take_the_place_of_memory_and_of_registers() {
    child(|| {
        let at = memory(8);
        let (first, first_used) = bar(libc::MAP_FIXED, at + PAGE, 0);
        assert_eq!(first, at + PAGE);
        let (second, second_used) = bar(libc::MAP_FIXED, at + 2 * PAGE, 0);
        assert_eq!(second, at + 2 * PAGE);
        assert_eq!([at + PAGE, at + 2 * PAGE].map(|at| load(at + 16)), [16, 16]);
        assert!(is_trapped(at + PAGE) && is_trapped(at + 2 * PAGE) && !is_trapped(at + 3 * PAGE));
        assert_eq!(
            (read(at), read(at + 6 * PAGE), read(at + 7 * PAGE)),
            (Some(1), Some(7), Some(8))
        );
        // SAFETY: nobody else uses it.
        unsafe { assert_eq!(munmap(at, 2 * PAGE), Some(Ok(()))) };
        assert!(first_used.upgrade().is_none() && second_used.upgrade().is_some());
    });
}

#[test]
fn registers_that_are_moved_are_trapped_where_they_are() {
    child(|| {
        const MOVE: i32 = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        let ((at, used), to) = (bar(0, 0, 0), memory(8));
        // SAFETY: nobody else uses either.
        unsafe {
            assert_eq!(
                mremap(at, BAR_LEN, 2 * BAR_LEN, libc::MREMAP_MAYMOVE, 0),
                Some(Err(libc::EFAULT))
            );
            assert_eq!(mremap(at, BAR_LEN, 3 * PAGE, MOVE, to).unwrap().unwrap().addr(), to);
        }
        assert_eq!(load(to + 0x200), 0x200);
        assert_eq!([0, 1, 2, 3].map(|page| read(at + page * PAGE)), [None; 4]);
        assert_eq!((read(to + 2 * PAGE), read(to + 3 * PAGE)), (Some(0), Some(4)));
        // SAFETY: as above.
        unsafe { assert_eq!(munmap(to, 3 * PAGE), Some(Ok(()))) };
        assert!(used.upgrade().is_none());
    });
}

#[test]
fn a_trapped_page_is_never_opened() {
    child(|| {
        let (at, _used) = bar(0, 0, 0);
        let protections = [libc::PROT_READ, libc::PROT_READ | libc::PROT_WRITE, libc::PROT_NONE];
        for protection in protections {
            // SAFETY: nobody else uses it.
            unsafe { assert_eq!(mprotect(at, BAR_LEN, protection), Some(Ok(()))) };
            let known = STATE.lock().bars.at(at).map(|mapped| mapped.protection);
            assert_eq!((known, is_trapped(at)), (Some(protection), true));
            let plain = if protection == libc::PROT_NONE { None } else { Some(0) };
            assert_eq!((read(at), read(at + PAGE)), (None, plain));
        }
        // SAFETY: as above.
        unsafe {
            assert_eq!(mprotect(at + PAGE, PAGE, libc::PROT_READ), None);
            assert_eq!(mprotect(at, PAGE, libc::PROT_READ), Some(Ok(())));
        }
        assert_eq!(load(at + 0x48), 0x48);
    });
}

#[test]
fn what_cannot_be_mapped_leaves_nothing() {
    child(|| {
        let registers = Arc::new(Offsets);
        let used = Arc::downgrade(&registers);
        let at = memory(4);
        for (fd, flags, address) in
            [(-1, 0, 0), (-1, libc::MAP_FIXED, at), (0, libc::MAP_FIXED, at + 1)]
        {
            let address = std::ptr::with_exposed_provenance_mut(address);
            let (len, protection) = (BAR_LEN, libc::PROT_READ);
            let flags = libc::MAP_SHARED | flags;
            let mapping = Mapping { address, len, protection, flags, fd, offset: 0 };
            // SAFETY: it is refused.
            unsafe { map_bar(registers.clone(), mapping, 0) }.unwrap_err();
        }
        drop(registers);
        assert!(used.upgrade().is_none());
        assert_eq!([0, 1, 2, 3].map(|page| read(at + page * PAGE)), [1, 2, 3, 4].map(Some));
        // SAFETY: as above.
        unsafe { kernel::munmap(&(at..at + 4 * PAGE)) }.unwrap();
    });
}

#[test]
fn a_child_has_its_parents_registers() {
    child(|| {
        let (at, _used) = bar(0, 0, 0);
        assert!(testkit::in_child(|| load(at + 0x2fc) == 0x2fc));
        assert_eq!(load(at + 0x2fc), 0x2fc);
    });
}
