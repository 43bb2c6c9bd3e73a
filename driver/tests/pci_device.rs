//! What sysfs says of a function, read from trees of plain files.

mod fixtures;

use barline::pci::{ConfigSpace, Extent, PciDevice, ResourceKind};
use barline::{Error, MacAddress, Root};
use fixtures::{IGB, NVME, PF, PORT, Tree, vf};

fn open(tree: &Tree, address: &str) -> PciDevice {
    PciDevice::open(&tree.root(), address.parse().unwrap()).unwrap()
}

#[test]
fn a_pf_and_its_vfs() {
    let tree = Tree::with_pf();
    for index in 0..7 {
        tree.add_vf(PF, index, 20 + u32::from(index));
    }
    tree.bind(&vf(1), Some("vfio-pci"));
    tree.set(PF, "numa_node", "1\n");

    let pf = open(&tree, PF);
    let ids = pf.ids().unwrap();
    assert_eq!((ids.vendor, ids.device, ids.class), (0x8086, 0x10c9, 0x02_0000));
    assert_eq!((ids.subsystem_vendor, ids.subsystem_device, ids.revision), (0x8086, 0xa03c, 1));
    assert_eq!(pf.driver().unwrap().as_deref(), Some("igb"));
    assert_eq!(pf.driver_override().unwrap(), None);
    assert_eq!(pf.numa_node().unwrap(), Some(1));
    assert_eq!((pf.total_vfs().unwrap(), pf.num_vfs().unwrap()), (Some(7), Some(7)));
    assert_eq!(pf.drivers_autoprobe().unwrap(), Some(true));
    assert_eq!((pf.physfn().unwrap(), pf.vf_index().unwrap()), (None, None));
    let vfs: Vec<_> = pf.virtfns().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(vfs, (0..7).map(vf).collect::<Vec<_>>());
    let interfaces = pf.interfaces().unwrap();
    assert_eq!(interfaces.len(), 1);
    assert_eq!(interfaces[0].name, "eth0");
    assert_eq!(interfaces[0].mac, Some(MacAddress([0x52, 0x54, 0, 0, 0, 1])));

    let second = open(&tree, &vf(1));
    assert_eq!(second.driver().unwrap().as_deref(), Some("vfio-pci"));
    assert_eq!(second.physfn().unwrap(), Some(PF.parse().unwrap()));
    assert_eq!(second.vf_index().unwrap(), Some(1));
    assert_eq!((second.total_vfs().unwrap(), second.num_vfs().unwrap()), (None, None));
    assert_eq!(second.numa_node().unwrap(), None);
    assert_eq!(open(&tree, &vf(2)).driver().unwrap(), None);
    assert!(open(&tree, &vf(2)).interfaces().unwrap().is_empty());
}

#[test]
fn vfs_come_in_the_order_of_their_numbers() {
    let tree = Tree::with_pf();
    for index in (0..12).rev() {
        tree.add_vf(PF, index, 20);
    }
    let vfs = open(&tree, PF).virtfns().unwrap();
    assert_eq!(
        vfs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        (0..12).map(vf).collect::<Vec<_>>()
    );
}

#[test]
fn groups_with_and_without_others() {
    let tree = Tree::with_pf();
    let alone = open(&tree, &tree.add_vf(PF, 0, 20)).iommu_group().unwrap().unwrap();
    assert_eq!((alone.number, alone.members.len(), alone.no_iommu), (20, 1, false));

    for (address, kind) in [("0000:02:00.0", IGB), ("0000:02:00.1", IGB), ("0000:00:1c.0", PORT)] {
        tree.function(address, kind);
        tree.group(address, 30);
    }
    tree.driver("pcieport");
    tree.bind("0000:00:1c.0", Some("pcieport"));
    tree.bind("0000:02:00.0", Some("vfio-pci"));
    tree.bind("0000:02:00.1", Some("igb"));
    let group = open(&tree, "0000:02:00.0").iommu_group().unwrap().unwrap();
    let members: Vec<_> = group
        .members
        .iter()
        .map(|m| (m.device.as_str(), m.driver.as_deref(), m.is_in_the_way()))
        .collect();
    assert_eq!(
        members,
        [
            ("0000:00:1c.0", Some("pcieport"), false),
            ("0000:02:00.0", Some("vfio-pci"), false),
            ("0000:02:00.1", Some("igb"), true),
        ]
    );

    tree.function("0000:03:00.0", NVME);
    assert_eq!(open(&tree, "0000:03:00.0").iommu_group().unwrap(), None);
    tree.group("0000:03:00.0", 0);
    tree.write("kernel/iommu_groups/0/name", "vfio-noiommu\n");
    assert!(open(&tree, "0000:03:00.0").iommu_group().unwrap().unwrap().no_iommu);
}

#[test]
fn bars() {
    let tree = Tree::with_pf();
    let resources = open(&tree, PF).resources().unwrap();
    let bar = resources.bars[0].unwrap();
    assert_eq!((bar.len, bar.kind, bar.prefetchable), (128 << 10, ResourceKind::Memory, false));
    assert_eq!((resources.bars[1], resources.rom), (None, None));
    assert_eq!([0, 1, 3].map(|bar| resources.vf_bar_len(bar, 8)), [16 << 10, 0, 16 << 10]);
}

#[test]
fn configuration_space_is_as_long_as_the_kernel_shows() {
    let tree = Tree::with_pf();
    let config = open(&tree, PF).config().unwrap();
    assert_eq!((config.extent(), config.size()), (Extent::Extended, Extent::Extended));
    assert_eq!(config.read32(0).unwrap(), 0x10c9_8086);
    std::fs::write(tree.device(PF).join("config"), [0; 3]).unwrap();
    let error = open(&tree, PF).config().unwrap_err();
    assert!(matches!(&error, Error::Kernel { device, .. } if device == PF), "{error}");
}

#[test]
fn interfaces_behind_another_bus() {
    let tree = Tree::new();
    tree.function("0000:00:03.0", NVME);
    let dir = tree.device("0000:00:03.0").join("virtio2/net/eth0");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("address"), "00:00:00:00:00:00:00:01\n").unwrap();
    let interfaces = open(&tree, "0000:00:03.0").interfaces().unwrap();
    assert_eq!((interfaces[0].name.as_str(), interfaces[0].mac), ("eth0", None));
}

#[test]
fn all_functions_in_order() {
    let tree = Tree::with_pf();
    tree.function("10000:00:00.0", NVME);
    tree.function("0000:00:1f.2", NVME);
    let all = PciDevice::all(&tree.root()).unwrap();
    let names: Vec<_> = all.iter().map(|device| device.address().to_string()).collect();
    assert_eq!(names, ["0000:00:1f.2", PF, "10000:00:00.0"]);
    let empty = tempfile::tempdir().unwrap();
    assert!(PciDevice::all(&Root::new(empty.path())).unwrap().is_empty());
}

#[test]
fn what_is_absent_or_nonsense_is_an_error_with_its_file() {
    let tree = Tree::with_pf();
    let address = "0000:09:00.0".parse().unwrap();
    let error = PciDevice::open(&tree.root(), address).unwrap_err();
    assert!(matches!(&error, Error::NoDevice { device } if device == "0000:09:00.0"), "{error}");

    let pf = open(&tree, PF);
    for (name, text) in [("vendor", "0x80860"), ("class", "red"), ("revision", "")] {
        let before = tree.text(PF, name);
        tree.set(PF, name, text);
        let error = pf.ids().unwrap_err().to_string();
        assert!(error.starts_with(PF) && error.contains(name), "{error}");
        tree.set(PF, name, &before);
    }
    tree.set(PF, "sriov_totalvfs", "70000\n");
    assert!(pf.total_vfs().unwrap_err().to_string().contains("sriov_totalvfs"));
    tree.set(PF, "resource", "none\n");
    assert!(pf.resources().unwrap_err().to_string().contains("resource"));
    tree.set(PF, "vendor", "\u{1b}[31m\n");
    assert!(!pf.ids().unwrap_err().to_string().contains('\u{1b}'));
}

#[test]
fn a_function_that_goes_away() {
    let tree = Tree::with_pf();
    tree.add_vf(PF, 0, 20);
    let first = open(&tree, &vf(0));
    tree.remove_vf(PF, 0);
    assert!(matches!(first.ids().unwrap_err(), Error::NoDevice { .. }));
    assert!(matches!(first.resources().unwrap_err(), Error::NoDevice { .. }));
    assert!(open(&tree, PF).virtfns().unwrap().is_empty());
}
