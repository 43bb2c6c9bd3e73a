//! Where the adapter's functions are: addresses, IOMMU groups, and the ids of its PF.
//!
//! A root port at 0000:00:01.0 leads to bus 1, where the PF is function 0 and its VFs follow by the offset
//! and stride of its SR-IOV capability (82599 datasheet 9.4.4.6: 128 and 2), as Linux places them.

use softnic::{Model, VFS_MAX};

/// The root port above the adapter.
pub const ROOT_PORT: &str = "0000:00:01.0";
/// The PF.
pub const PF: &str = "0000:01:00.0";
/// The network interface of the PF's driver.
pub const INTERFACE: &str = "soft0";
/// From the PF's routing id to that of VF 0 (SR-IOV 1.1, 3.3.9).
pub const VF_OFFSET: u16 = 0x80;
/// From each VF's routing id to the next one's (SR-IOV 1.1, 3.3.10).
pub const VF_STRIDE: u16 = 2;
/// The PF's IOMMU group.
pub const PF_GROUP: u32 = 0;
/// The root port's IOMMU group, after those of all VFs that there can be.
pub const ROOT_PORT_GROUP: u32 = VFS_MAX as u32 + 1;

/// The address of VF `vf`, such as `0000:01:10.0` for VF 0.
///
/// # Panics
/// `vf` is not below [`VFS_MAX`].
pub fn vf_address(vf: usize) -> String {
    assert!(vf < VFS_MAX, "VF {vf}: an adapter has at most {VFS_MAX}");
    // Bus 1, whose routing ids the PF begins with its 0.
    let id = usize::from(VF_OFFSET) + usize::from(VF_STRIDE) * vf;
    format!("0000:01:{:02x}.{}", id >> 3, id & 7)
}

/// Which VF is at an address, written as [`vf_address`] does; `None` if none can be.
pub fn vf_of(address: &str) -> Option<usize> {
    (0..VFS_MAX).find(|vf| vf_address(*vf) == address)
}

/// The IOMMU group of VF `vf`: each is alone in its own.
pub fn group_of(vf: usize) -> u32 {
    PF_GROUP + 1 + vf as u32
}

/// The VF of an IOMMU group; `None` if it is no VF's.
pub fn vf_in_group(group: u32) -> Option<usize> {
    let vf = group.checked_sub(PF_GROUP + 1)? as usize;
    (vf < VFS_MAX).then_some(vf)
}

/// Major number of VFIO's groups, which the kernel takes from those that are free.
pub const GROUP_MAJOR: u32 = 240;

/// Major and minor number of a device by its name in `/dev/vfio`; `None` if that is none's.
pub fn device_number(name: &[u8]) -> Option<(u32, u32)> {
    if name == b"vfio" {
        // MISC_MAJOR and VFIO_MINOR of Linux.
        return Some((10, 196));
    }
    let group = std::str::from_utf8(name).ok()?.parse().ok()?;
    Some((GROUP_MAJOR, vf_in_group(group)? as u32))
}

/// The device id of the PF of a model (Linux `ixgbe_type.h`), its vendor being Intel.
pub fn pf_device(model: Model) -> u16 {
    match model {
        Model::I82599 => 0x10fb,
        Model::X540 => 0x1528,
        Model::X550 => 0x1563,
        Model::X552 => 0x15ac,
        Model::X553 => 0x15c4,
        Model::E610 => 0x57af,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vfs_are_where_linux_places_an_82599s() {
        let first: Vec<String> = (0..6).map(vf_address).collect();
        assert_eq!(
            first,
            [
                "0000:01:10.0",
                "0000:01:10.2",
                "0000:01:10.4",
                "0000:01:10.6",
                "0000:01:11.0",
                "0000:01:11.2"
            ]
        );
        assert_eq!(vf_address(VFS_MAX - 1), "0000:01:1f.4");
    }

    #[test]
    fn addresses_and_groups_lead_back() {
        for vf in 0..VFS_MAX {
            assert_eq!(vf_of(&vf_address(vf)), Some(vf));
            assert_eq!(vf_in_group(group_of(vf)), Some(vf));
        }
        for other in [PF, ROOT_PORT, "0000:01:10.1", "0000:01:1f.6", "01:10.0", "0000:01:10.0 "] {
            assert_eq!(vf_of(other), None, "{other}");
        }
        assert_eq!(device_number(b"vfio"), Some((10, 196)));
        assert_eq!(device_number(b"3"), Some((GROUP_MAJOR, 2)));
        for other in [b"0".as_slice(), b"64", b"", b"noiommu-1", b"\xff"] {
            assert_eq!(device_number(other), None);
        }
        for other in [PF_GROUP, ROOT_PORT_GROUP, u32::MAX] {
            assert_eq!(vf_in_group(other), None, "{other}");
        }
    }
}
