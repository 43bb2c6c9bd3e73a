use std::time::Duration;

use proptest::prelude::*;

use super::*;

const REGION_HEADER: usize = size_of::<uapi::vfio_region_info>();
const IOMMU_HEADER: usize = size_of::<uapi::vfio_iommu_type1_info>();

/// An answer under construction, in the words of the kernel's structures.
struct Answer(Vec<u8>);

impl Answer {
    fn region(flags: u32, size: u64, offset: u64, first: u32) -> Answer {
        let mut answer = Answer(Vec::new());
        answer.words(&[0, flags, 0, first]);
        answer.longs(&[size, offset]);
        assert_eq!(answer.0.len(), REGION_HEADER);
        answer
    }

    fn iommu(flags: u32, page_sizes: u64, first: u32) -> Answer {
        let mut answer = Answer(Vec::new());
        answer.words(&[0, flags]);
        answer.longs(&[page_sizes]);
        answer.words(&[first, 0]);
        assert_eq!(answer.0.len(), IOMMU_HEADER);
        answer
    }

    fn words(&mut self, words: &[u32]) -> &mut Answer {
        self.0.extend(words.iter().flat_map(|word| word.to_ne_bytes()));
        self
    }

    fn longs(&mut self, longs: &[u64]) -> &mut Answer {
        self.0.extend(longs.iter().flat_map(|long| long.to_ne_bytes()));
        self
    }

    fn capability(&mut self, id: u32, next: u32) -> &mut Answer {
        self.0.extend((id as u16).to_ne_bytes());
        self.0.extend(1u16.to_ne_bytes());
        self.words(&[next])
    }
}

const CAPS: u32 = uapi::VFIO_REGION_INFO_FLAG_CAPS;
const SPARSE: u32 = uapi::VFIO_REGION_INFO_CAP_SPARSE_MMAP;
const RANGES: u32 = uapi::VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
const AVAIL: u32 = uapi::VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
const IOMMU_FLAGS: u32 = uapi::VFIO_IOMMU_INFO_PGSIZES | uapi::VFIO_IOMMU_INFO_CAPS;

#[test]
fn a_region_with_sparse_areas_behind_another_capability() {
    let mut answer = Answer::region(CAPS | 7, 0x4000, 0x100_0000, 32);
    answer
        .capability(uapi::VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, 40)
        .capability(SPARSE, 0)
        .words(&[2, 0])
        .longs(&[0, 0x1000, 0x2000, 0x2000]);
    let region = region(&answer.0).unwrap();
    assert_eq!((region.size, region.offset), (0x4000, 0x100_0000));
    assert_eq!(region.sparse, Some(vec![(0, 0x1000), (0x2000, 0x2000)]));
}

#[test]
fn a_region_without_capabilities() {
    // `cap_offset` means nothing without the flag.
    let region = region(&Answer::region(7, 0x4000, 0, 0xffff_ffff).0).unwrap();
    assert_eq!(region.sparse, None);
}

#[test]
fn an_iommu_with_all_that_it_may_tell() {
    let mut answer = Answer::iommu(IOMMU_FLAGS, 0x4020_1000, 24);
    answer.capability(AVAIL, 36).words(&[65535]).capability(RANGES, 0).words(&[2, 0]).longs(&[
        0,
        0xfedf_ffff,
        0xfef0_0000,
        0x7f_ffff_ffff,
    ]);
    let iommu = iommu(&answer.0).unwrap();
    assert_eq!(iommu.page_sizes, Some(0x4020_1000));
    assert_eq!(iommu.mappings_left, Some(65535));
    let ranges = vec![0..=0xfedf_ffff, 0xfef0_0000..=0x7f_ffff_ffff];
    assert_eq!(iommu.ranges, Some(ranges));
}

#[test]
fn an_old_iommu_tells_nothing() {
    assert_eq!(iommu(&Answer::iommu(0, 0, 0).0), Ok(IommuAnswer::default()));
}

#[test]
fn ranges_must_ascend() {
    let with = |ranges: &[u64]| {
        let mut answer = Answer::iommu(IOMMU_FLAGS, 0x1000, 24);
        let count = ranges.len() as u32 / 2;
        answer.capability(RANGES, 0).words(&[count, 0]).longs(ranges);
        iommu(&answer.0)
    };
    assert_eq!(with(&[5, 4]), Err(Malformed::Ranges));
    assert_eq!(with(&[0, 9, 9, 20]), Err(Malformed::Ranges));
    assert_eq!(with(&[10, 20, 0, 5]), Err(Malformed::Ranges));
    assert!(with(&[0, u64::MAX]).is_ok());
}

#[test]
fn chains_that_loop() {
    let mut itself = Answer::region(CAPS, 0, 0, 32);
    itself.capability(9, 32);
    assert_eq!(region(&itself.0), Err(Malformed::Loop));
    let mut two = Answer::region(CAPS, 0, 0, 32);
    two.capability(9, 40).capability(9, 32);
    assert_eq!(region(&two.0), Err(Malformed::Loop));
}

#[test]
fn chains_that_go_astray() {
    let starting_at = |first| region(&Answer::region(CAPS, 0, 0, first).0);
    // Inside the fixed part, off the grid, beyond the end, at the very end.
    assert_eq!(starting_at(8), Err(Malformed::Misplaced(8)));
    assert_eq!(starting_at(33), Err(Malformed::Misplaced(33)));
    assert_eq!(starting_at(0xffff_fffc), Err(Malformed::Truncated(0xffff_fffc)));
    assert_eq!(starting_at(32), Err(Malformed::Truncated(0)));
}

#[test]
fn counts_that_are_not_to_be_believed() {
    let mut answer = Answer::region(CAPS, 0, 0, 32);
    answer.capability(SPARSE, 0).words(&[u32::MAX, 0]).longs(&[0, 1]);
    assert!(matches!(region(&answer.0), Err(Malformed::Truncated(_))));
    let mut answer = Answer::region(CAPS, 0, 0, 32);
    answer.capability(SPARSE, 0).words(&[2, 0]).longs(&[0, 1, 2]);
    assert!(matches!(region(&answer.0), Err(Malformed::Truncated(_))));
}

#[test]
fn every_truncation_is_an_error_or_tells_less() {
    let mut answer = Answer::region(CAPS | 7, 0x4000, 0, 32);
    answer.capability(SPARSE, 0).words(&[1, 0]).longs(&[0, 0x1000]);
    for len in 0..answer.0.len() {
        assert!(region(&answer.0[..len]).is_err(), "{len}");
    }
    assert!(region(&answer.0).is_ok());
}

/// An answer of which the header is right, with anything behind it.
fn hostile(header: usize, flags: u32) -> impl Strategy<Value = Vec<u8>> {
    // Small numbers, so that offsets and counts often hit something.
    let word = prop_oneof![4 => 0u32..160, 1 => any::<u32>()];
    prop::collection::vec(word, header / 4..64).prop_map(move |mut words| {
        words[1] |= flags;
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = region(&bytes);
        let _ = iommu(&bytes);
    }

    #[test]
    fn hostile_chains_end(
        one in hostile(REGION_HEADER, CAPS), other in hostile(IOMMU_HEADER, IOMMU_FLAGS)
    ) {
        let started = std::time::Instant::now();
        if let Ok(RegionAnswer { sparse: Some(areas), .. }) = region(&one) {
            prop_assert!(areas.len() * 16 <= one.len());
        }
        if let Ok(IommuAnswer { ranges: Some(ranges), .. }) = iommu(&other) {
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end() < pair[1].start()));
        }
        prop_assert!(started.elapsed() < Duration::from_secs(1));
    }
}
