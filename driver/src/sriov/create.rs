//! Making and removing VFs.

use super::{Host, SysfsWrite, after_roll_back, remedy};
use crate::pci::{PciAddress, PciDevice};
use crate::{Error, Result};

/// What [`Host::create`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The VFs that there are now, VF 0 first.
    pub vfs: Vec<PciAddress>,
    /// How many there were before. If that was another number than now, those are gone, with all
    /// that was set for them.
    pub before: u16,
}

const AUTOPROBE: &str = "sriov_drivers_autoprobe";
const NUMVFS: &str = "sriov_numvfs";

impl<W: SysfsWrite> Host<W> {
    /// Gives the PF at `pf` `count` VFs.
    ///
    /// If it has that many, nothing changes, their drivers included. If it has another number, all those are removed first:
    /// the kernel knows no way from one number to another than by 0. 0 removes them, as
    /// [`Host::destroy`]. The kernel may take minutes; while a program holds a VF that is to go, it
    /// waits until the program lets go.
    ///
    /// New VFs get no kernel driver (`sriov_drivers_autoprobe` is 0 from here on), so that none
    /// takes one before it is bound to vfio-pci.
    ///
    /// # Errors
    /// [`Error::NoDevice`], [`Error::NotPf`], [`Error::TooManyVfs`] before anything is changed;
    /// [`Error::Permission`]; [`Error::Kernel`] when the kernel refused, [`Error::Device`] when it
    /// made another number than asked for. Then the number before is restored if the PF still takes
    /// it, and [`Error::RollBack`] says if not.
    pub fn create(&self, pf: PciAddress, count: u16) -> Result<Created> {
        if count == 0 {
            return Ok(Created { vfs: Vec::new(), before: self.destroy(pf)? });
        }
        let (device, before) = self.pf(pf)?;
        let most = device.total_vfs()?.unwrap_or(0);
        if count > most {
            return Err(Error::TooManyVfs { device: pf.to_string(), wanted: count, most });
        }
        if count == before {
            return Ok(Created { vfs: self.made(&device, count)?, before });
        }
        let autoprobe = device.drivers_autoprobe()?;
        self.autoprobe(&device, autoprobe, false)?;
        let made = self.remove(&device, before).and_then(|()| {
            self.set(&device, count)?;
            self.made(&device, count)
        });
        match made {
            Ok(vfs) => Ok(Created { vfs, before }),
            Err(cause) => {
                let restored = self.restore(&device, before, autoprobe);
                Err(after_roll_back(cause, restored))
            }
        }
    }

    /// Removes all VFs of the PF at `pf`, and says how many there were. Waits as [`Host::create`]
    /// does. New VFs get kernel drivers again (`sriov_drivers_autoprobe` 1, the kernel's default).
    ///
    /// # Errors
    /// [`Error::NoDevice`], [`Error::NotPf`], [`Error::Permission`]; [`Error::Kernel`] when the
    /// kernel refused, [`Error::Device`] when VFs are left.
    pub fn destroy(&self, pf: PciAddress) -> Result<u16> {
        let (device, before) = self.pf(pf)?;
        self.remove(&device, before)?;
        self.autoprobe(&device, device.drivers_autoprobe()?, true)?;
        Ok(before)
    }

    fn pf(&self, address: PciAddress) -> Result<(PciDevice, u16)> {
        let device = PciDevice::open(&self.root, address)?;
        match device.num_vfs()? {
            Some(before) => Ok((device, before)),
            None => Err(Error::NotPf {
                physfn: device.physfn()?.map(|pf| pf.to_string()),
                device: address.to_string(),
            }),
        }
    }

    fn remove(&self, device: &PciDevice, before: u16) -> Result<()> {
        if before == 0 {
            return Ok(());
        }
        self.set(device, 0)?;
        self.made(device, 0).map(drop)
    }

    fn set(&self, device: &PciDevice, count: u16) -> Result<()> {
        let path = device.path().join(NUMVFS);
        self.write(device.address(), &path, &count.to_string(), remedy::create)
    }

    /// The VFs that the PF has, if they are `count`: the kernel may enable fewer than were asked
    /// for, and call that a success.
    fn made(&self, device: &PciDevice, count: u16) -> Result<Vec<PciAddress>> {
        let num = device.num_vfs()?.unwrap_or(0);
        let vfs = device.virtfns()?;
        if num == count && vfs.len() == usize::from(count) {
            return Ok(vfs);
        }
        Err(Error::Device {
            device: device.address().to_string(),
            what: format!(
                "asked for {count} VFs, but the kernel counts {num} and shows {}",
                vfs.len()
            ),
            remedy: "the PF's driver may allow fewer: dmesg says more".to_string(),
        })
    }

    /// `now` is `None` on kernels before 4.12, which have no such switch.
    fn autoprobe(&self, device: &PciDevice, now: Option<bool>, on: bool) -> Result<()> {
        if now.is_none_or(|now| now == on) {
            return Ok(());
        }
        let value = if on { "1" } else { "0" };
        self.write(device.address(), &device.path().join(AUTOPROBE), value, remedy::plain)
    }

    fn restore(&self, device: &PciDevice, before: u16, autoprobe: Option<bool>) -> Result<()> {
        let now = device.num_vfs()?.unwrap_or(0);
        let counted = if now == before {
            Ok(())
        } else {
            self.remove(device, now).and_then(|()| match before {
                0 => Ok(()),
                // Without drivers, as they cannot get back what was set for them.
                before => self.set(device, before),
            })
        };
        // Tried even if the number could not be restored.
        let probed = match autoprobe {
            Some(on) => self.autoprobe(device, device.drivers_autoprobe()?, on),
            None => Ok(()),
        };
        counted.and(probed)
    }
}
