//! Mapping memory for devices.

use crate::kit::{PAGE, Pages, Rig, SET_IOMMU, TYPE1};

const P: u64 = PAGE as u64;

#[test]
fn mappings_do_not_overlap_and_are_in_range() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let memory = Pages::new(4);
    let at = memory.address() as u64;
    rig.map_raw(container, 3, at, 16 * P, 4 * P).unwrap();
    for (iova, size) in [(16, 4), (16, 1), (15, 2), (19, 1), (10, 10)] {
        let refused = rig.map_raw(container, 3, at, iova * P, size * P);
        assert_eq!(refused, Err(libc::EEXIST), "{size} pages at {iova}");
    }
    for (iova, size) in [
        (0, 0),
        (1, P),
        (0, P + 1),
        (u64::MAX - P + 1, P),
        (u64::MAX - P + 1, 2 * P),
        (1 << 48, P),
        ((1 << 48) - P, 2 * P),
        (0xfee0_0000, P),
        (0xfedf_f000, 2 * P),
        (0xfeef_f000, 2 * P),
    ] {
        let refused = rig.map_raw(container, 3, at, iova, size);
        assert_eq!(refused, Err(libc::EINVAL), "{size:#x} at {iova:#x}");
    }
    for (iova, size) in [((1 << 48) - P, P), (0xfedf_f000, P), (0xfef0_0000, P), (0, P)] {
        rig.map_raw(container, 3, at, iova, size).unwrap();
    }
    // The memory: on pages, and no wrap.
    for address in [at + 1, 0u64.wrapping_sub(P) + 1] {
        let refused = rig.map_raw(container, 3, address, 64 * P, P);
        assert_eq!(refused, Err(libc::EINVAL), "{address:#x}");
    }
    let wraps = rig.map_raw(container, 3, 0_u64.wrapping_sub(P), 64 * P, 2 * P);
    assert_eq!(wraps, Err(libc::EINVAL));
}

#[test]
fn devices_may_read_write_or_both() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let memory = Pages::new(1);
    let at = memory.address() as u64;
    for flags in [0, 4, 5, 7, 8, 0x8000_0003] {
        let refused = rig.map_raw(container, flags, at, 0, P);
        assert_eq!(refused, Err(libc::EINVAL), "{flags}");
    }
    for (iova, flags) in [(0, 1), (P, 2), (2 * P, 3)] {
        rig.map_raw(container, flags, at, iova, P).unwrap();
    }
    // Too short a structure.
    let mut map = [31_u32, 3, at as u32, (at >> 32) as u32, 0, 16, P as u32, 0];
    assert_eq!(rig.call(container, crate::kit::MAP_DMA, &mut map), Err(libc::EINVAL));
    assert_eq!(rig.number(container, crate::kit::MAP_DMA, 8), Err(libc::EFAULT));
}

#[test]
fn memory_that_is_not_there_or_not_for_that_is_refused() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let memory = Pages::new(3);
    let at = memory.address();
    let protect = |page: usize, protection| {
        let address = std::ptr::with_exposed_provenance_mut(at + page * PAGE);
        // SAFETY: a page of the test's, which nothing refers to.
        assert_eq!(unsafe { libc::mprotect(address, PAGE, protection) }, 0);
    };
    protect(0, libc::PROT_READ);
    protect(1, libc::PROT_NONE);
    let at = at as u64;
    let map = |flags, page: u64, pages: u64| {
        rig.map_raw(container, flags, at + page * P, 16 * P, pages * P).err()
    };
    assert_eq!(map(3, 0, 1), Some(libc::EFAULT), "it can only be read");
    assert_eq!(map(2, 0, 1), Some(libc::EFAULT));
    assert_eq!(map(1, 1, 1), Some(libc::EFAULT), "it cannot be touched");
    assert_eq!(map(3, 1, 2), Some(libc::EFAULT));
    assert_eq!(rig.map_raw(container, 3, 0x1000, 0, P), Err(libc::EFAULT), "nothing is there");
    assert_eq!(rig.unmap_raw(container, 2, 0, 0), Ok(0), "nothing was mapped by these");
    assert_eq!(map(1, 0, 1), None);
    assert_eq!(rig.unmap(container, 16 * P, P), Ok(P));
}

#[test]
fn what_is_unmapped_was_mapped_whole() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let memory = Pages::new(4);
    let at = memory.address() as u64;
    let map = |iova: u64, pages: u64| rig.map_raw(container, 3, at, iova * P, pages * P).unwrap();
    map(16, 4);
    map(20, 2);
    map(30, 1);
    for (iova, pages) in [(16, 3), (17, 3), (18, 1), (15, 2), (16, 5), (21, 10)] {
        let refused = rig.unmap(container, iova * P, pages * P);
        assert_eq!(refused, Err(libc::EINVAL), "{pages} pages at {iova}");
    }
    for (iova, size) in [(1, P), (0, 0), (0, 1), (2 * P, u64::MAX - P + 1), (16 * P, 4 * P + 1)] {
        assert_eq!(rig.unmap(container, iova, size), Err(libc::EINVAL), "{size:#x} at {iova:#x}");
    }
    assert_eq!(rig.unmap(container, 0, 16 * P), Ok(0), "nothing is there");
    assert_eq!(rig.unmap(container, 16 * P, 4 * P), Ok(4 * P));
    assert_eq!(rig.unmap(container, 16 * P, 4 * P), Ok(0));
    map(16, 4);
    assert_eq!(rig.unmap(container, 0, 64 * P), Ok(7 * P), "several at once");
    map(16, 4);
    map(30, 1);
    // All of it (flag 2), for which there is neither address nor length.
    for (flags, iova, size) in [(2, P, 0), (2, 0, P), (4, 0, P), (1, 16 * P, 4 * P), (8, 0, P)] {
        let refused = rig.unmap_raw(container, flags, iova, size);
        assert_eq!(refused, Err(libc::EINVAL), "flags {flags}");
    }
    assert_eq!(rig.unmap_raw(container, 2, 0, 0), Ok(5 * P));
    assert_eq!(rig.unmap_raw(container, 2, 0, 0), Ok(0));
    assert_eq!(rig.number(container, crate::kit::UNMAP_DMA, 8), Err(libc::EFAULT));
}

#[test]
fn the_first_version_unmaps_what_begins_in_the_range() {
    let rig = Rig::new("");
    let (container, group) = (rig.container(), rig.group(0));
    rig.join(group, container).unwrap();
    rig.number(container, SET_IOMMU, TYPE1).unwrap();
    let memory = Pages::new(4);
    rig.map(container, &memory, 16 * P).unwrap();
    assert_eq!(rig.unmap(container, 17 * P, P), Ok(0), "it begins within a mapping");
    assert_eq!(rig.unmap(container, 16 * P, P), Ok(4 * P), "the whole of it");
}

#[test]
fn there_is_a_limit_to_the_number_of_mappings() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let page = Pages::new(1);
    for at in 0..65535 {
        rig.map(container, &page, at * P).unwrap();
    }
    assert_eq!(rig.map(container, &page, 65535 * P), Err(libc::ENOSPC));
    assert_eq!(rig.unmap(container, 0, P), Ok(P));
    rig.map(container, &page, 65535 * P).unwrap();
    assert_eq!(rig.unmap_raw(container, 2, 0, 0), Ok(65535 * P));
}

#[test]
fn the_same_address_means_other_memory_in_another_container() {
    let rig = Rig::new("");
    let (one, _first) = rig.ready(0);
    let (two, _second) = rig.ready(1);
    let memory = Pages::new(2);
    let at = memory.address() as u64;
    rig.map_raw(one, 3, at, P, P).unwrap();
    rig.map_raw(two, 3, at + P, P, P).unwrap();
    assert_eq!(rig.unmap(one, P, P), Ok(P));
    assert_eq!(rig.unmap(two, P, P), Ok(P));
}
