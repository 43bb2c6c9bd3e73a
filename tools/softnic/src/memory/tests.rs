//! The IOMMU.

use super::*;

/// Mappings of (page number, pages), each on memory of its own, and that memory.
fn pages(places: &[(u64, u64)]) -> (Memory, Vec<memmap2::MmapRaw>) {
    let mut memory = Memory::default();
    let mut kept = Vec::new();
    for &(at, count) in places {
        let len = (count * PAGE) as usize;
        let map = memmap2::MmapOptions::new().len(len).map_anon().unwrap();
        let map = memmap2::MmapRaw::from(map);
        let base = NonNull::new(map.as_mut_ptr()).unwrap();
        // SAFETY: the pages are kept as long as the mappings.
        unsafe { memory.map(base, len as u64, at * PAGE) }.unwrap();
        kept.push(map);
    }
    (memory, kept)
}

#[test]
fn what_was_written_is_read_wherever_mappings_end() {
    let (memory, _pages) = pages(&[(4, 1), (5, 2), (9, 1)]);
    let bytes: Vec<u8> = (0..9000).map(|i| (i % 251) as u8).collect();
    memory.write(4 * PAGE + 100, &bytes).unwrap();
    let mut read = vec![0; bytes.len()];
    memory.read(4 * PAGE + 100, &mut read).unwrap();
    assert_eq!(read, bytes);
    assert_eq!(memory.faults(), 0);
}

#[test]
fn nothing_outside_the_mappings_is_reached() {
    let (memory, _pages) = pages(&[(4, 1), (6, 1)]);
    for iova in [0, 4 * PAGE - 1, 5 * PAGE - 3, 5 * PAGE, 6 * PAGE - 1, 7 * PAGE - 3, u64::MAX - 1]
    {
        let before = memory.faults();
        assert_eq!(memory.write(iova, &[1; 4]), Err(Fault), "{iova:#x}");
        let mut read = [7; 4];
        assert_eq!(memory.read(iova, &mut read), Err(Fault), "{iova:#x}");
        assert_eq!(read, [7; 4]);
        assert_eq!(memory.faults(), before + 2);
    }
    let mut all = vec![0; PAGE as usize];
    memory.read(4 * PAGE, &mut all).unwrap();
    assert!(all.iter().all(|byte| *byte == 0), "a write that ends outside writes nothing");
}

#[test]
fn nothing_is_reached_any_more_once_it_is_unmapped() {
    let (mut memory, _pages) = pages(&[(4, 1), (6, 1)]);
    assert_eq!(memory.write(4 * PAGE, &[1; 4]), Ok(()));
    memory.unmap(4 * PAGE, PAGE).unwrap();
    assert_eq!(memory.write(4 * PAGE, &[2; 4]), Err(Fault));
    assert_eq!(memory.read(4 * PAGE, &mut [0; 4]), Err(Fault));
    assert!(memory.descriptors(4 * PAGE, 1).is_err());
    assert_eq!(memory.write(6 * PAGE, &[1; 4]), Ok(()));
}

#[test]
fn words_and_descriptors_must_be_aligned_and_mapped() {
    let (memory, _pages) = pages(&[(1, 1)]);
    assert_eq!(memory.write_word(PAGE + 4, 0x0102_0304), Ok(()));
    let mut bytes = [0; 4];
    memory.read(PAGE + 4, &mut bytes).unwrap();
    assert_eq!(bytes, [4, 3, 2, 1]);
    for iova in [PAGE + 2, 2 * PAGE, 2 * PAGE - 2] {
        assert_eq!(memory.write_word(iova, 1), Err(Fault), "{iova:#x}");
    }
    for iova in [PAGE + 8, 2 * PAGE, 0] {
        assert!(memory.descriptors(iova, 4).is_err(), "{iova:#x}");
    }
    assert!(memory.descriptors(PAGE, 0).is_err());
}

#[test]
fn descriptors_end_where_their_mapping_does() {
    let (memory, _pages) = pages(&[(1, 1), (2, 1)]);
    assert_eq!(memory.descriptors(2 * PAGE - 48, 64).unwrap().len(), 3);
    let descriptors = memory.descriptors(2 * PAGE - 48, 2).unwrap();
    assert_eq!(descriptors.len(), 2);
    descriptors.store(1, [0x1122, 0x3344]);
    assert_eq!(descriptors.load(1), [0x1122, 0x3344]);
    assert_eq!(descriptors.load_first(1), 0x1122);
    assert_eq!(descriptors.load(0), [0, 0]);
    let mut bytes = [0; 16];
    memory.read(2 * PAGE - 32, &mut bytes).unwrap();
    assert_eq!(bytes, [0x22, 0x11, 0, 0, 0, 0, 0, 0, 0x44, 0x33, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn mappings_are_as_the_kernel_has_them() {
    let (mut memory, pages) = pages(&[(4, 2)]);
    let base = NonNull::new(pages[0].as_mut_ptr()).unwrap();
    // SAFETY: each is refused, so nothing is reached by it.
    let mut map = |base: NonNull<u8>, len, iova| unsafe { memory.map(base, len, iova) };
    for (iova, len) in [(1, PAGE), (PAGE, 7), (PAGE, 0), (1 << 48, PAGE), (u64::MAX - 4095, PAGE)] {
        assert_eq!(map(base, len, iova), Err(MapError::Range { iova, len }));
    }
    for (iova, len) in [(4 * PAGE, PAGE), (5 * PAGE, PAGE), (3 * PAGE, 2 * PAGE), (0, 9 * PAGE)] {
        assert_eq!(map(base, len, iova), Err(MapError::Overlap { iova, len }));
    }
    // SAFETY: inside the first page.
    let inside = unsafe { base.add(16) };
    assert_eq!(map(inside, PAGE, 0), Err(MapError::Base { base: inside.addr().get() }));
    let (iova, len) = (4 * PAGE, PAGE);
    assert_eq!(memory.unmap(iova, len), Err(MapError::Absent { iova, len }));
    assert_eq!(memory.unmap(iova, 2 * PAGE), Ok(()));
    assert_eq!(memory.write(iova, &[1]), Err(Fault));
}

#[test]
fn devices_do_with_a_mapping_what_it_is_for() {
    for access in [Access::Read, Access::Write, Access::Both] {
        let (mut memory, pages) = pages(&[(4, 1)]);
        memory.unmap(4 * PAGE, PAGE).unwrap();
        let base = NonNull::new(pages[0].as_mut_ptr()).unwrap();
        // SAFETY: the page outlives the mapping.
        unsafe { memory.map_for(access, base, PAGE, 4 * PAGE) }.unwrap();
        let may = |done: bool| if done { Ok(()) } else { Err(Fault) };
        let (reads, writes) = (access != Access::Write, access != Access::Read);
        assert_eq!(memory.write(4 * PAGE, &[7; 8]), may(writes), "{access:?}");
        assert_eq!(memory.write_word(4 * PAGE, 9), may(writes), "{access:?}");
        let mut read = [0; 8];
        assert_eq!(memory.read(4 * PAGE, &mut read), may(reads), "{access:?}");
        assert_eq!(read == [0; 8], access != Access::Both, "{access:?}");
        let ring = memory.descriptors(4 * PAGE, 1).is_ok();
        assert_eq!(ring, access == Access::Both, "{access:?}");
    }
}
