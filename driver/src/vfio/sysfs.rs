//! What sysfs tells about a device before VFIO is asked.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::transport::Identity;
use crate::{Error, Result, Root};

/// A PCI device in sysfs.
pub(super) struct Node<'a> {
    root: &'a Root,
    name: &'a str,
}

impl<'a> Node<'a> {
    /// The device of that name.
    ///
    /// # Errors
    /// [`Error::BadAddress`] or [`Error::NoDevice`].
    pub(super) fn find(root: &'a Root, name: &'a str) -> Result<Node<'a>> {
        if !is_address(name) {
            return Err(Error::BadAddress {
                text: name.to_owned(),
            });
        }
        let node = Node { root, name };
        match fs::symlink_metadata(node.path("")) {
            Ok(_) => Ok(node),
            Err(_) => Err(Error::NoDevice {
                device: name.to_owned(),
            }),
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.sys("bus/pci/devices").join(self.name).join(file)
    }

    /// The last part of what a link points at, which need not exist.
    fn link(&self, file: &str) -> Option<String> {
        let target = fs::read_link(self.path(file)).ok()?;
        Some(target.file_name()?.to_str()?.to_owned())
    }

    /// The driver that the device is bound to.
    pub(super) fn driver(&self) -> Option<String> {
        self.link("driver")
    }

    /// Makes sure that a VFIO driver holds the device.
    ///
    /// # Errors
    /// [`Error::WrongDriver`].
    pub(super) fn check_driver(&self) -> Result<()> {
        let driver = self.driver();
        if driver.as_deref().is_some_and(is_vfio_driver) {
            return Ok(());
        }
        Err(Error::WrongDriver {
            device: self.name.to_owned(),
            driver,
        })
    }

    /// The number of the device's IOMMU group.
    ///
    /// # Errors
    /// [`Error::NoIommu`], also for a group which the kernel made up because there is no IOMMU.
    pub(super) fn group(&self) -> Result<u32> {
        let made_up = fs::read_to_string(self.path("iommu_group/name"))
            .is_ok_and(|name| name.trim() == "vfio-noiommu");
        self.link("iommu_group")
            .filter(|_| !made_up)
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| Error::NoIommu {
                device: self.name.to_owned(),
            })
    }

    /// The other PCI functions in the device's group, with their drivers.
    pub(super) fn companions(&self) -> Vec<(String, Option<String>)> {
        let Ok(entries) = fs::read_dir(self.path("iommu_group/devices")) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name != self.name)
            .collect();
        names.sort();
        let driver = |name: &str| {
            let root = self.root;
            Node { root, name }.driver()
        };
        names
            .into_iter()
            .map(|name| (driver(&name), name))
            .map(|(driver, name)| (name, driver))
            .collect()
    }

    /// Whether firmware demands that the device's group keeps a fixed mapping (RMRR on Intel),
    /// which the kernel does not give to a user.
    pub(super) fn has_fixed_mapping(&self) -> bool {
        fs::read_to_string(self.path("iommu_group/reserved_regions")).is_ok_and(|regions| {
            regions
                .lines()
                .any(|line| line.split_whitespace().nth(2) == Some("direct"))
        })
    }

    /// Vendor, device and revision. A VF's own configuration space does not hold the first two.
    ///
    /// # Errors
    /// A file is missing or holds no number.
    pub(super) fn identity(&self) -> Result<Identity> {
        Ok(Identity {
            vendor: self.hex("vendor")?,
            device: self.hex("device")?,
            revision: self.hex("revision")? as u8,
        })
    }

    fn hex(&self, file: &str) -> Result<u16> {
        let path = self.path(file);
        let number = fs::read_to_string(&path).and_then(|text| {
            u16::from_str_radix(text.trim().trim_start_matches("0x"), 16)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        });
        number.map_err(|source| Error::Kernel {
            device: self.name.to_owned(),
            action: format!("read {}", path.display()),
            source,
            remedy: "sysfs must be mounted and readable".to_owned(),
        })
    }
}

/// Whether a driver of that name hands its devices out by VFIO: vfio-pci itself or a variant of it
/// for one family of devices, which all end in that name.
pub(super) fn is_vfio_driver(name: &str) -> bool {
    name.replace('_', "-").ends_with("vfio-pci")
}

/// Whether `text` is `dddd:bb:dd.f` in lower-case hexadecimal, as sysfs writes it. Longer domains
/// exist.
fn is_address(text: &str) -> bool {
    let hex = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        digits.contains(&part.len())
            && part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let mut parts = text.split(':');
    let (Some(domain), Some(bus), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let Some((slot, function)) = rest.split_once('.') else {
        return false;
    };
    hex(domain, 4..=8)
        && hex(bus, 2..=2)
        && hex(slot, 2..=2)
        && slot <= "1f"
        && matches!(function.as_bytes(), [b'0'..=b'7'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["0000:01:10.0", "10000:e1:1f.7"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "0000:01:10",
            "01:10.0",
            "0000:01:10.8",
            "0000:01:20.0",
            "0000:01:10.0 ",
            "../../etc",
            "0000:01:1A.0",
            "0000:01:10.0:1",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn drivers() {
        for good in ["vfio-pci", "mlx5_vfio_pci", "nvgrace-gpu-vfio-pci"] {
            assert!(is_vfio_driver(good), "{good}");
        }
        assert!(!is_vfio_driver("igbvf"));
    }
}
