use std::fs;
use std::path::PathBuf;

use super::*;
use crate::topology::{PF, vf_address};

struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(spec: &str) -> Tree {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &Spec::parse(spec).unwrap()).unwrap();
        Tree { dir }
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join("sys").join(below)
    }

    fn text(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap_or_else(|error| panic!("{below}: {error}"))
    }

    fn of(&self, address: &str, name: &str) -> String {
        self.text(&format!("bus/pci/devices/{address}/{name}"))
    }

    fn link(&self, below: &str) -> String {
        let target =
            fs::read_link(self.path(below)).unwrap_or_else(|error| panic!("{below}: {error}"));
        target.to_str().unwrap().to_string()
    }

    fn entries(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(below)).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_vf_is_as_linux_shows_it() {
    let tree = Tree::new("vfs=2");
    let vf = vf_address(1);
    let shown = |name| tree.of(&vf, name);
    assert_eq!(shown("vendor"), "0x8086\n");
    assert_eq!(shown("device"), "0x10ed\n");
    assert_eq!(shown("class"), "0x020000\n");
    assert_eq!(shown("revision"), "0x01\n");
    assert_eq!(shown("driver_override"), "vfio-pci\n");
    assert_eq!(
        (shown("enable"), shown("irq"), shown("numa_node")),
        ("0\n".into(), "0\n".into(), "0\n".into())
    );
    assert_eq!(shown("max_link_speed"), "Unknown\n");
    assert_eq!(shown("modalias"), "pci:v00008086d000010EDsv00008086sd00000000bc02sc00i00\n");
    assert_eq!(
        shown("uevent"),
        "DRIVER=vfio-pci\nPCI_CLASS=20000\nPCI_ID=8086:10ED\nPCI_SUBSYS_ID=8086:0000\n\
         PCI_SLOT_NAME=0000:01:10.2\nMODALIAS=pci:v00008086d000010EDsv00008086sd00000000bc02sc00i00\n"
    );
    let resource = shown("resource");
    let lines: Vec<&str> = resource.lines().collect();
    assert_eq!(lines.len(), 13);
    assert_eq!(lines[0], "0x00000000dfa04000 0x00000000dfa07fff 0x000000000014220c");
    assert_eq!(lines[3], "0x00000000dfb04000 0x00000000dfb07fff 0x000000000014220c");
    assert_eq!(lines[1], "0x0000000000000000 0x0000000000000000 0x0000000000000000");
    assert!(
        !tree.path(&format!("bus/pci/devices/{vf}/remove")).exists(),
        "only its PF removes a VF"
    );
}

#[test]
fn a_vfs_configuration_space_is_the_adapters() {
    let tree = Tree::new("vfs=1,model=x550");
    let config = fs::read(tree.path("bus/pci/devices/0000:01:10.0/config")).unwrap();
    assert_eq!(config.len(), 4096);
    assert_eq!(config[..4], [0xff; 4]);
    assert_eq!(config[0x70], 0x11);
    assert_eq!(config[0x150], 0x0e);
    assert_eq!(config[4] & 4, 0, "bus mastering is off");
}

#[test]
fn pf_and_vfs_lead_to_one_another() {
    let tree = Tree::new("vfs=3");
    assert_eq!(tree.of(PF, "sriov_numvfs"), "3\n");
    assert_eq!(tree.of(PF, "sriov_totalvfs"), "63\n");
    assert_eq!(
        (tree.of(PF, "sriov_offset"), tree.of(PF, "sriov_stride")),
        ("128\n".into(), "2\n".into())
    );
    assert_eq!(tree.of(PF, "sriov_vf_device"), "10ed\n");
    for vf in 0..3 {
        let address = vf_address(vf);
        assert_eq!(tree.link(&format!("bus/pci/devices/{PF}/virtfn{vf}")), format!("../{address}"));
        assert_eq!(tree.link(&format!("bus/pci/devices/{address}/physfn")), format!("../{PF}"));
    }
    assert!(!tree.path(&format!("bus/pci/devices/{PF}/virtfn3")).exists());
}

#[test]
fn each_vf_is_alone_in_its_group() {
    let tree = Tree::new("vfs=63");
    let mut groups: Vec<u32> =
        tree.entries("kernel/iommu_groups").iter().map(|name| name.parse().unwrap()).collect();
    groups.sort_unstable();
    assert_eq!(groups, (0..=64).collect::<Vec<_>>());
    for vf in 0..63 {
        let (address, group) = (vf_address(vf), topology::group_of(vf));
        assert_eq!(
            tree.entries(&format!("kernel/iommu_groups/{group}/devices")),
            [address.as_str()]
        );
        let link = tree.link(&format!("bus/pci/devices/{address}/iommu_group"));
        assert_eq!(link, format!("../../../../kernel/iommu_groups/{group}"));
    }
    assert_eq!(
        tree.text("kernel/iommu_groups/1/reserved_regions"),
        "0x00000000fee00000 0x00000000feefffff msi\n"
    );
    let nodes = fs::read_dir(tree.dir.path().join("dev/vfio")).unwrap().count();
    assert_eq!(nodes, 64);
}

#[test]
fn every_link_but_those_to_the_machines_interfaces_leads_somewhere() {
    let tree = Tree::new("vfs=2");
    let mut left = vec![tree.path("")];
    let mut links = 0;
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                left.push(entry.path());
            } else if kind.is_symlink() {
                let real = fs::canonicalize(entry.path());
                let real =
                    real.unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
                let own = dir != tree.path("class/net") || entry.file_name() == "soft0";
                assert!(!own || real.starts_with(tree.dir.path()), "{}", real.display());
                links += 1;
            }
        }
    }
    assert!(links > 40, "{links}");
}

#[test]
fn the_pfs_interface_is_among_the_machines() {
    let tree = Tree::new("vfs=1,mtu=1500,promisc=on,model=x550");
    let names = tree.entries("class/net");
    let host = fs::read_dir("/sys/class/net")
        .map_or(0, |entries| entries.flatten().filter(|entry| entry.path().is_dir()).count());
    assert!(names.contains(&"soft0".to_string()));
    assert_eq!(names.len(), host + 1);
    assert_eq!(tree.of(PF, "net/soft0/mtu"), "1500\n");
    assert_eq!(tree.text("class/net/soft0/flags"), "0x1103\n");
    assert_eq!(
        tree.link("class/net/soft0"),
        "../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/net/soft0"
    );
    assert_eq!(tree.link("class/net/soft0/device"), "../../../0000:01:00.0");
}

#[test]
fn modes_are_the_kernels() {
    use std::os::unix::fs::PermissionsExt;
    let tree = Tree::new("vfs=1");
    for (name, mode) in [
        ("devices/0000:01:10.0/vendor", 0o444),
        ("devices/0000:01:10.0/config", 0o644),
        ("devices/0000:01:10.0/reset", 0o200),
        ("devices/0000:01:00.0/sriov_numvfs", 0o644),
        ("drivers/vfio-pci/bind", 0o200),
    ] {
        let found =
            fs::metadata(tree.path(&format!("bus/pci/{name}"))).unwrap().permissions().mode();
        // The process's umask may take away what is not the owner's.
        assert_eq!(found & 0o700, mode & 0o700, "{name}");
    }
}
