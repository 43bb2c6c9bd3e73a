//! IOMMU groups: what the kernel can isolate only together.

use super::attribute::{entries, link_name};
use super::device::PciDevice;
use crate::Result;

/// An IOMMU group, read once.
///
/// vfio-pci hands out a group as a whole: while a host driver holds one member, no other member can
/// be opened from userspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IommuGroup {
    /// The number, as in `/dev/vfio/<number>`.
    pub number: u32,
    /// There is no IOMMU behind it: vfio made it up in its no-IOMMU mode, and DMA is not isolated.
    pub no_iommu: bool,
    /// All members, the device itself included, in the order of their names.
    pub members: Vec<GroupMember>,
}

/// One member of an [`IommuGroup`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its name: the address, if it is a PCI function.
    pub device: String,
    /// The driver it is bound to.
    pub driver: Option<String>,
}

impl GroupMember {
    /// Whether this member keeps its group from being opened: it is bound to a driver that does DMA
    /// for the host. Ports (`pcieport`) and `pci-stub` do none.
    pub fn is_in_the_way(&self) -> bool {
        match self.driver.as_deref() {
            None | Some("pcieport" | "pci-stub") => false,
            // vfio-pci and its vendor variants, such as mlx5_vfio_pci and hisi_acc_vfio_pci.
            Some(name) => !name.contains("vfio"),
        }
    }
}

impl IommuGroup {
    pub(super) fn of(device: &PciDevice) -> Result<Option<IommuGroup>> {
        let attributes = device.attributes();
        let Some(name) = attributes.link("iommu_group")? else {
            return Ok(None);
        };
        let number = name.parse().map_err(|_| attributes.malformed("iommu_group", &name))?;
        let no_iommu =
            attributes.text("iommu_group/name")?.is_some_and(|name| name == "vfio-noiommu");
        let dir = attributes.path("iommu_group/devices");
        let unreadable = |source| attributes.unreadable("iommu_group/devices", source);
        let members = entries(&dir)
            .map_err(unreadable)?
            .into_iter()
            .map(|device| {
                let driver = link_name(&dir.join(&device).join("driver")).map_err(unreadable)?;
                Ok(GroupMember { device, driver })
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(IommuGroup { number, no_iommu, members }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_that_keep_a_group_closed() {
        let stops = |driver: Option<&str>| {
            GroupMember { device: String::new(), driver: driver.map(str::to_string) }
                .is_in_the_way()
        };
        for free in [None, Some("vfio-pci"), Some("mlx5_vfio_pci"), Some("pcieport")] {
            assert!(!stops(free), "{free:?}");
        }
        for host in ["igb", "igbvf", "nvme", "i40e"] {
            assert!(stops(Some(host)), "{host}");
        }
    }
}
