//! What `VFIO_IOMMU_GET_INFO` tells: sizes of pages, ranges of addresses, mappings that are left.
#![allow(unsafe_code)]

use vfio_bindings::bindings::vfio as uapi;

use crate::Errno;
use crate::user::{Plain, User};

/// The smallest page.
pub(super) const PAGE: u64 = 4096;

/// Pages of 4 KiB, 2 MiB and 1 GiB, as VT-d has them.
const PAGE_SIZES: u64 = 1 << 12 | 1 << 21 | 1 << 30;

/// First and last address of what can be mapped: 48 bits, without the window that messages of interrupts
/// go to on x86 (Intel SDM volume 3, 12.11).
pub(super) const RANGES: [[u64; 2]; 2] = [[0, 0xfedf_ffff], [0xfef0_0000, (1 << 48) - 1]];

/// `vfio_iommu_type1_info`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Info {
    argsz: u32,
    flags: u32,
    page_sizes: u64,
    cap_offset: u32,
    pad: u32,
}

/// `vfio_info_cap_header`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    id: u16,
    version: u16,
    next: u32,
}

/// Both capabilities, as they stand behind [`Info`]: `vfio_iommu_type1_info_dma_avail`, filled up to a
/// multiple of 8, and `vfio_iommu_type1_info_cap_iova_range`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Capabilities {
    left: Header,
    left_count: u32,
    left_pad: u32,
    ranges: Header,
    ranges_count: u32,
    ranges_reserved: u32,
    ranges_list: [[u64; 2]; 2],
}

// SAFETY: integers only, without gaps between them: each is at a multiple of its size.
unsafe impl Plain for Info {}
// SAFETY: as above.
unsafe impl Plain for Capabilities {}

/// What comes after the fields that there were first.
const SHORTEST: usize = 16;

/// Answers the call, in as much as there is room for. `left`: mappings that there can still be.
pub(super) fn answer(argument: User, left: u32) -> Result<(), Errno> {
    let mut info: Info = argument.read_prefix(SHORTEST)?;
    let room = info.argsz as usize;
    if room < SHORTEST {
        return Err(libc::EINVAL);
    }
    info.flags = uapi::VFIO_IOMMU_INFO_PGSIZES | uapi::VFIO_IOMMU_INFO_CAPS;
    info.page_sizes = PAGE_SIZES;
    let whole = size_of::<Info>() + size_of::<Capabilities>();
    if room < whole {
        // The program asks again, with as much.
        info.argsz = whole as u32;
    } else {
        info.cap_offset = size_of::<Info>() as u32;
        argument.add(size_of::<Info>()).write(&capabilities(left))?;
    }
    argument.write_prefix(&info, room)
}

fn capabilities(left: u32) -> Capabilities {
    let second = size_of::<Info>() + std::mem::offset_of!(Capabilities, ranges);
    Capabilities {
        left: Header {
            id: uapi::VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL as u16,
            version: 1,
            next: second as u32,
        },
        left_count: left,
        left_pad: 0,
        ranges: Header {
            id: uapi::VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE as u16,
            version: 1,
            next: 0,
        },
        ranges_count: RANGES.len() as u32,
        ranges_reserved: 0,
        ranges_list: RANGES,
    }
}
