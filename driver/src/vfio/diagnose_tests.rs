use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

const VF: &str = "0000:01:10.0";

/// A tree of plain files in the place of `/`.
struct World(TempDir);

impl World {
    fn new() -> World {
        World(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> Root {
        Root::new(self.0.path())
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// A PCI function in IOMMU group 7, with its driver.
    fn member(&self, name: &str, driver: Option<&str>) {
        let dir = format!("sys/bus/pci/devices/{name}");
        self.write(&format!("{dir}/vendor"), "0x8086\n");
        self.link(&format!("{dir}/iommu_group"), "../../../../kernel/iommu_groups/7");
        self.link(
            &format!("sys/kernel/iommu_groups/7/devices/{name}"),
            &format!("../../../../bus/pci/devices/{name}"),
        );
        if let Some(driver) = driver {
            self.link(&format!("{dir}/driver"), &format!("../../drivers/{driver}"));
        }
    }

    fn device(&self) -> PciDevice {
        PciDevice::open(&self.root(), VF.parse().unwrap()).unwrap()
    }

    fn group(&self) -> IommuGroup {
        self.device().iommu_group().unwrap().unwrap()
    }

    /// A process with one open file.
    fn process(&self, pid: u32, name: &str, file: &str) {
        self.write(&format!("proc/{pid}/comm"), &format!("{name}\n"));
        self.link(&format!("proc/{pid}/fd/0"), "/dev/null");
        self.link(&format!("proc/{pid}/fd/3"), file);
    }

    /// What /proc tells about this process; sizes in KiB and bytes as there.
    fn limits(&self, capabilities: u64, locked_kib: u64, limit: &str, uid_map: &str) {
        self.write(
            "proc/self/status",
            &format!("Name:\tx\nVmLck:\t{locked_kib:8} kB\nCapEff:\t{capabilities:016x}\n"),
        );
        self.write(
            "proc/self/limits",
            &format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                 Max locked memory         {limit:<20} unlimited            bytes\n"
            ),
        );
        self.write("proc/self/uid_map", uid_map);
    }
}

const FIRST_NAMESPACE: &str = "         0          0 4294967295\n";
const CONTAINER: &str = "         0     100000      65536\n";

fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}

fn node() -> PathBuf {
    PathBuf::from("/dev/vfio/7")
}

#[test]
fn a_group_that_is_busy_names_its_holders() {
    let world = World::new();
    world.process(12, "testpmd", "/dev/vfio/7");
    // The same node, as a process in a container shows it.
    world.process(9, "pod", "/run/pod/dev/vfio/7");
    world.process(13, "other", "/dev/vfio/77");
    world.write("proc/sys/kernel/osrelease", "6.12");
    world.link("proc/self/fd/3", "/dev/vfio/7");
    let error = group_node(&world.root(), VF, 7, &node(), errno(libc::EBUSY));
    let text = error.to_string();
    assert!(text.contains(VF) && text.contains("group 7"), "{text}");
    assert!(text.contains("pod (pid 9), testpmd (pid 12)"), "{text}");
    assert!(!text.contains("other"), "{text}");
}

#[test]
fn a_group_that_is_busy_for_reasons_out_of_sight() {
    let world = World::new();
    let error = group_node(&world.root(), VF, 7, &node(), errno(libc::EBUSY));
    assert!(error.to_string().contains("try as root"), "{error}");
}

#[test]
fn a_group_node_without_permission() {
    let world = World::new();
    let error = group_node(&world.root(), VF, 7, &node(), errno(libc::EACCES));
    assert!(matches!(&error, Error::Permission { .. }), "{error:?}");
    assert!(error.to_string().contains("chown USER /dev/vfio/7"), "{error}");
}

#[test]
fn a_group_node_that_is_not_there() {
    let world = World::new();
    for number in [libc::ENOENT, libc::ENODEV] {
        let error = group_node(&world.root(), VF, 7, &node(), errno(number));
        assert!(error.to_string().contains("in a container"), "{error}");
    }
}

#[test]
fn vfio_that_is_not_loaded() {
    for number in [libc::ENOENT, libc::ENODEV, libc::ENXIO] {
        let error = container_node(VF, Path::new("/dev/vfio/vfio"), errno(number));
        assert!(error.to_string().contains("modprobe vfio-pci"), "{error}");
    }
    let error = container_node(VF, Path::new("/dev/vfio/vfio"), errno(libc::EACCES));
    assert!(matches!(error, Error::Permission { .. }), "{error:?}");
}

#[test]
fn members_that_host_drivers_hold() {
    let world = World::new();
    world.member(VF, Some("vfio-pci"));
    world.member("0000:00:01.0", Some("pcieport"));
    world.member("0000:01:00.0", Some("igb"));
    world.member("0000:01:10.2", None);
    world.member("0000:01:10.4", Some("igbvf"));
    world.member("0000:01:10.6", Some("mlx5_vfio_pci"));
    let error = not_viable(&world.root(), VF, &world.group());
    let Error::GroupNotViable { others, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(others, &["0000:01:00.0 (igb)", "0000:01:10.4 (igbvf)"]);
}

#[test]
fn a_group_that_another_user_claimed() {
    let world = World::new();
    world.member(VF, Some("vfio-pci"));
    world.process(12, "vmm", "/dev/vfio/7");
    let error = not_viable(&world.root(), VF, &world.group());
    assert!(matches!(error, Error::GroupBusy { .. }), "{error:?}");
}

#[test]
fn who_has_the_group_open_is_not_in_its_own_way() {
    let world = World::new();
    world.member(VF, Some("vfio-pci"));
    world.process(std::process::id(), "ourselves", "/dev/vfio/7");
    let busy = group_node(&world.root(), VF, 7, &node(), errno(libc::EBUSY)).to_string();
    assert!(busy.contains("ourselves") && busy.contains("this process"), "{busy}");
    // It is open, so it is not the group that somebody else has.
    let error = not_viable(&world.root(), VF, &world.group());
    assert!(matches!(&error, Error::GroupBusy { holders, .. } if holders.is_empty()), "{error:?}");
}

#[test]
fn errnos_that_mean_the_same_everywhere() {
    for (number, word) in [
        (libc::ENOMEM, "short of memory"),
        (libc::EMFILE, "ulimit -n"),
        (libc::ENFILE, "fs.file-max"),
        (libc::EPERM, "security module"),
        (libc::ENODEV, "unbound"),
        (libc::EBUSY, "busy"),
    ] {
        let error = kernel(VF, "do this", errno(number), "do that").to_string();
        assert!(error.contains(VF) && error.contains("do this") && error.contains(word), "{error}");
        assert!(!error.contains("do that"), "{error}");
    }
    let other = kernel(VF, "do this", errno(libc::EXDEV), "do that");
    assert!(other.to_string().ends_with("do that"), "{other}");
}

#[test]
fn an_iommu_that_is_refused() {
    let world = World::new();
    world.member(VF, Some("vfio-pci"));
    world.write(
        "sys/kernel/iommu_groups/7/reserved_regions",
        "0x00000000fee00000 0x00000000feefffff msi\n0x1000 0x1fff direct-relaxable\n",
    );
    let error = set_iommu(&world.device(), VF, errno(libc::EPERM));
    assert!(matches!(error, Error::NoInterruptRemapping { .. }), "{error:?}");
    world.write(
        "sys/kernel/iommu_groups/7/reserved_regions",
        "0x000000007b800000 0x000000007fffffff direct\n",
    );
    let error = set_iommu(&world.device(), VF, errno(libc::EPERM));
    assert!(error.to_string().contains("RMRR"), "{error}");
    let error = set_iommu(&world.device(), VF, errno(libc::ENODEV));
    assert!(error.to_string().contains("vfio_iommu_type1"), "{error}");
}

#[test]
fn devices_that_are_refused() {
    for (number, word) in
        [(libc::EACCES, "token"), (libc::ENODEV, "unbound"), (libc::EINVAL, "dmesg")]
    {
        let error = device_fd(VF, errno(number));
        assert!(error.to_string().contains(word), "{error}");
    }
}

fn refused_for_memory(world: &World) -> Error {
    map(&world.root(), "group 7", 1 << 20, 1 << 32, errno(libc::ENOMEM))
}

#[test]
fn memlock_says_how_much_is_missing() {
    let world = World::new();
    world.limits(0, 512, "1048576", FIRST_NAMESPACE);
    let error = refused_for_memory(&world);
    assert!(error.to_string().starts_with("group 7: "), "{error}");
    let Error::Memlock { needed, limit, short, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((needed, limit, short), (1 << 20, 1 << 20, 512 << 10));
}

#[test]
fn memlock_is_not_blamed_for_what_it_did_not_do() {
    let world = World::new();
    // It would have fitted; there is no limit; the limit does not bind; /proc does not tell.
    world.limits(0, 0, "1048576", FIRST_NAMESPACE);
    assert!(matches!(refused_for_memory(&world), Error::Kernel { .. }));
    world.limits(0, 512, "unlimited", FIRST_NAMESPACE);
    assert!(matches!(refused_for_memory(&world), Error::Kernel { .. }));
    world.limits(1 << 14, 512, "1048576", FIRST_NAMESPACE);
    assert!(matches!(refused_for_memory(&world), Error::Kernel { .. }));
    assert!(matches!(refused_for_memory(&World::new()), Error::Kernel { .. }));
    // All capabilities, but only inside a container's user namespace.
    world.limits(u64::MAX, 512, "1048576", CONTAINER);
    assert!(matches!(refused_for_memory(&world), Error::Memlock { .. }));
}

#[test]
fn mappings_that_are_refused_for_other_reasons() {
    let world = World::new();
    for (number, word) in [
        (libc::ENOSPC, "dma_entry_limit"),
        (libc::EINVAL, "IOVA ranges"),
        (libc::EEXIST, "overlaps"),
    ] {
        let error = map(&world.root(), "group 7", 4096, 0x1000, errno(number));
        assert!(error.to_string().contains(word), "{error}");
        assert!(error.to_string().contains("0x1000"), "{error}");
    }
}
