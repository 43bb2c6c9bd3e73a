//! Containers.

use crate::kit::{
    CHECK_EXTENSION, GET_API_VERSION, GROUP_GET_STATUS, IOMMU_GET_INFO, MAP_DMA, Pages, Rig,
    SET_IOMMU, TYPE1, TYPE1V2, UNMAP_DMA, request,
};

#[test]
fn it_tells_its_version_and_what_it_can_do() {
    let rig = Rig::new("");
    let container = rig.container();
    assert_eq!(rig.number(container, GET_API_VERSION, 0), Ok(0));
    let can = |fd| -> Vec<usize> {
        (0..16).filter(|it| rig.number(fd, CHECK_EXTENSION, *it) != Ok(0)).collect()
    };
    // Type 1, type 1 v2, and unmapping all; with an IOMMU also that caches are seen.
    assert_eq!(can(container), [1, 3, 9]);
    assert_eq!(rig.number(container, CHECK_EXTENSION, usize::MAX), Ok(0));
    let (container, _group) = rig.ready(0);
    assert_eq!(can(container), [1, 3, 4, 9]);
}

#[test]
fn without_an_iommu_nothing_else_is_there() {
    let rig = Rig::new("");
    let container = rig.container();
    for known in [IOMMU_GET_INFO, MAP_DMA, UNMAP_DMA, GROUP_GET_STATUS, request(99)] {
        assert_eq!(rig.number(container, known, 0), Err(libc::EINVAL));
    }
    let (container, _group) = rig.ready(0);
    for unknown in [GROUP_GET_STATUS, request(17), request(99)] {
        assert_eq!(rig.number(container, unknown, 0), Err(libc::ENOTTY));
    }
}

#[test]
fn an_iommu_is_set_once_and_for_a_group() {
    let rig = Rig::new("");
    let (container, group) = (rig.container(), rig.group(0));
    assert_eq!(rig.number(container, SET_IOMMU, TYPE1V2), Err(libc::EINVAL), "no group yet");
    rig.join(group, container).unwrap();
    for other in [0, 2, 4, 6, 7, 8, 9, usize::MAX] {
        assert_eq!(rig.number(container, SET_IOMMU, other), Err(libc::ENODEV), "{other}");
    }
    assert_eq!(rig.number(container, SET_IOMMU, TYPE1), Ok(0));
    for again in [TYPE1, TYPE1V2] {
        assert_eq!(rig.number(container, SET_IOMMU, again), Err(libc::EINVAL));
    }
}

#[test]
fn what_the_iommu_tells_is_as_long_as_there_is_room_for() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let ask = |argsz: u32| {
        let mut info = [0x5a5a_5a5a_u32; 32];
        info[0] = argsz;
        rig.call(container, IOMMU_GET_INFO, &mut info).map(|_| info)
    };
    assert_eq!(ask(15), Err(libc::EINVAL));
    // Header 24, mappings that are left 16, two ranges 48.
    let whole = 24 + 16 + 48;
    let short = ask(16).unwrap();
    assert_eq!(short[..4], [whole, 3, 0x4020_1000, 0]);
    assert_eq!(short[4], 0x5a5a_5a5a, "nothing beyond the room is written");
    let head = ask(whole - 1).unwrap();
    assert_eq!((head[0], head[4]), (whole, 0), "no capabilities yet");
    let all = ask(whole).unwrap();
    assert_eq!(all[..6], [whole, 3, 0x4020_1000, 0, 24, 0]);
    // Which capability, version 1, and where the next one is.
    assert_eq!(all[6..10], [3 | 1 << 16, 40, 65535, 0]);
    assert_eq!(all[10..14], [1 | 1 << 16, 0, 2, 0]);
    let wide = |at: usize| u64::from(all[at]) | u64::from(all[at + 1]) << 32;
    assert_eq!([wide(14), wide(16)], [0, 0xfedf_ffff]);
    assert_eq!([wide(18), wide(20)], [0xfef0_0000, (1 << 48) - 1]);
    assert_eq!(all[22], 0x5a5a_5a5a);
    let page = Pages::new(1);
    rig.map(container, &page, 0).unwrap();
    assert_eq!(ask(whole).unwrap()[8], 65534);
    assert_eq!(rig.number(container, IOMMU_GET_INFO, 8), Err(libc::EFAULT));
}

#[test]
fn what_is_not_vfios_is_not_answered() {
    let rig = Rig::new("");
    let container = rig.container();
    let file = std::fs::File::open("/dev/null").unwrap();
    let other = std::os::fd::AsRawFd::as_raw_fd(&file);
    // SAFETY: no memory is involved.
    unsafe {
        assert_eq!(rig.vfio.ioctl(other, GET_API_VERSION, std::ptr::null_mut()), None);
        // FIOCLEX: the kernel answers for any file.
        assert_eq!(rig.vfio.ioctl(container, 0x5451, std::ptr::null_mut()), None);
        assert_eq!(rig.vfio.ioctl(-1, GET_API_VERSION, std::ptr::null_mut()), None);
        assert_eq!(rig.vfio.read_at(other, std::ptr::null_mut(), 4, 0), None);
        let nothing = std::ptr::null_mut();
        assert_eq!(rig.vfio.read_at(container, nothing, 4, 0), Some(Err(libc::EINVAL)));
        let mapped = rig.vfio.mmap(nothing.cast(), 4096, 1, libc::MAP_SHARED, container, 0);
        assert_eq!(mapped, Some(Err(libc::ENODEV)));
    }
    assert!(rig.vfio.is_ours(container) && !rig.vfio.is_ours(other) && !rig.vfio.is_ours(-1));
}
