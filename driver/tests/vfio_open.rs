//! `vfio::open` on trees of plain files: each refusal before the kernel is asked names its cause,
//! and leaves nothing open.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use barline::{Config, Error, Port, Root, vfio};
use tempfile::TempDir;

const VF: &str = "0000:01:10.0";

struct World(TempDir);

impl World {
    fn new() -> World {
        World(tempfile::tempdir().unwrap())
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> &World {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn link(&self, path: &str, target: &str) -> &World {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
        self
    }

    /// An 82576 VF.
    fn vf() -> World {
        let world = World::new();
        for (file, text) in [
            ("vendor", "0x8086"),
            ("device", "0x10ca"),
            ("subsystem_vendor", "0x8086"),
            ("subsystem_device", "0x0000"),
            ("class", "0x020000"),
            ("revision", "0x01"),
        ] {
            world.write(&format!("sys/bus/pci/devices/{VF}/{file}"), &format!("{text}\n"));
        }
        world
    }

    fn bound(self) -> World {
        self.link(&format!("sys/bus/pci/devices/{VF}/driver"), "../drivers/vfio-pci");
        self
    }

    fn grouped(self) -> World {
        self.link(&format!("sys/bus/pci/devices/{VF}/iommu_group"), "../iommu_groups/7");
        fs::create_dir_all(self.path("sys/bus/pci/devices/iommu_groups")).unwrap();
        self
    }

    fn error(&self) -> Error {
        vfio::open(&Root::new(self.0.path()), VF.parse().unwrap()).unwrap_err()
    }
}

/// Open descriptors below a directory: those of other tests do not count.
fn descriptors_below(dir: &Path) -> usize {
    fs::read_dir("/proc/self/fd")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter(|target| target.starts_with(dir))
        .count()
}

#[test]
fn queues_that_no_such_device_has_come_before_everything_else() {
    for (device, most) in [("0x10ca", 2), ("0x1520", 1), ("0x10ed", 4), ("0x57ad", 4)] {
        let world = World::vf();
        world.write(&format!("sys/bus/pci/devices/{VF}/device"), device);
        let root = Root::new(world.0.path());
        let open = |rx_queues, tx_queues| {
            Port::open_with(
                VF,
                Config { rx_queues, tx_queues, root: root.clone(), ..Config::default() },
            )
            .unwrap_err()
            .to_string()
        };
        let allowed = format!(": this device has {most}");
        assert_eq!(open(most + 1, 1), format!("rx_queues = {} is not possible{allowed}", most + 1));
        assert_eq!(open(1, 100), format!("tx_queues = 100 is not possible{allowed}"));
        assert!(open(most, most).contains("in no IOMMU group"));
    }
}

#[test]
fn no_such_device() {
    assert!(matches!(World::new().error(), Error::NoDevice { device } if device == VF));
}

#[test]
fn no_iommu_comes_before_the_driver() {
    assert!(matches!(World::vf().error(), Error::NoIommu { .. }));
    assert!(matches!(World::vf().bound().error(), Error::NoIommu { .. }));
}

#[test]
fn a_group_without_an_iommu_is_none() {
    let world = World::vf().bound();
    world.write("sys/kernel/iommu_groups/0/name", "vfio-noiommu\n").link(
        &format!("sys/bus/pci/devices/{VF}/iommu_group"),
        "../../../../kernel/iommu_groups/0",
    );
    assert!(matches!(world.error(), Error::NoIommu { .. }));
}

#[test]
fn the_wrong_driver() {
    let world = World::vf().grouped();
    assert!(matches!(world.error(), Error::WrongDriver { driver: None, .. }));
    world.link(&format!("sys/bus/pci/devices/{VF}/driver"), "../drivers/igbvf");
    let error = world.error().to_string();
    assert!(error.contains("igbvf") && error.contains("barline bind"), "{error}");
}

#[test]
fn no_group_node() {
    let world = World::vf().grouped().bound();
    let error = world.error().to_string();
    assert!(error.contains(VF) && error.contains("in a container"), "{error}");
    world.write("dev/vfio/vfio", "");
    assert!(world.error().to_string().contains("dev/vfio/7"));
}

#[test]
fn nodes_that_are_not_vfio() {
    let world = World::vf().grouped().bound();
    world.write("dev/vfio/vfio", "").write("dev/vfio/7", "");
    let error = world.error().to_string();
    assert!(error.contains("must be the kernel's VFIO group"), "{error}");
    assert_eq!(descriptors_below(world.0.path()), 0);
}
