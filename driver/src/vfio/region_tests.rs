use std::os::unix::fs::FileExt;

use proptest::prelude::*;

use super::*;

const PAGE: u64 = 4096;
const ALL: u32 = uapi::VFIO_REGION_INFO_FLAG_READ
    | uapi::VFIO_REGION_INFO_FLAG_WRITE
    | uapi::VFIO_REGION_INFO_FLAG_MMAP;
/// Where the region starts in its stand-in for a device.
const OFFSET: u64 = 4 * PAGE;

fn answer(size: u64, sparse: Option<Vec<(u64, u64)>>) -> RegionAnswer {
    RegionAnswer { flags: ALL, size, offset: OFFSET, sparse }
}

/// A file in the place of a device's descriptor: it can be mapped, read and written at offsets too.
fn device(size: u64) -> File {
    let file = tempfile::tempfile().unwrap();
    file.set_len(OFFSET + size.next_multiple_of(PAGE) + PAGE).unwrap();
    file
}

fn in_file(file: &File, offset: u64) -> u32 {
    let mut bytes = [0; 4];
    file.read_exact_at(&mut bytes, OFFSET + offset).unwrap();
    u32::from_le_bytes(bytes)
}

#[test]
fn registers_of_a_mapped_region() {
    let file = device(4 * PAGE);
    let region = Region::new(answer(4 * PAGE, None));
    for offset in [0, 0x8, PAGE, 4 * PAGE - 4] {
        assert!(region.register(&file, offset).is_ok(), "{offset:#x}");
        region.write32(&file, offset, 0x1234_0000 + offset as u32);
        assert_eq!(in_file(&file, offset), 0x1234_0000 + offset as u32);
        assert_eq!(region.read32(&file, offset), 0x1234_0000 + offset as u32);
    }
}

#[test]
fn registers_between_the_windows_go_through_the_descriptor() {
    let file = device(4 * PAGE);
    let sparse = vec![(0, PAGE), (2 * PAGE, 2 * PAGE)];
    let region = Region::new(answer(4 * PAGE, Some(sparse)));
    assert!(region.register(&file, PAGE - 4).is_ok());
    assert!(region.register(&file, PAGE).is_err());
    assert!(region.register(&file, 2 * PAGE - 4).is_err());
    assert!(region.register(&file, 2 * PAGE).is_ok());
    for offset in (0..4 * PAGE).step_by(1024) {
        region.write32(&file, offset, !(offset as u32));
        assert_eq!(in_file(&file, offset), !(offset as u32));
        assert_eq!(region.read32(&file, offset), !(offset as u32));
    }
}

#[test]
fn a_region_that_may_not_be_mapped() {
    let file = device(PAGE);
    let mut answer = answer(PAGE, None);
    answer.flags &= !uapi::VFIO_REGION_INFO_FLAG_MMAP;
    let region = Region::new(answer);
    assert!(region.register(&file, 0).is_err());
    region.write32(&file, 0x8, 7);
    assert_eq!((in_file(&file, 0x8), region.read32(&file, 0x8)), (7, 7));
}

#[test]
fn a_mapping_that_fails_is_no_failure() {
    // The descriptor is open for reading only, so that a writable mapping is refused.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("device");
    std::fs::write(&path, vec![0x5a; (OFFSET + PAGE) as usize]).unwrap();
    let file = File::open(&path).unwrap();
    let region = Region::new(answer(PAGE, None));
    assert_eq!(region.read32(&file, 0), 0x5a5a_5a5a);
    region.write32(&file, 0, 1);
    assert_eq!(region.read32(&file, 0), 0x5a5a_5a5a);
    // What needs the mapping is told why there is none.
    let error = region.register(&file, 0).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EACCES));
}

#[test]
fn outside_there_is_nothing() {
    let file = device(PAGE);
    file.write_all_at(&[0x11; PAGE as usize], OFFSET).unwrap();
    let region = Region::new(answer(PAGE, None));
    for offset in [PAGE, PAGE - 3, 1, 2, u64::MAX, u64::MAX - 3, 1 << 63] {
        assert_eq!(region.read32(&file, offset), NO_ANSWER, "{offset:#x}");
        region.write32(&file, offset, 0);
        assert!(region.register(&file, offset).is_err(), "{offset:#x}");
    }
    let mut bytes = [0; 8];
    assert!(region.read(&file, PAGE - 8, &mut bytes).is_ok());
    for offset in [PAGE - 7, PAGE, u64::MAX] {
        assert!(region.read(&file, offset, &mut bytes).is_err());
        assert!(region.write(&file, offset, &bytes).is_err());
    }
    assert_eq!(in_file(&file, PAGE - 4), 0x1111_1111);
    assert_eq!(in_file(&file, PAGE), 0, "the bytes behind the region were written");
}

#[test]
fn an_empty_region_holds_nothing() {
    let file = device(PAGE);
    let region = Region::new(answer(0, None));
    assert_eq!(region.read32(&file, 0), NO_ANSWER);
    assert!(mappable(&region.answer, PAGE).is_empty());
}

#[test]
fn windows_are_whole_pages() {
    let windows = |size, sparse| mappable(&answer(size, Some(sparse)), PAGE);
    assert_eq!(windows(4 * PAGE, vec![(0, 4 * PAGE)]), [(0, 4 * PAGE)]);
    // Rounded inwards.
    assert_eq!(windows(4 * PAGE, vec![(1, 3 * PAGE)]), [(PAGE, 2 * PAGE)]);
    assert_eq!(windows(4 * PAGE, vec![(0, PAGE + 1)]), [(0, PAGE)]);
    assert_eq!(windows(4 * PAGE, vec![(1, PAGE)]), []);
    // A region shorter than a page has a page of its own.
    assert_eq!(mappable(&answer(0x100, None), PAGE), [(0, 0x100)]);
    // Beyond the region, and beyond everything.
    assert_eq!(windows(2 * PAGE, vec![(PAGE, 9 * PAGE)]), [(PAGE, PAGE)]);
    assert_eq!(windows(PAGE, vec![(PAGE, PAGE)]), []);
    assert_eq!(windows(PAGE, vec![(u64::MAX, u64::MAX)]), []);
    assert_eq!(windows(PAGE, vec![(0, u64::MAX)]), [(0, PAGE)]);
    assert_eq!(windows(PAGE, vec![(0, 0)]), []);
}

#[test]
fn a_region_that_starts_off_a_page_is_not_mapped() {
    let mut answer = answer(PAGE, None);
    answer.offset += 8;
    assert!(mappable(&answer, PAGE).is_empty());
}

proptest! {
    #[test]
    fn windows_stay_inside(
        size: u64, areas in prop::collection::vec((any::<u64>(), any::<u64>()), 0..8)
    ) {
        for (start, len) in mappable(&answer(size, Some(areas.clone())), PAGE) {
            let end = start.checked_add(len).unwrap();
            prop_assert!(start % PAGE == 0 && len > 0 && end <= size);
            prop_assert!(end % PAGE == 0 || end == size);
            let listed = |(from, long): &(u64, u64)| {
                *from <= start && end <= from.saturating_add(*long)
            };
            prop_assert!(areas.iter().any(listed));
        }
    }
}
