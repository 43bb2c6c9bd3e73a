//! Memory that devices reach.

use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::calls::{mmap_fixed, mremap, munmap};
use super::super::kernel::{self, PAGE};
use super::super::{Devices, Translations, dma_mapped, dma_unmapped, set_devices, space_gone};
use super::{Known, child, memory, read};

const BOTH: i32 = libc::PROT_READ | libc::PROT_WRITE;
const ANONYMOUS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
const FIXED: i32 = ANONYMOUS | libc::MAP_FIXED;

/// The I/O address of these tests' memory.
const IOVA: u64 = 0x10_0000;

fn iova(page: usize) -> u64 {
    IOVA + (page * PAGE) as u64
}

#[test]
fn what_is_unmapped_stays_with_the_devices_until_they_let_go() {
    child(|| {
        let known = Known::new();
        let at = memory(4);
        known.map(1, IOVA, at, 4);
        // SAFETY: nobody else uses it.
        unsafe { assert_eq!(munmap(at + PAGE, 2 * PAGE), Some(Ok(()))) };
        assert_eq!([0, 1, 2, 3].map(|page| read(at + page * PAGE)), [Some(1), None, None, Some(4)]);
        assert_eq!([0, 1, 2, 3].map(|page| known.read(1, iova(page))), [1, 2, 3, 4]);
        let kept = known.place(1, iova(1));
        let left = dma_unmapped(1, IOVA, 4 * PAGE as u64);
        assert_eq!(left, [at..at + PAGE, at + 3 * PAGE..at + 4 * PAGE]);
        assert_eq!([kept, kept + PAGE].map(read), [None, None]);
        // SAFETY: as above.
        unsafe { assert_eq!(munmap(at, 4 * PAGE), None, "no device's affair any more") };
    });
}

#[test]
fn what_takes_the_place_of_memory_leaves_it_with_the_devices() {
    child(|| {
        let known = Known::new();
        let at = memory(3);
        known.map(1, IOVA, at, 3);
        // SAFETY: nobody else uses it.
        let mapped = unsafe { mmap_fixed(at + PAGE, PAGE, BOTH, FIXED, -1, 0) };
        assert_eq!(mapped.unwrap().unwrap().addr(), at + PAGE);
        assert_eq!([0, 1, 2].map(|page| read(at + page * PAGE)), [Some(1), Some(0), Some(3)]);
        assert_eq!([0, 1, 2].map(|page| known.read(1, iova(page))), [1, 2, 3]);
        // Elsewhere it is not our affair.
        let other = memory(1);
        // SAFETY: as above.
        unsafe { assert!(mmap_fixed(other, PAGE, BOTH, FIXED, -1, 0).is_none()) };
    });
}

/// Looks, when it is told of pages that were moved, whether their place is free.
struct Looking(usize, AtomicUsize);

impl Devices for Looking {
    fn paused(&self, act: &mut dyn FnMut(&mut dyn Translations)) {
        act(&mut Looks(self));
    }
}

struct Looks<'l>(&'l Looking);

impl Translations for Looks<'_> {
    unsafe fn rebase(&mut self, _: u64, _: u64, _: u64, _: NonNull<u8>) {
        self.0.1.store(1 + usize::from(read(self.0.0).is_some()), Ordering::Relaxed);
    }
}

#[test]
fn no_mapping_of_another_thread_gets_in_between() {
    child(|| {
        let at = memory(1);
        let devices = Arc::new(Looking(at, AtomicUsize::new(0)));
        set_devices(devices.clone());
        dma_mapped(1, IOVA, std::ptr::with_exposed_provenance(at), PAGE).unwrap();
        // As all that devices reach.
        // SAFETY: locking changes nothing that could be seen.
        assert_eq!(unsafe { libc::mlock(kernel::pointer(at), PAGE) }, 0);
        // SAFETY: nobody else uses it.
        let mapped = unsafe { mmap_fixed(at, PAGE, BOTH, FIXED, -1, 0) };
        assert!(mapped.is_some_and(|mapped| mapped.is_ok()));
        assert_eq!(devices.1.load(Ordering::Relaxed), 2, "2: taken, 1: free, 0: not asked");
    });
}

#[test]
fn what_cannot_be_mapped_takes_no_place() {
    child(|| {
        let known = Known::new();
        let at = memory(2);
        known.map(1, IOVA, at, 2);
        let shared = libc::MAP_SHARED | libc::MAP_FIXED;
        // SAFETY: it is refused.
        let refused = unsafe { mmap_fixed(at, PAGE, BOTH, shared, -1, 0) };
        assert_eq!(refused.map(|mapped| mapped.is_err()), Some(true));
        assert_eq!((read(at), known.place(1, IOVA)), (Some(1), at));
        // SAFETY: as above.
        unsafe {
            assert_eq!(munmap(at + 1, PAGE), None);
            assert_eq!(munmap(at, 0), None);
            assert!(
                mremap(at, PAGE, PAGE, libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED, at).is_none()
            );
        }
        assert_eq!((read(at), known.place(1, IOVA)), (Some(1), at));
    });
}

#[test]
fn what_is_moved_is_found_by_the_devices() {
    child(|| {
        let known = Known::new();
        let (at, to) = (memory(3), memory(8));
        known.map(1, IOVA, at, 3);
        known.map(1, iova(100), to, 1);
        const MOVE: i32 = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
        // It shrinks by a page, in the place of memory that devices reach, too.
        // SAFETY: nobody else uses either.
        let moved = unsafe { mremap(at, 3 * PAGE, 2 * PAGE, MOVE, to) };
        assert_eq!(moved.unwrap().unwrap().addr(), to);
        assert_eq!([0, 1, 2].map(|page| known.read(1, iova(page))), [1, 2, 3]);
        assert_eq!([0, 1].map(|page| known.place(1, iova(page))), [to, to + PAGE]);
        assert_eq!(known.read(1, iova(100)), 1);
        assert_eq!([at, at + PAGE, at + 2 * PAGE].map(read), [None; 3]);
        // It grows, wherever there is room.
        // SAFETY: as above.
        let moved = unsafe { mremap(to, 2 * PAGE, 64 * PAGE, libc::MREMAP_MAYMOVE, 0) };
        let moved = moved.unwrap().unwrap().addr();
        assert_eq!([0, 1].map(|page| known.place(1, iova(page))), [moved, moved + PAGE]);
        let left = space_gone(1);
        assert_eq!(left.iter().map(|range| range.len()).sum::<usize>(), 2 * PAGE);
    });
}

#[test]
fn memory_of_several_kinds_is_moved_piece_by_piece() {
    child(|| {
        let known = Known::new();
        let at = memory(7);
        // A page that may be read only, and one that is not there.
        // SAFETY: nobody else uses it.
        unsafe {
            kernel::mprotect(&(at + PAGE..at + 2 * PAGE), libc::PROT_READ).unwrap();
            kernel::munmap(&(at + 4 * PAGE..at + 5 * PAGE)).unwrap();
        }
        known.map(1, IOVA, at, 7);
        // SAFETY: as above.
        unsafe { assert_eq!(munmap(at, 7 * PAGE), Some(Ok(()))) };
        assert_eq!(
            [0, 1, 2, 3, 4, 5, 6].map(|page| known.read(1, iova(page))),
            [1, 2, 3, 4, 0, 6, 7]
        );
    });
}

#[test]
fn hugepages_stay_with_the_devices_too() {
    const HUGE: usize = 2 << 20;
    const IN_EACH: usize = HUGE / PAGE;
    let _pages = testkit::Hugepages::free(6);
    child(|| {
        let known = Known::new();
        // SAFETY: new memory.
        let at = unsafe { kernel::mmap(0, 4 * HUGE, BOTH, ANONYMOUS | libc::MAP_HUGETLB, -1, 0) };
        let at = at.unwrap();
        for page in 0..4 {
            // SAFETY: it was made just now.
            unsafe { kernel::pointer(at + page * HUGE).cast::<u8>().write(page as u8 + 1) };
        }
        known.map(1, IOVA, at, 4 * IN_EACH);
        // As DPDK gives memory back: one page is unmapped, over another an ordinary one is mapped.
        // SAFETY: nobody else uses it.
        unsafe {
            assert_eq!(munmap(at + HUGE, HUGE), Some(Ok(())));
            let mapped = mmap_fixed(at + 2 * HUGE, HUGE, BOTH, FIXED, -1, 0);
            assert_eq!(mapped.unwrap().unwrap().addr(), at + 2 * HUGE);
        }
        let seen = [0, 1, 2, 3].map(|page| read(at + page * HUGE));
        assert_eq!(seen, [Some(1), None, Some(0), Some(4)]);
        assert_eq!([0, 1, 2, 3].map(|page| known.read(1, iova(page * IN_EACH))), [1, 2, 3, 4]);
        assert!(known.place(1, iova(IN_EACH)).is_multiple_of(HUGE), "it is one still");
    });
}

#[test]
fn memory_that_is_mapped_twice_stays_until_both_let_go() {
    child(|| {
        let known = Known::new();
        let at = memory(2);
        known.map(1, IOVA, at, 2);
        known.map(2, iova(7), at + PAGE, 1);
        // SAFETY: nobody else uses it.
        unsafe { assert_eq!(munmap(at, 2 * PAGE), Some(Ok(()))) };
        let kept = known.place(2, iova(7));
        assert_eq!(known.place(1, iova(1)), kept);
        assert_eq!(dma_unmapped(1, IOVA, 2 * PAGE as u64), []);
        assert_eq!((known.read(2, iova(7)), read(kept)), (2, Some(2)));
        assert_eq!(space_gone(2), []);
        assert_eq!(read(kept), None);
    });
}

#[test]
fn memory_of_a_file_stays_the_files() {
    child(|| {
        let known = Known::new();
        // SAFETY: new memory of a new file.
        let (fd, at) = unsafe {
            let fd = libc::memfd_create(c"pages".as_ptr(), 0);
            assert_eq!(libc::ftruncate(fd, 2 * PAGE as i64), 0);
            (fd, kernel::mmap(0, 2 * PAGE, BOTH, libc::MAP_SHARED, fd, 0).unwrap())
        };
        dma_mapped(1, IOVA, std::ptr::with_exposed_provenance(at), 2 * PAGE).unwrap();
        known.map(1, IOVA, at, 2);
        // SAFETY: nobody else uses it.
        unsafe {
            assert_eq!(munmap(at, 2 * PAGE), Some(Ok(())));
            assert_eq!(libc::pwrite(fd, [9_u8].as_ptr().cast(), 1, PAGE as i64), 1);
        }
        assert_eq!(known.read(1, iova(1)), 9);
    });
}
