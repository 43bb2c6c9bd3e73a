//! Locked memory.

use testkit::in_child;

use crate::kit::{PAGE, Pages, Rig, SET_IOMMU, TYPE1V2, locked};

const P: u64 = PAGE as u64;

#[test]
fn memory_is_locked_while_it_is_mapped() {
    let rig = Rig::new("");
    let [container, group, device] = rig.whole(0);
    let before = locked();
    let memory = Pages::new(16);
    let at = memory.address() as u64;
    rig.map(container, &memory, 0).unwrap();
    assert_eq!(locked() - before, 64);
    // Once more, in part: it stays until both are gone.
    rig.map_raw(container, 3, at + 4 * P, 64 * P, 4 * P).unwrap();
    assert_eq!(locked() - before, 64);
    rig.unmap(container, 0, 16 * P).unwrap();
    assert_eq!(locked() - before, 16);
    rig.map(container, &memory, 0).unwrap();
    rig.unmap(container, 64 * P, 4 * P).unwrap();
    assert_eq!(locked() - before, 64);
    // With the last descriptor, whichever that is.
    rig.close(container);
    rig.close(group);
    assert_eq!(locked() - before, 64);
    rig.close(device);
    assert_eq!(locked() - before, 0);
}

#[test]
fn another_container_keeps_what_it_has() {
    let rig = Rig::new("");
    let before = locked();
    let (one, first) = rig.ready(0);
    let (two, _second) = rig.ready(1);
    let memory = Pages::new(4);
    rig.map(one, &memory, 0).unwrap();
    rig.map(two, &memory, 0).unwrap();
    rig.close(first);
    assert_eq!(locked() - before, 16);
    assert_eq!(rig.map(one, &memory, 0), Err(libc::EINVAL), "without a group, no IOMMU");
    rig.unmap(two, 0, 4 * P).unwrap();
    assert_eq!(locked() - before, 0);
}

#[test]
fn a_refused_mapping_locks_nothing() {
    let rig = Rig::new("");
    let (container, _group) = rig.ready(0);
    let before = locked();
    let memory = Pages::new(4);
    let at = memory.address() as u64;
    rig.map(container, &memory, 0).unwrap();
    for refused in [
        rig.map(container, &memory, P),
        rig.map_raw(container, 3, at, 0xfee0_0000, P),
        rig.map_raw(container, 3, 0x1000, 64 * P, P),
    ] {
        assert!(refused.is_err());
    }
    assert_eq!(locked() - before, 16);
}

#[test]
fn a_user_has_a_limit() {
    let rig = Rig::new("");
    let ended = in_child(|| {
        rig.vfio.forked_child();
        let (container, group) = (rig.container(), rig.group(0));
        rig.join(group, container).unwrap();
        rig.number(container, SET_IOMMU, TYPE1V2).unwrap();
        let limit = libc::rlimit { rlim_cur: 64 << 10, rlim_max: 64 << 10 };
        // SAFETY: the structure is read; a user who is not root has no rights to give up.
        unsafe {
            assert_eq!(libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const limit), 0);
            libc::setresuid(65534, 65534, 65534);
        }
        let memory = Pages::new(64);
        let at = memory.address() as u64;
        let map =
            |page: u64, pages: u64| rig.map_raw(container, 3, at + page * P, page * P, pages * P);
        assert_eq!(map(0, 17), Err(libc::ENOMEM));
        assert_eq!(locked(), 0);
        assert_eq!(map(0, 8), Ok(0));
        assert_eq!(map(8, 9), Err(libc::ENOMEM));
        assert_eq!(map(8, 8), Ok(0));
        assert_eq!(locked(), 64);
        assert_eq!(rig.unmap(container, 0, 8 * P), Ok(8 * P));
        assert_eq!(map(16, 8), Ok(0));
        true
    });
    assert!(ended, "the child failed");
}
