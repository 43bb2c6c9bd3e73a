//! Taking a function from the kernel: binding it to vfio-pci.

use super::{Host, SysfsWrite, VFIO_PCI, after_roll_back, remedy};
use crate::pci::{PciAddress, PciDevice};
use crate::{Error, Result};

/// What [`Host::bind`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The driver that the function had before; `vfio-pci` if there was nothing to do.
    pub before: Option<String>,
    /// Its IOMMU group, as in `/dev/vfio/<group>` (`noiommu-<group>` in vfio's no-IOMMU mode).
    pub group: Option<u32>,
}

pub(super) const OVERRIDE: &str = "driver_override";

impl<W: SysfsWrite> Host<W> {
    /// Binds the function at `address` to vfio-pci, so that userspace can open it.
    ///
    /// Only a VF is taken, unless `force`: a whole device may be what the host itself stands on.
    ///
    /// # Errors
    /// [`Error::NoDevice`], [`Error::NotVf`], [`Error::NoVfioDriver`] before anything is changed;
    /// [`Error::Permission`]; [`Error::NoIommu`], [`Error::Kernel`] or [`Error::Device`] when the
    /// kernel refused. Then the function has its driver and override back, and
    /// [`Error::RollBack`] says if not.
    pub fn bind(&self, address: PciAddress, force: bool) -> Result<Bound> {
        let device = PciDevice::open(&self.root, address)?;
        let before = device.driver()?;
        if before.as_deref() != Some(VFIO_PCI) {
            if !force && device.physfn()?.is_none() {
                return Err(Error::NotVf { device: address.to_string() });
            }
            if !device.driver_path(VFIO_PCI).is_dir() {
                return Err(Error::NoVfioDriver { device: address.to_string() });
            }
            self.take(&device, before.as_deref())?;
        }
        Ok(Bound { before, group: device.iommu_group()?.map(|group| group.number) })
    }

    fn take(&self, device: &PciDevice, before: Option<&str>) -> Result<()> {
        let override_before = device.driver_override()?;
        // First of all: nothing is lost if this fails, and from here on no other driver can take
        // the device in the moment that it has none.
        self.set_override(device, VFIO_PCI)?;
        let taken = match before {
            Some(driver) => self.release(device, driver),
            None => Ok(()),
        }
        .and_then(|()| self.attach(device, VFIO_PCI));
        taken.map_err(|cause| {
            let restored = self.restore_driver(device, before, override_before.as_deref());
            after_roll_back(cause, restored)
        })
    }

    /// Unbinds the device from `driver`, and checks that it has none.
    pub(super) fn release(&self, device: &PciDevice, driver: &str) -> Result<()> {
        let address = device.address();
        let path = device.driver_path(driver).join("unbind");
        self.write(address, &path, &address.to_string(), remedy::release)?;
        expect_driver(device, None)
    }

    /// Binds the device to `driver`, and checks that it is.
    fn attach(&self, device: &PciDevice, driver: &str) -> Result<()> {
        let address = device.address();
        // `bind` and not the bus's `drivers_probe`, since that hides why a driver refused.
        let path = device.driver_path(driver).join("bind");
        match self.write(address, &path, &address.to_string(), remedy::bind) {
            Err(Error::Kernel { .. }) if driver == VFIO_PCI && device.iommu_group()?.is_none() => {
                Err(Error::NoIommu { device: address.to_string() })
            }
            Err(error) => Err(error),
            Ok(()) => expect_driver(device, Some(driver)),
        }
    }

    /// Sets the only driver that may be bound; "" lifts that.
    pub(super) fn set_override(&self, device: &PciDevice, driver: &str) -> Result<()> {
        self.write(device.address(), &device.path().join(OVERRIDE), driver, remedy::plain)
    }

    fn restore_driver(
        &self,
        device: &PciDevice,
        driver: Option<&str>,
        override_before: Option<&str>,
    ) -> Result<()> {
        let now = device.driver()?;
        let attached = match driver {
            Some(driver) if now.as_deref() != Some(driver) => {
                // Through the override: without it the kernel refuses a VF to every driver while
                // its PF's sriov_drivers_autoprobe is 0.
                self.set_override(device, driver).and_then(|()| self.attach(device, driver))
            }
            _ => Ok(()),
        };
        // Tried even if the driver would not take the device back.
        let lifted = self.set_override(device, override_before.unwrap_or(""));
        attached.and(lifted)
    }
}

/// Checks which driver the kernel shows, since it can take a write and do nothing.
pub(super) fn expect_driver(device: &PciDevice, expected: Option<&str>) -> Result<()> {
    let now = device.driver()?;
    if now.as_deref() == expected {
        return Ok(());
    }
    let name = |driver: Option<&str>| driver.map_or("no driver".to_string(), str::to_string);
    Err(Error::Device {
        device: device.address().to_string(),
        what: format!(
            "bound to {}, though the kernel accepted to change that to {}",
            name(now.as_deref()),
            name(expected)
        ),
        remedy: "the kernel log (dmesg) may say why; something else may manage the device, such as driverctl or a device plugin".to_string(),
    })
}
