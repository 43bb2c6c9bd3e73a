//! Children made by fork.

use testkit::in_child;

use crate::kit::{GET_API_VERSION, GROUP_GET_STATUS, Pages, Rig, close};

#[test]
fn what_is_inherited_is_the_parents() {
    let rig = Rig::new("");
    let [container, group, device] = rig.whole(0);
    let memory = Pages::new(1);
    rig.map(container, &memory, 0).unwrap();
    let ended = in_child(|| {
        rig.vfio.forked_child();
        assert_eq!(rig.vfio.step(), -1);
        assert_eq!(rig.number(container, GET_API_VERSION, 0), Err(libc::ENODEV));
        assert_eq!(rig.call(group, GROUP_GET_STATUS, &mut [8_u32, 0]), Err(libc::ENODEV));
        assert_eq!(rig.pread(device, &mut [0; 4], 0), Err(libc::ENODEV));
        assert_eq!(rig.pwrite(device, &[0; 4], 0), Err(libc::ENODEV));
        assert!(![container, group, device].into_iter().any(|fd| rig.vfio.is_ours(fd)));
        // SAFETY: at a place that is free.
        let mapped =
            unsafe { rig.vfio.mmap(std::ptr::null_mut(), 4096, 1, libc::MAP_SHARED, device, 4096) };
        assert_eq!(mapped, Some(Err(libc::ENODEV)));
        // Its own opens work: but for the group that the parent has.
        assert_eq!(rig.open("1"), Err(libc::EBUSY));
        let [other, .., second] = rig.whole(1);
        rig.map(other, &Pages::new(1), 0).unwrap();
        assert_eq!(rig.read32(second, 8) >> 10 & 0xff, 2);
        [container, group, device].into_iter().for_each(close);
        rig.vfio.closed();
        true
    });
    assert!(ended, "the child failed");
    // Nothing of that was the parent's affair; the VF that the child had is free again.
    assert!(rig.vfio.step() >= 0);
    assert_eq!(rig.read32(device, 8) >> 10 & 0xff, 2);
    assert_eq!(rig.unmap(container, 0, 4096), Ok(4096));
    let second = rig.group(1);
    rig.join(second, container).unwrap();
    assert!(rig.device(second, 1).is_ok());
}

#[test]
fn a_child_does_not_keep_what_its_parent_gives_back() {
    let rig = Rig::new("");
    let [container, group, device] = rig.whole(0);
    let (ready, go) = std::io::pipe().unwrap();
    let (over, end) = std::io::pipe().unwrap();
    // A child that lives on, as servers make them.
    // SAFETY: it calls what works after a fork, and ends without running destructors.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        rig.vfio.forked_child();
        let fds = [ready, over].map(std::os::fd::IntoRawFd::into_raw_fd);
        [container, group, device].into_iter().for_each(close);
        drop(go);
        drop(end);
        let mut byte = [0_u8];
        // Until the parent is done with its test.
        // SAFETY: one byte; an alarm ends a child that was forgotten.
        unsafe {
            libc::alarm(20);
            libc::read(fds[1], byte.as_mut_ptr().cast(), 1);
            libc::_exit(0);
        }
    }
    drop(go);
    // The child has its end closed: it has let go of everything else before.
    std::io::Read::read(&mut { ready }, &mut [0]).unwrap();
    for fd in [device, group, container] {
        rig.close(fd);
    }
    let other = rig.another();
    let opened = rig.open_in(&other, "1");
    drop(end);
    let mut status = 0;
    // SAFETY: writes the status of a child of ours.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    assert_eq!(status, 0);
    assert!(opened.is_ok(), "{opened:?}");
}
