//! What is left when descriptors go, in any order.

use testkit::Footprint;

use crate::kit::{GROUP_GET_STATUS, PAGE, Pages, Rig, close, dup, eventfd};

/// Opens everything, and closes it in each order. Nothing must be left.
#[test]
fn every_order_of_closing_leaves_nothing() {
    let rig = Rig::new("");
    let memory = Pages::new(4);
    // Threads of other tests come and go.
    let now = || Footprint { threads: Vec::new(), ..Footprint::now() };
    let before = now();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let all = rig.whole(0);
        let [container, _, device] = all;
        rig.map(container, &memory, 0).unwrap();
        let fd = eventfd();
        let mut irq = [24, 36, 2, 0, 1, fd as u32];
        assert_eq!(rig.call(device, crate::kit::DEVICE_SET_IRQS, &mut irq), Ok(0));
        close(fd);
        for (n, at) in order.into_iter().enumerate() {
            assert!(rig.vfio.step() >= 0, "{order:?}: it is there until the last one is closed");
            rig.close(all[at]);
            let gone = rig.open("1");
            // The group's own descriptor or its device's keep it.
            let is_kept = order[n + 1..].iter().any(|left| *left != 0);
            assert_eq!(gone.is_err(), is_kept, "{order:?} after {}", n + 1);
            if let Ok(group) = gone {
                rig.close(group);
            }
            if !is_kept {
                assert_eq!(rig.vfio.step(), -1, "{order:?}: its IOMMU went with its last group");
                break;
            }
        }
        if order[2] == 0 {
            rig.close(container);
        }
        assert_eq!(now(), before, "{order:?}");
    }
}

#[test]
fn copies_are_the_same_and_keep_it() {
    let rig = Rig::new("");
    let [container, group, device] = rig.whole(0);
    let copies = [container, group, device].map(dup);
    for fd in [container, group, device] {
        rig.close(fd);
    }
    let [container, group, device] = copies;
    assert_eq!(rig.call(group, GROUP_GET_STATUS, &mut [8_u32, 0]), Ok(0));
    let page = Pages::new(1);
    rig.map(container, &page, 0).unwrap();
    assert_eq!(rig.read32(device, 0x1028) >> 25 & 1, 0);
    assert_eq!(rig.open("1"), Err(libc::EBUSY));
    // One that is put in the place of another.
    let null = std::fs::File::open("/dev/null").unwrap();
    // SAFETY: descriptors of the test's.
    let put = unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&null), device) };
    assert_eq!(put, device);
    rig.vfio.closed();
    rig.close(group);
    assert!(rig.open("1").is_ok());
}

#[test]
fn mapped_registers_keep_a_device() {
    let rig = Rig::new("");
    let [container, group, device] = rig.whole(0);
    let nowhere = std::ptr::null_mut();
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    // SAFETY: at a place that is free.
    let mapped = unsafe { rig.vfio.mmap(nowhere, 0x2000, protection, flags, device, 0x1000) };
    let mapped = mapped.unwrap().unwrap();
    for fd in [device, group, container] {
        rig.close(fd);
    }
    assert_eq!(rig.open("1"), Err(libc::EBUSY));
    assert!(rig.vfio.step() >= 0);
    // SAFETY: the pages of the rings, which are memory; then nobody uses them any more.
    unsafe {
        let register = mapped.cast::<u32>();
        register.write_volatile(0x80);
        assert_eq!(register.read_volatile(), 0x80);
        if softvfio::maps::munmap(mapped.addr(), 0x2000).is_none() {
            assert_eq!(libc::munmap(mapped, 0x2000), 0);
        }
    }
    rig.vfio.after_munmap();
    assert!(rig.open("1").is_ok());
    assert_eq!(rig.vfio.step(), -1);
}

#[test]
fn what_is_closed_behind_our_back_is_found_later() {
    let rig = Rig::new("");
    let [container, group, device] = rig.whole(0);
    // As by a system call that no library sees.
    [container, group, device].into_iter().for_each(close);
    assert_eq!(rig.open("1"), Err(libc::EBUSY));
    rig.vfio.closed();
    assert!(rig.open("1").is_ok());
}

#[test]
fn a_device_starts_anew_each_time() {
    let rig = Rig::new("");
    let (_container, group) = rig.ready(0);
    let device = rig.device(group, 0).unwrap();
    rig.bus_master(device, true);
    rig.write32(device, 0x1000, 0x1234_5680);
    rig.write32(device, 0x108, 7);
    rig.close(device);
    let device = rig.device(group, 0).unwrap();
    assert_eq!(rig.read32(device, 0x1000), 0);
    assert_eq!(rig.read32(device, 0x108), 0);
    assert_eq!(rig.read32(device, crate::kit::CONFIG + 4) & 0xffff, 2, "no bus mastering");
}

#[test]
fn a_container_outlives_its_groups_and_takes_others() {
    let rig = Rig::new("");
    let (container, group) = rig.ready(0);
    let memory = Pages::new(1);
    rig.map(container, &memory, 0).unwrap();
    rig.close(group);
    assert_eq!(rig.unmap(container, 0, PAGE as u64), Err(libc::EINVAL), "no IOMMU any more");
    let other = rig.group(1);
    rig.join(other, container).unwrap();
    rig.number(container, crate::kit::SET_IOMMU, crate::kit::TYPE1V2).unwrap();
    rig.map(container, &memory, 0).unwrap();
    assert!(rig.device(other, 1).is_ok());
}

#[test]
fn descriptors_of_ours_are_known_as_such() {
    let rig = Rig::new("");
    let before: Vec<i32> = (0..2000).filter(|fd| rig.vfio.is_private(*fd)).collect();
    let all = rig.whole(0);
    assert!(all.iter().all(|fd| !rig.vfio.is_private(*fd)));
    let ours = (0..2000).filter(|fd| rig.vfio.is_private(*fd)).count();
    assert!(ours > before.len(), "the group's lock, the registers");
    all.into_iter().for_each(|fd| rig.close(fd));
    let after: Vec<i32> = (0..2000).filter(|fd| rig.vfio.is_private(*fd)).collect();
    assert_eq!(after, before);
}
