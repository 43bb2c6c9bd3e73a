//! The IOMMU, its groups, and VFIO's devices for them.

use std::io;

use super::function::Function;
use super::sysfs::{READ, READ_WRITE, Sysfs};
use crate::topology;

/// The remapping unit that isolates the adapter.
const UNIT: &str = "devices/virtual/iommu/dmar0";

pub(super) fn write(sys: &Sysfs, functions: &[Function]) -> io::Result<()> {
    unit(sys, functions)?;
    for function in functions {
        let group = format!("kernel/iommu_groups/{}", function.group);
        sys.link(&format!("{}/iommu_group", function.dir), &group)?;
        sys.link(&format!("{group}/devices/{}", function.address), &function.dir)?;
        sys.file(&format!("{group}/type"), READ_WRITE, "DMA-FQ\n")?;
        sys.file(
            &format!("{group}/reserved_regions"),
            READ,
            "0x00000000fee00000 0x00000000feefffff msi\n",
        )?;
    }
    let bound = functions.iter().filter(|function| function.driver == "vfio-pci");
    for function in bound {
        let name = function.group.to_string();
        let Some((major, minor)) = topology::device_number(name.as_bytes()) else { continue };
        let dir = format!("devices/virtual/vfio/{name}");
        sys.line(&format!("{dir}/dev"), format_args!("{major}:{minor}"))?;
        sys.file(
            &format!("{dir}/uevent"),
            READ_WRITE,
            format!("MAJOR={major}\nMINOR={minor}\nDEVNAME=vfio/{name}\n"),
        )?;
        sys.link(&format!("{dir}/subsystem"), "class/vfio")?;
        sys.link(&format!("class/vfio/{name}"), &dir)?;
    }
    Ok(())
}

/// Version, capabilities and extended capabilities are those of a Xeon's: addresses of 48 bits, 2 MiB and
/// 1 GiB pages, interrupt remapping.
fn unit(sys: &Sysfs, functions: &[Function]) -> io::Result<()> {
    let values = [
        ("address", "dfffc000"),
        ("cap", "d2078c106f0466"),
        ("domains_supported", "65536"),
        ("domains_used", "1"),
        ("ecap", "f020de"),
        ("version", "1:0"),
    ];
    for (name, value) in values {
        sys.line(&format!("{UNIT}/intel-iommu/{name}"), value)?;
    }
    sys.file(&format!("{UNIT}/uevent"), READ_WRITE, "")?;
    sys.link(&format!("{UNIT}/subsystem"), "class/iommu")?;
    sys.link("class/iommu/dmar0", UNIT)?;
    for function in functions {
        sys.link(&format!("{UNIT}/devices/{}", function.address), &function.dir)?;
        sys.link(&format!("{}/iommu", function.dir), UNIT)?;
    }
    Ok(())
}
