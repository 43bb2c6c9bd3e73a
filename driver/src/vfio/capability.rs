//! The capability chains that follow some of VFIO's answers (`struct vfio_info_cap_header`).
//!
//! Each capability begins with an id, a version and the offset of the next one, all relative to the
//! start of the answer. The kernel is trusted with memory here, its bytes are not: a chain that
//! loops, leaves the answer or is cut short is an error and never more than that.

use std::mem::{offset_of, size_of};
use std::ops::RangeInclusive;

use vfio_bindings::bindings::vfio as uapi;

/// Why an answer could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// It ends before something that it should hold.
    #[error("it is cut short at byte {0}")]
    Truncated(usize),
    /// A capability starts where none may.
    #[error("a capability starts at byte {0}")]
    Misplaced(usize),
    /// The chain comes back to itself.
    #[error("its capability chain loops")]
    Loop,
    /// A range ends before it starts, or two overlap.
    #[error("its ranges are out of order")]
    Ranges,
}

/// One capability: its id, and its bytes from the header to the end of the answer, since VFIO
/// states no length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Capability<'a> {
    id: u16,
    bytes: &'a [u8],
}

/// What a region's answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RegionAnswer {
    pub(super) flags: u32,
    pub(super) size: u64,
    /// Where the region starts in the device's descriptor.
    pub(super) offset: u64,
    /// The parts that may be mapped as `(offset in the region, length)`, where the kernel lists
    /// them: `VFIO_REGION_INFO_CAP_SPARSE_MMAP`.
    pub(super) sparse: Option<Vec<(u64, u64)>>,
}

/// What a type 1 IOMMU's answer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IommuAnswer {
    /// Bit mask of page sizes, where stated.
    pub(super) page_sizes: Option<u64>,
    /// The IOVA ranges that may be mapped, ascending and disjoint, where stated.
    pub(super) ranges: Option<Vec<RangeInclusive<u64>>>,
    /// How many more mappings the kernel allows, where stated.
    pub(super) mappings_left: Option<u32>,
}

/// Reads a `struct vfio_region_info`.
pub(super) fn region(answer: &[u8]) -> Result<RegionAnswer, Malformed> {
    type Info = uapi::vfio_region_info;
    type Sparse = uapi::vfio_region_info_cap_sparse_mmap;
    let flags = u32_at(answer, offset_of!(Info, flags))?;
    let mut region = RegionAnswer {
        flags,
        size: u64_at(answer, offset_of!(Info, size))?,
        offset: u64_at(answer, offset_of!(Info, offset))?,
        sparse: None,
    };
    if flags & uapi::VFIO_REGION_INFO_FLAG_CAPS != 0 {
        let first = u32_at(answer, offset_of!(Info, cap_offset))?;
        for capability in chain(answer, size_of::<Info>(), first)? {
            if u32::from(capability.id) == uapi::VFIO_REGION_INFO_CAP_SPARSE_MMAP {
                let count = u32_at(capability.bytes, offset_of!(Sparse, nr_areas))?;
                region.sparse = Some(pairs(capability.bytes, size_of::<Sparse>(), count)?);
            }
        }
    }
    Ok(region)
}

/// Reads a `struct vfio_iommu_type1_info`.
pub(super) fn iommu(answer: &[u8]) -> Result<IommuAnswer, Malformed> {
    type Info = uapi::vfio_iommu_type1_info;
    type Ranges = uapi::vfio_iommu_type1_info_cap_iova_range;
    type Avail = uapi::vfio_iommu_type1_info_dma_avail;
    let flags = u32_at(answer, offset_of!(Info, flags))?;
    let mut iommu = IommuAnswer::default();
    if flags & uapi::VFIO_IOMMU_INFO_PGSIZES != 0 {
        let sizes = u64_at(answer, offset_of!(Info, iova_pgsizes))?;
        iommu.page_sizes = (sizes != 0).then_some(sizes);
    }
    if flags & uapi::VFIO_IOMMU_INFO_CAPS == 0 {
        return Ok(iommu);
    }
    let first = u32_at(answer, offset_of!(Info, cap_offset))?;
    for Capability { id, bytes } in chain(answer, size_of::<Info>(), first)? {
        match id.into() {
            uapi::VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE => {
                let count = u32_at(bytes, offset_of!(Ranges, nr_iovas))?;
                let pairs = pairs(bytes, size_of::<Ranges>(), count)?;
                iommu.ranges = Some(ascending(pairs)?);
            }
            uapi::VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL => {
                iommu.mappings_left = Some(u32_at(bytes, offset_of!(Avail, avail))?);
            }
            _ => {}
        }
    }
    Ok(iommu)
}

/// Walks the chain that starts at byte `first`; 0 means that there is none. No capability may lie
/// in the first `fixed` bytes.
fn chain(answer: &[u8], fixed: usize, first: u32) -> Result<Vec<Capability<'_>>, Malformed> {
    type Header = uapi::vfio_info_cap_header;
    let mut found = Vec::new();
    let mut at = first as usize;
    while at != 0 {
        // The kernel aligns capabilities to 8 bytes now, and to 4 in older versions.
        if at < fixed || !at.is_multiple_of(4) {
            return Err(Malformed::Misplaced(at));
        }
        if found.len() > answer.len() / size_of::<Header>() {
            return Err(Malformed::Loop);
        }
        let bytes = answer.get(at..).ok_or(Malformed::Truncated(at))?;
        let id = u32_at(bytes, offset_of!(Header, id))?;
        found.push(Capability {
            // Id and version share the first word; the id is its first half in memory.
            id: u16::from_ne_bytes([id.to_ne_bytes()[0], id.to_ne_bytes()[1]]),
            bytes,
        });
        at = u32_at(bytes, offset_of!(Header, next))? as usize;
    }
    Ok(found)
}

/// Reads `count` pairs of 64-bit numbers from byte `at` on.
fn pairs(bytes: &[u8], at: usize, count: u32) -> Result<Vec<(u64, u64)>, Malformed> {
    let rest = bytes.get(at..).ok_or(Malformed::Truncated(at))?;
    // Checked before anything is allocated: the count is not to be believed.
    if rest.len() / 16 < count as usize {
        return Err(Malformed::Truncated(bytes.len()));
    }
    (0..count as usize).map(|i| Ok((u64_at(rest, i * 16)?, u64_at(rest, i * 16 + 8)?))).collect()
}

fn ascending(pairs: Vec<(u64, u64)>) -> Result<Vec<RangeInclusive<u64>>, Malformed> {
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::with_capacity(pairs.len());
    for (first, last) in pairs {
        let above = ranges.last().is_none_or(|before| *before.end() < first);
        if !above || last < first {
            return Err(Malformed::Ranges);
        }
        ranges.push(first..=last);
    }
    Ok(ranges)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, Malformed> {
    array_at(bytes, at).map(u32::from_ne_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, Malformed> {
    array_at(bytes, at).map(u64::from_ne_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], Malformed> {
    let end = at.checked_add(N).ok_or(Malformed::Truncated(at))?;
    bytes.get(at..end).and_then(|bytes| bytes.try_into().ok()).ok_or(Malformed::Truncated(at))
}

#[cfg(test)]
#[path = "capability_tests.rs"]
mod tests;
