//! Groups.

use crate::kit::{
    GROUP_GET_DEVICE_FD, GROUP_GET_STATUS, GROUP_SET_CONTAINER, GROUP_UNSET_CONTAINER, Rig,
    SET_IOMMU, TYPE1V2, request,
};

fn status(rig: &Rig, group: i32) -> Result<u32, i32> {
    let mut status = [8_u32, !0];
    rig.call(group, GROUP_GET_STATUS, &mut status).map(|_| status[1])
}

#[test]
fn it_is_viable_and_tells_whether_it_has_a_container() {
    let rig = Rig::new("");
    let group = rig.group(0);
    assert_eq!(status(&rig, group), Ok(1));
    rig.join(group, rig.container()).unwrap();
    assert_eq!(status(&rig, group), Ok(3));
    assert_eq!(rig.call(group, GROUP_GET_STATUS, &mut [7_u32, 0]), Err(libc::EINVAL));
    assert_eq!(rig.number(group, GROUP_GET_STATUS, 16), Err(libc::EFAULT));
    assert_eq!(rig.number(group, request(99), 0), Err(libc::ENOTTY));
}

#[test]
fn it_is_open_once_in_all_processes() {
    let rig = Rig::new("");
    let group = rig.group(0);
    let other = rig.another();
    assert_eq!(rig.open("1"), Err(libc::EBUSY));
    assert_eq!(rig.open_in(&other, "1"), Err(libc::EBUSY));
    let second = rig.open_in(&other, "2").unwrap();
    assert_eq!(rig.open("2"), Err(libc::EBUSY));
    rig.close(group);
    assert!(rig.open_in(&other, "1").is_ok());
    assert!(!rig.vfio.is_ours(second));
    // Whatever another process has is its own.
    drop(other);
    assert!(rig.open("1").is_ok());
}

#[test]
fn what_is_no_group_cannot_be_opened() {
    let rig = Rig::new("vfs=2");
    for (name, errno) in [("3", libc::ENOENT), ("0", libc::ENOENT), ("noiommu-1", libc::ENOENT)] {
        assert_eq!(rig.open(name), Err(errno), "{name}");
    }
}

#[test]
fn it_is_in_one_container_at_a_time() {
    let rig = Rig::new("");
    let (container, group) = (rig.container(), rig.group(0));
    let null = std::fs::File::open("/dev/null").unwrap();
    let null = std::os::fd::AsRawFd::as_raw_fd(&null);
    assert_eq!(rig.join(group, -1), Err(libc::EBADF));
    assert_eq!(rig.join(group, null), Err(libc::EBADFD));
    assert_eq!(rig.join(group, group), Err(libc::EBADFD));
    assert_eq!(rig.number(group, GROUP_SET_CONTAINER, 8), Err(libc::EFAULT));
    assert_eq!(rig.number(group, GROUP_UNSET_CONTAINER, 0), Err(libc::EINVAL));
    rig.join(group, container).unwrap();
    assert_eq!(rig.join(group, container), Err(libc::EINVAL));
    assert_eq!(rig.join(group, rig.container()), Err(libc::EINVAL));
    assert_eq!(rig.number(group, GROUP_UNSET_CONTAINER, 0), Ok(0));
    rig.join(group, rig.container()).unwrap();
}

#[test]
fn a_device_is_opened_by_its_name_when_there_is_an_iommu() {
    let rig = Rig::new("");
    let (container, group) = (rig.container(), rig.group(0));
    assert_eq!(rig.device(group, 0), Err(libc::EINVAL), "no container");
    rig.join(group, container).unwrap();
    assert_eq!(rig.device(group, 0), Err(libc::EINVAL), "no IOMMU");
    rig.number(container, SET_IOMMU, TYPE1V2).unwrap();
    for (name, errno) in [
        ("", libc::ENODEV),
        ("0000:01:10.2", libc::ENODEV),
        ("01:10.0", libc::ENODEV),
        ("0000:01:10.0x", libc::ENODEV),
        ("0000:01:10.0 x", libc::EINVAL),
        ("0000:01:10.0 vf_token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3", libc::EINVAL),
    ] {
        assert_eq!(rig.device_named(group, name), Err(errno), "{name:?}");
    }
    assert_eq!(rig.number(group, GROUP_GET_DEVICE_FD, 8), Err(libc::EFAULT));
    let long = "0".repeat(5000);
    assert_eq!(rig.device_named(group, &long), Err(libc::EINVAL));
    let device = rig.device(group, 0).unwrap();
    let again = rig.device_named(group, "0000:01:10.0  ").unwrap();
    assert!(device != again, "open any number of times");
    assert_eq!(rig.number(group, GROUP_UNSET_CONTAINER, 0), Err(libc::EBUSY));
    // SAFETY: no memory is involved.
    let flags = unsafe { libc::fcntl(device, libc::F_GETFD) };
    assert_eq!(flags, libc::FD_CLOEXEC);
}

#[test]
fn a_vf_that_somebody_drives_otherwise_is_busy() {
    let rig = Rig::new("");
    let (_container, group) = rig.ready(0);
    let other = softnic::Host::open(rig.vfio.spec()).unwrap();
    other.with(|adapter| adapter.open(0).unwrap()).unwrap();
    assert_eq!(rig.device(group, 0), Err(libc::EBUSY));
    other.with(|adapter| adapter.close(0)).unwrap();
    assert!(rig.device(group, 0).is_ok());
}
