//! Giving a function back to the kernel.

use super::bind::OVERRIDE;
use super::{Host, SysfsWrite, VFIO_PCI, remedy};
use crate::pci::{PciAddress, PciDevice};
use crate::{Result, Root};

/// What [`Host::unbind`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbound {
    /// The driver that the function had before.
    pub before: Option<String>,
    /// The driver that it has now.
    pub driver: Option<String>,
}

const AUTOPROBE: &str = "sriov_drivers_autoprobe";

impl<W: SysfsWrite> Host<W> {
    /// Takes the function at `address` from vfio-pci, and lifts the override that bound it there.
    /// With `reprobe` the kernel then looks for a driver of its own. A function that some other
    /// driver has stays with it.
    ///
    /// While a program holds the function, the kernel asks it to let go, and waits until it does.
    ///
    /// That no kernel driver wants the function is no error: [`Unbound::driver`] is `None` then.
    ///
    /// # Errors
    /// [`Error::NoDevice`](crate::Error::NoDevice) before anything is changed;
    /// [`Error::Permission`](crate::Error::Permission); [`Error::Kernel`](crate::Error::Kernel) or
    /// [`Error::Device`](crate::Error::Device) when the kernel refused.
    pub fn unbind(&self, address: PciAddress, reprobe: bool) -> Result<Unbound> {
        let device = PciDevice::open(&self.root, address)?;
        let before = device.driver()?;
        if before.as_deref() == Some(VFIO_PCI) {
            self.release(&device, VFIO_PCI)?;
        }
        if device.driver_override()?.as_deref() == Some(VFIO_PCI) {
            self.set_override(&device, "")?;
            if let Some(left) = device.driver_override()? {
                return Err(crate::Error::Device {
                    device: address.to_string(),
                    what: format!("{OVERRIDE} is still {left} after it was cleared"),
                    remedy: "something else may manage the device, such as driverctl".to_string(),
                });
            }
        }
        if reprobe && device.driver()?.is_none() {
            self.probe(&device)?;
        }
        Ok(Unbound { before, driver: device.driver()? })
    }

    /// Lets the kernel look for a driver, even where the PF's `sriov_drivers_autoprobe` is 0, as
    /// [`Host::create`] leaves it: that refuses a VF to every driver.
    fn probe(&self, device: &PciDevice) -> Result<()> {
        let address = device.address();
        let pf = match device.physfn()? {
            Some(pf) => Some(PciDevice::open(&self.root, pf)?),
            None => None,
        };
        let switched_off = match &pf {
            Some(pf) if pf.drivers_autoprobe()? == Some(false) => Some(pf.path().join(AUTOPROBE)),
            _ => None,
        };
        if let Some(path) = &switched_off {
            self.write(address, path, "1", remedy::plain)?;
        }
        let path = drivers_probe(&self.root);
        let probed = self.write(address, &path, &address.to_string(), remedy::plain);
        let restored = match &switched_off {
            Some(path) => self.write(address, path, "0", remedy::plain),
            None => Ok(()),
        };
        probed.and(restored)
    }
}

fn drivers_probe(root: &Root) -> std::path::PathBuf {
    root.sys("bus/pci/drivers_probe")
}
