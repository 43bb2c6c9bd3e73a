//! One PCI function, as sysfs shows it.

use std::path::{Path, PathBuf};

use super::PciAddress;
use super::attribute::{Attributes, entries};
use super::config::ConfigFile;
use super::group::IommuGroup;
use super::net::{NetInterface, interfaces};
use super::resource::Resources;
use crate::{Error, Result, Root};

/// A PCI function below `sys/bus/pci/devices`.
///
/// Holds no copy of what it reports: each call asks the kernel again, so that a value is as fresh as
/// the call. Every call fails with [`Error::NoDevice`], [`Error::Kernel`] or [`Error::Permission`]
/// when the device is gone, or sysfs does not answer or answers nonsense.
#[derive(Clone, Debug)]
pub struct PciDevice {
    root: Root,
    address: PciAddress,
    attributes: Attributes,
}

/// What a function is, as the kernel read it from configuration space when it found it. For a VF
/// the kernel takes vendor, device and subsystem from its PF (SR-IOV spec 1.1, 3.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciIds {
    /// Vendor id.
    pub vendor: u16,
    /// Device id.
    pub device: u16,
    /// Subsystem vendor id.
    pub subsystem_vendor: u16,
    /// Subsystem id.
    pub subsystem_device: u16,
    /// Class code: base class, sub-class, programming interface, such as 0x02_00_00 for Ethernet.
    pub class: u32,
    /// Revision id.
    pub revision: u8,
}

impl PciDevice {
    /// The function at `address`.
    ///
    /// # Errors
    /// [`Error::NoDevice`] if there is none.
    pub fn open(root: &Root, address: PciAddress) -> Result<PciDevice> {
        let dir = root.sys("bus/pci/devices").join(address.to_string());
        if !dir.is_dir() {
            return Err(Error::NoDevice { device: address.to_string() });
        }
        let attributes = Attributes::new(address, dir);
        Ok(PciDevice { root: root.clone(), address, attributes })
    }

    /// All functions that the kernel knows, by address. Empty on a machine without PCI.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn all(root: &Root) -> Result<Vec<PciDevice>> {
        let dir = root.sys("bus/pci/devices");
        let names = entries(&dir).map_err(|source| Error::Kernel {
            device: dir.display().to_string(),
            action: "list PCI devices".to_string(),
            source,
            remedy: "is sysfs mounted on /sys?".to_string(),
        })?;
        let mut addresses: Vec<PciAddress> =
            names.iter().filter_map(|name| name.parse().ok()).collect();
        addresses.sort();
        // One that is gone by now is no longer a device to list.
        Ok(addresses
            .into_iter()
            .filter_map(|address| PciDevice::open(root, address).ok())
            .collect())
    }

    /// The function's address.
    pub fn address(&self) -> PciAddress {
        self.address
    }

    /// The function's directory in sysfs.
    pub fn path(&self) -> &Path {
        self.attributes.dir()
    }

    /// Where the kernel keeps PCI driver `name`: `sys/bus/pci/drivers/<name>`.
    pub fn driver_path(&self, name: &str) -> PathBuf {
        self.root.sys("bus/pci/drivers").join(name)
    }

    pub(super) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// What the function is.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn ids(&self) -> Result<PciIds> {
        Ok(PciIds {
            vendor: self.hexadecimal("vendor")?,
            device: self.hexadecimal("device")?,
            subsystem_vendor: self.hexadecimal("subsystem_vendor")?,
            subsystem_device: self.hexadecimal("subsystem_device")?,
            class: self.hexadecimal("class")?,
            revision: self.hexadecimal("revision")?,
        })
    }

    fn hexadecimal<T: TryFrom<u64>>(&self, name: &str) -> Result<T> {
        self.attributes.must(name, self.attributes.hexadecimal(name))
    }

    /// The driver that the function is bound to.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn driver(&self) -> Result<Option<String>> {
        self.attributes.link("driver")
    }

    /// The name that alone may be bound (`driver_override`), if one is set.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn driver_override(&self) -> Result<Option<String>> {
        let text = self.attributes.text("driver_override")?;
        // The kernel prints its null pointer when none is set.
        Ok(text.filter(|name| !name.is_empty() && name != "(null)"))
    }

    /// The IOMMU group with all its members; `None` where no IOMMU isolates the function.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn iommu_group(&self) -> Result<Option<IommuGroup>> {
        IommuGroup::of(self)
    }

    /// The NUMA node that the function is attached to; `None` where the firmware does not say.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn numa_node(&self) -> Result<Option<u32>> {
        // -1 means: not known.
        let node: Option<i64> = self.attributes.decimal("numa_node")?;
        Ok(node.and_then(|node| u32::try_from(node).ok()))
    }

    /// Where its BARs are, and how long.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn resources(&self) -> Result<Resources> {
        let text = self.attributes.must("resource", self.attributes.text("resource"))?;
        Resources::parse(&text).ok_or_else(|| self.attributes.malformed("resource", &text))
    }

    /// The PF that this function is a VF of; `None` if it is none, or the machine is a guest that
    /// was given the VF alone.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn physfn(&self) -> Result<Option<PciAddress>> {
        self.address_link("physfn")
    }

    /// The VFs that this PF has now, in the order of their numbers, 0 first.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn virtfns(&self) -> Result<Vec<PciAddress>> {
        let mut links: Vec<(u16, String)> = self
            .attributes
            .entries("")?
            .into_iter()
            .filter_map(|name| Some((name.strip_prefix("virtfn")?.parse().ok()?, name)))
            .collect();
        links.sort();
        let targets = links.iter().map(|(_, name)| self.address_link(name));
        // A link that went since the directory was read is a VF that is no more.
        targets.filter_map(Result::transpose).collect()
    }

    /// Which VF of its PF this is, 0 first; `None` if it is no VF.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn vf_index(&self) -> Result<Option<usize>> {
        let Some(physfn) = self.physfn()? else {
            return Ok(None);
        };
        let vfs = PciDevice::open(&self.root, physfn)?.virtfns()?;
        Ok(vfs.iter().position(|vf| *vf == self.address))
    }

    /// How many VFs the PF's driver allows; `None` if the function is not a PF.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn total_vfs(&self) -> Result<Option<u16>> {
        self.attributes.decimal("sriov_totalvfs")
    }

    /// How many VFs the PF has now; `None` if the function is not a PF.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn num_vfs(&self) -> Result<Option<u16>> {
        self.attributes.decimal("sriov_numvfs")
    }

    /// Whether the kernel looks for a driver when the PF gets VFs; `None` if it is not a PF.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn drivers_autoprobe(&self) -> Result<Option<bool>> {
        let value: Option<u8> = self.attributes.decimal("sriov_drivers_autoprobe")?;
        Ok(value.map(|value| value != 0))
    }

    /// The network interfaces that a host driver made of it.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn interfaces(&self) -> Result<Vec<NetInterface>> {
        interfaces(&self.attributes)
    }

    /// Its configuration space, as far as this process may read it.
    ///
    /// # Errors
    /// See [`PciDevice`].
    pub fn config(&self) -> Result<ConfigFile> {
        ConfigFile::open(&self.attributes.path("config"))
            .map_err(|source| self.attributes.unreadable("config", source))
    }

    fn address_link(&self, name: &str) -> Result<Option<PciAddress>> {
        let target = self.attributes.link(name)?;
        target
            .map(|text| text.parse().map_err(|_| self.attributes.malformed(name, &text)))
            .transpose()
    }
}
