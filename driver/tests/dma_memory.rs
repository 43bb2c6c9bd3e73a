//! `dma::Memory` on address spaces that keep book and refuse on demand.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::io;
use std::ops::RangeInclusive;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, Weak};

use barline::dma::{self, Memory, PagePreference, PageSize};
use barline::transport::DmaSpace;
use barline::{Error, Result};

const PAGE: usize = 4096;
const ORDINARY: PagePreference = PagePreference::Only(PageSize::Ordinary);

/// An address space that checks what the trait asks for.
#[derive(Debug, Default)]
struct FakeSpace {
    book: Mutex<Book>,
}

#[derive(Debug)]
struct Book {
    ranges: Vec<RangeInclusive<u64>>,
    page_sizes: u64,
    /// IOVA to (address, length).
    mapped: BTreeMap<u64, (usize, usize)>,
    largest: usize,
    /// How many more `map` calls are granted.
    maps_left: usize,
    map_errno: i32,
    unmap_fails: bool,
    closed: bool,
    map_calls: usize,
    /// Asked before each unmap: whether the memory is still there.
    on_unmap: Option<Weak<Memory>>,
}

impl Default for Book {
    fn default() -> Book {
        Book {
            ranges: vec![0..=0xfedf_ffff, 0xfef0_0000..=(1 << 39) - 1],
            page_sizes: 0x4020_1000,
            mapped: BTreeMap::new(),
            largest: usize::MAX,
            maps_left: usize::MAX,
            map_errno: libc::EINVAL,
            unmap_fails: false,
            closed: false,
            map_calls: 0,
            on_unmap: None,
        }
    }
}

fn refusal(errno: i32) -> Error {
    Error::Kernel {
        device: "fake".to_owned(),
        action: "map".to_owned(),
        source: io::Error::from_raw_os_error(errno),
        remedy: "none".to_owned(),
    }
}

// SAFETY: no device is behind it.
unsafe impl DmaSpace for FakeSpace {
    fn iova_ranges(&self) -> Vec<RangeInclusive<u64>> {
        self.book.lock().unwrap().ranges.clone()
    }

    fn page_sizes(&self) -> u64 {
        self.book.lock().unwrap().page_sizes
    }

    unsafe fn map(&self, memory: NonNull<u8>, len: usize, iova: u64) -> Result<()> {
        let mut book = self.book.lock().unwrap();
        book.map_calls += 1;
        let granule = 1usize << book.page_sizes.trailing_zeros();
        assert_eq!((memory.addr().get() | len | iova as usize) % granule, 0);
        assert!(iova != 0 && len > 0);
        let last = iova + len as u64 - 1;
        let allowed = |range: &RangeInclusive<u64>| range.contains(&iova) && range.contains(&last);
        assert!(book.ranges.iter().any(allowed), "{iova:#x} is not allowed");
        let before = book.mapped.range(..=last).next_back();
        assert!(before.is_none_or(|(start, (_, len))| start + *len as u64 <= iova), "overlap");
        if len > book.largest {
            return Err(refusal(libc::EINVAL));
        }
        if book.maps_left == 0 {
            return Err(refusal(book.map_errno));
        }
        book.maps_left -= 1;
        book.mapped.insert(iova, (memory.addr().get(), len));
        Ok(())
    }

    fn unmap(&self, iova: u64, len: usize) -> Result<()> {
        let mut book = self.book.lock().unwrap();
        if let Some(memory) = &book.on_unmap {
            assert_eq!(memory.strong_count(), 0);
        }
        if book.closed {
            return Ok(());
        }
        if book.unmap_fails {
            return Err(refusal(libc::EIO));
        }
        let (address, mapped) = book.mapped.remove(&iova).expect("not mapped");
        assert_eq!(mapped, len);
        assert!(is_mapped(address), "the memory went before its mapping");
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.book.lock().unwrap().closed
    }
}

impl FakeSpace {
    fn with(change: impl FnOnce(&mut Book)) -> (Arc<FakeSpace>, Arc<dyn DmaSpace>) {
        let space = Arc::new(FakeSpace::default());
        change(&mut space.book.lock().unwrap());
        (space.clone(), space)
    }

    fn mapped(&self) -> Vec<(u64, usize)> {
        let book = self.book.lock().unwrap();
        book.mapped.iter().map(|(iova, (_, len))| (*iova, *len)).collect()
    }

    fn set(&self, change: impl FnOnce(&mut Book)) {
        change(&mut self.book.lock().unwrap());
    }
}

/// Whether this process has anything mapped at an address.
fn is_mapped(address: usize) -> bool {
    std::fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.split_once('-'))
        .any(|(first, end)| {
            let number = |text| usize::from_str_radix(text, 16).unwrap();
            (number(first)..number(end)).contains(&address)
        })
}

fn address(memory: &Arc<Memory>) -> usize {
    memory.carve(1, 1).unwrap().base().addr().get()
}

#[test]
fn one_iova_in_every_space() {
    let (one, one_dyn) = FakeSpace::with(|_| {});
    let (other, other_dyn) = FakeSpace::with(|_| {});
    let memory = Memory::allocate(10 * PAGE, ORDINARY).unwrap();
    assert_eq!(memory.iova(), None);
    memory.attach(&one_dyn).unwrap();
    memory.attach(&other_dyn).unwrap();
    let iova = memory.iova().unwrap();
    assert_eq!(one.mapped(), [(iova, memory.len())]);
    assert_eq!(other.mapped(), one.mapped());
}

#[test]
fn attaching_again_changes_nothing() {
    let (space, space_dyn) = FakeSpace::with(|_| {});
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    memory.attach(&space_dyn).unwrap();
    memory.attach(&space_dyn.clone()).unwrap();
    assert_eq!(space.book.lock().unwrap().map_calls, 1);
}

#[test]
fn two_memories_never_share_addresses() {
    let (space, space_dyn) = FakeSpace::with(|_| {});
    let memories: Vec<_> =
        (1..8).map(|pages| Memory::allocate(pages * PAGE, ORDINARY).unwrap()).collect();
    for memory in &memories {
        memory.attach(&space_dyn).unwrap(); // The space asserts that nothing overlaps.
    }
    assert_eq!(space.mapped().len(), memories.len());
}

#[test]
fn dropping_unmaps_first_and_frees_the_iova() {
    let (space, space_dyn) = FakeSpace::with(|_| {});
    let memory = Memory::allocate(PAGE * 3, ORDINARY).unwrap();
    memory.attach(&space_dyn).unwrap();
    space.set(|book| book.on_unmap = Some(Arc::downgrade(&memory)));
    let at = address(&memory);
    drop(memory);
    assert!(space.mapped().is_empty());
    assert!(!is_mapped(at));
}

#[test]
fn memory_outlives_its_slices_and_not_more() {
    let (space, space_dyn) = FakeSpace::with(|_| {});
    let memory = Memory::allocate(4 * PAGE, ORDINARY).unwrap();
    memory.attach(&space_dyn).unwrap();
    let slice = memory.carve(PAGE, PAGE).unwrap();
    let (head, tail) = slice.split_at(100).unwrap();
    drop(memory);
    drop(head);
    assert_eq!(space.mapped().len(), 1);
    drop(tail);
    assert!(space.mapped().is_empty());
}

#[test]
fn a_large_mapping_that_is_refused_is_made_of_smaller_ones() {
    for largest in [1, 2, 3, 5] {
        let (space, space_dyn) = FakeSpace::with(|book| book.largest = largest * PAGE);
        let memory = Memory::allocate(13 * PAGE, ORDINARY).unwrap();
        memory.attach(&space_dyn).unwrap();
        let start = memory.iova().unwrap();
        let mut at = start;
        for (iova, len) in space.mapped() {
            assert_eq!(iova, at);
            at += len as u64;
        }
        assert_eq!(at - start, memory.len() as u64);
        drop(memory);
        assert!(space.mapped().is_empty());
    }
}

#[test]
fn a_failure_half_way_leaves_nothing() {
    let (space, space_dyn) = FakeSpace::with(|book| {
        book.largest = 2 * PAGE;
        book.maps_left = 3;
        book.map_errno = libc::ENOMEM;
    });
    let memory = Memory::allocate(16 * PAGE, ORDINARY).unwrap();
    assert!(memory.attach(&space_dyn).is_err());
    assert!(space.mapped().is_empty());
    // And it can be tried again.
    space.set(|book| book.maps_left = usize::MAX);
    memory.attach(&space_dyn).unwrap();
    assert_eq!(space.mapped().len(), 8);
}

#[test]
fn errors_that_are_not_about_size_are_not_tried_again() {
    let (space, space_dyn) = FakeSpace::with(|book| {
        book.maps_left = 0;
        book.map_errno = libc::ENOMEM;
    });
    let memory = Memory::allocate(16 * PAGE, ORDINARY).unwrap();
    assert!(memory.attach(&space_dyn).is_err());
    assert_eq!(space.book.lock().unwrap().map_calls, 1);
}

#[test]
fn memory_that_cannot_be_unmapped_is_kept_until_it_can_be() {
    let (space, space_dyn) = FakeSpace::with(|book| book.unmap_fails = true);
    let (healthy, healthy_dyn) = FakeSpace::with(|_| {});
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    memory.attach(&space_dyn).unwrap();
    memory.attach(&healthy_dyn).unwrap();
    let (at, iova) = (address(&memory), memory.iova().unwrap());
    drop(memory);
    assert!(is_mapped(at), "freed under the device");
    assert!(healthy.mapped().is_empty(), "the others were to be unmapped all the same");
    assert_eq!(space.mapped().len(), 1);
    // Its address is not given to anybody else.
    let next = Memory::allocate(PAGE, ORDINARY).unwrap();
    next.attach(&healthy_dyn).unwrap();
    assert_ne!(next.iova().unwrap(), iova);
    // The next one who attaches memory frees what can be freed; another test may be at it just now.
    space.set(|book| book.unmap_fails = false);
    while !space.mapped().is_empty() || is_mapped(at) {
        next.attach(&healthy_dyn).unwrap();
    }
    assert_eq!(Arc::strong_count(&space), 2, "the space is let go");
}

#[test]
fn memory_is_kept_until_its_space_has_ended() {
    let (space, space_dyn) = FakeSpace::with(|book| book.unmap_fails = true);
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    memory.attach(&space_dyn).unwrap();
    let at = address(&memory);
    drop(memory);
    let (_other, other_dyn) = FakeSpace::with(|_| {});
    let next = Memory::allocate(PAGE, ORDINARY).unwrap();
    next.attach(&other_dyn).unwrap();
    assert!(is_mapped(at), "freed under the device");
    space.set(|book| book.closed = true);
    while is_mapped(at) {
        next.attach(&other_dyn).unwrap();
    }
}

#[test]
fn a_failure_that_cannot_be_undone_stays_on_record() {
    let (space, space_dyn) = FakeSpace::with(|book| {
        book.largest = PAGE;
        book.maps_left = 1;
        book.map_errno = libc::ENOMEM;
        book.unmap_fails = true;
    });
    let memory = Memory::allocate(2 * PAGE, ORDINARY).unwrap();
    assert!(memory.attach(&space_dyn).is_err());
    assert_eq!(space.mapped().len(), 1);
    // Half a mapping does not pass for a whole one.
    assert!(memory.attach(&space_dyn).is_err());
    space.set(|book| {
        book.unmap_fails = false;
        book.maps_left = usize::MAX;
    });
    memory.attach(&space_dyn).unwrap();
    assert_eq!(space.mapped().len(), 2);
    drop(memory);
    assert!(space.mapped().is_empty());
}

#[test]
fn spaces_that_ended_are_let_go() {
    let (space, space_dyn) = FakeSpace::with(|_| {});
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    memory.attach(&space_dyn).unwrap();
    drop(space_dyn);
    space.set(|book| {
        book.closed = true;
        book.mapped.clear();
    });
    let (_other, other_dyn) = FakeSpace::with(|_| {});
    memory.attach(&other_dyn).unwrap();
    assert_eq!(Arc::strong_count(&space), 1);
}

#[test]
fn a_narrower_space_moves_memory_that_nobody_knows_yet() {
    let (_wide, wide) = FakeSpace::with(|_| {});
    let (_narrow, narrow) = FakeSpace::with(|book| book.ranges = vec![0..=0x00ff_ffff]);
    // Placed by the refused attach to begin with.
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    let (_none, none) = FakeSpace::with(|book| book.maps_left = 0);
    assert!(memory.attach(&none).is_err());
    assert!(memory.iova().unwrap() >= 1 << 32);
    memory.attach(&narrow).unwrap();
    assert!(memory.iova().unwrap() <= 0x00ff_ffff);
    memory.attach(&wide).unwrap();

    // Once a slice has told its IOVA, it is fixed.
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    let slice = memory.carve(64, 64).unwrap();
    let error = memory.attach(&narrow).unwrap_err().to_string();
    assert!(error.contains("memory of its own"), "{error}");
    drop(slice);
    memory.attach(&narrow).unwrap();
}

#[test]
fn iommu_pages_larger_than_the_memory() {
    let (_space, space_dyn) = FakeSpace::with(|book| book.page_sizes = 0x10000);
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    let error = memory.attach(&space_dyn).unwrap_err().to_string();
    assert!(error.contains("65536"), "{error}");
}

#[test]
fn carves_are_disjoint_aligned_and_come_back() {
    let memory = Memory::allocate(8 * PAGE, ORDINARY).unwrap();
    let start = {
        let first = memory.carve(1, 1).unwrap();
        (first.base().addr().get(), first.iova())
    };
    assert_eq!(memory.iova(), Some(start.1));
    let slices: Vec<_> = (0..4).map(|_| memory.carve(PAGE + 1, 128).unwrap()).collect();
    for pair in slices.windows(2) {
        assert!(pair[0].iova() + (PAGE as u64) < pair[1].iova());
    }
    for slice in &slices {
        assert_eq!(slice.iova() % 128, 0);
        assert_eq!(slice.base().addr().get() % 128, 0);
        let offset = slice.base().addr().get() - start.0;
        assert_eq!(slice.iova(), start.1 + offset as u64);
    }
    assert!(memory.carve(4 * PAGE, 1).is_none());
    drop(slices);
    assert_eq!(memory.free_bytes(), memory.len());
    assert!(memory.carve(memory.len(), PAGE).is_some());
    for (len, align) in [(0, 1), (1, 0), (1, 3), (1, 2 * PAGE), (memory.len() + 1, 1)] {
        assert!(memory.carve(len, align).is_none());
    }
}

#[test]
fn a_carve_is_zeroed_whoever_had_it_before() {
    let memory = Memory::allocate(3 * PAGE, ORDINARY).unwrap();
    let slice = memory.carve(2 * PAGE, 1).unwrap();
    for at in 0..slice.len() {
        // SAFETY: within the slice, which this test owns.
        unsafe { slice.base().add(at).write_volatile(0xa5) };
    }
    let mut bytes = [0; 4];
    assert_eq!(dma::copy_out(&slice, 2 * PAGE - 2, &mut bytes), 2);
    assert_eq!(bytes, [0xa5, 0xa5, 0, 0]);
    drop(slice);
    let slice = memory.carve(3 * PAGE, 1).unwrap();
    let mut all = vec![1; slice.len()];
    assert_eq!(dma::copy_out(&slice, 0, &mut all), slice.len());
    assert!(all.iter().all(|byte| *byte == 0));
}

#[test]
fn slices_can_be_looked_at() {
    let memory = Memory::allocate(PAGE, ORDINARY).unwrap();
    let mut slice = memory.carve(20, 16).unwrap();
    // SAFETY: within the slice, which this test owns.
    unsafe { slice.base().add(17).write_volatile(0xbe) };
    let iova = slice.iova();
    let text = dma::hexdump(&slice, 0, 100);
    let zeros = " 00".repeat(16);
    assert_eq!(text, format!("{iova:012x} {zeros}\n{:012x}  00 be 00 00\n", iova + 16));
    assert_eq!(dma::hexdump(&slice, 20, 1), "");
    assert_eq!(dma::hexdump(&slice, usize::MAX, 1), "");
    dma::zero(&mut slice);
    assert!(!dma::hexdump(&slice, 0, 20).contains("be"));
    assert_eq!(dma::copy_out(&slice, 21, &mut [0]), 0);
}

#[test]
fn carving_from_many_threads() {
    let memory = Memory::allocate(64 * PAGE, ORDINARY).unwrap();
    std::thread::scope(|scope| {
        for tag in 1..5u8 {
            let memory = &memory;
            scope.spawn(move || {
                for round in 0..200 {
                    let Some(slice) = memory.carve(1 + round * 97 % 9000, 64) else {
                        continue;
                    };
                    for at in 0..slice.len() {
                        // SAFETY: within the slice, which this thread owns.
                        unsafe {
                            assert_eq!(slice.base().add(at).read_volatile(), 0);
                            slice.base().add(at).write_volatile(tag);
                        }
                    }
                    for at in 0..slice.len() {
                        // SAFETY: as above.
                        assert_eq!(unsafe { slice.base().add(at).read_volatile() }, tag);
                    }
                }
            });
        }
    });
    assert_eq!(memory.free_bytes(), memory.len());
}

#[test]
fn a_forked_child_that_drops_memory_leaves_its_parents_mappings() {
    let fake = Arc::new(FakeSpace::default());
    let space: Arc<dyn DmaSpace> = fake.clone();
    let mut memory = Some(Memory::allocate(4 * PAGE, ORDINARY).unwrap());
    memory.iter().for_each(|memory| memory.attach(&space).unwrap());
    // SAFETY: the child drops the memory, looks at its own copy of the book, and ends.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        drop(memory.take());
        let mapped = fake.book.lock().unwrap().mapped.len();
        // SAFETY: ends the child without running anything of the parent's.
        unsafe { libc::_exit(i32::from(mapped != 1)) };
    }
    let mut status = 0;
    // SAFETY: writes the status of a child of ours.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "{status:#x}");
    drop(memory);
    assert!(fake.book.lock().unwrap().mapped.is_empty());
}
