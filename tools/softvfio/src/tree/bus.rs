//! `/sys/bus/pci` apart from its devices, and the modules of VFIO.

use std::io;

use super::function::Function;
use super::sysfs::{READ, READ_WRITE, Sysfs, WRITE};

/// Parameters of VFIO's modules, at their defaults.
const PARAMETERS: [(&str, &str, u32, &str); 9] = [
    ("vfio", "enable_unsafe_noiommu_mode", READ_WRITE, "N"),
    ("vfio_iommu_type1", "allow_unsafe_interrupts", READ_WRITE, "N"),
    ("vfio_iommu_type1", "disable_hugepages", READ_WRITE, "N"),
    ("vfio_iommu_type1", "dma_entry_limit", READ_WRITE, "65535"),
    ("vfio_pci", "disable_idle_d3", READ, "N"),
    ("vfio_pci", "disable_vga", READ, "N"),
    ("vfio_pci", "enable_sriov", READ_WRITE, "N"),
    ("vfio_pci", "ids", READ, ""),
    ("vfio_pci", "nointxmask", READ, "N"),
];

pub(super) fn write(sys: &Sysfs, functions: &[Function]) -> io::Result<()> {
    sys.directory("bus/pci/slots")?;
    sys.file("bus/pci/drivers_autoprobe", READ_WRITE, "1\n")?;
    sys.file("bus/pci/drivers_probe", WRITE, "")?;
    sys.file("bus/pci/rescan", WRITE, "")?;
    sys.file("bus/pci/resource_alignment", READ_WRITE, "\n")?;
    sys.file("bus/pci/uevent", WRITE, "")?;
    let mut drivers: Vec<&str> = functions.iter().map(|function| function.driver).collect();
    drivers.sort_unstable();
    drivers.dedup();
    for driver in drivers {
        for name in ["bind", "new_id", "remove_id", "uevent", "unbind"] {
            sys.file(&format!("bus/pci/drivers/{driver}/{name}"), WRITE, "")?;
        }
    }
    sys.link("bus/pci/drivers/vfio-pci/module", "module/vfio_pci")?;
    sys.link("module/vfio_pci/drivers/pci:vfio-pci", "bus/pci/drivers/vfio-pci")?;
    modules(sys)
}

fn modules(sys: &Sysfs) -> io::Result<()> {
    let used = [
        ("vfio", 3, "vfio_iommu_type1 vfio_pci_core vfio_pci"),
        ("vfio_iommu_type1", 0, ""),
        ("vfio_pci", 0, ""),
        ("vfio_pci_core", 1, "vfio_pci"),
    ];
    for (module, users, holders) in used {
        sys.line(&format!("module/{module}/initstate"), "live")?;
        sys.line(&format!("module/{module}/refcnt"), users)?;
        sys.directory(&format!("module/{module}/holders"))?;
        for holder in holders.split_whitespace() {
            sys.link(&format!("module/{module}/holders/{holder}"), &format!("module/{holder}"))?;
        }
    }
    for (module, name, mode, value) in PARAMETERS {
        sys.file(&format!("module/{module}/parameters/{name}"), mode, format!("{value}\n"))?;
    }
    Ok(())
}
