//! The Physical Functions of the guest: QEMU's igb under Linux's driver of that name.

use crate::program::ip;
use crate::vf::Vf;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail, ensure};

/// A PF.
#[derive(Debug, Clone)]
pub struct Pf {
    /// Its place among the PFs, from 0: the number that the host knows it by.
    pub index: u8,
    /// Its PCI address.
    pub bdf: String,
    /// Its network interface in the first namespace.
    pub netdev: String,
}

impl Pf {
    /// All PFs, in the order of their addresses.
    pub fn all() -> Result<Vec<Self>> {
        let driver = "/sys/bus/pci/drivers/igb";
        let mut bdfs = Vec::new();
        for entry in fs::read_dir(driver).context(driver)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if Path::new(driver).join(&name).join("sriov_totalvfs").exists() {
                bdfs.push(name);
            }
        }
        bdfs.sort();
        let number = |(index, bdf): (usize, String)| {
            let directory = format!("/sys/bus/pci/devices/{bdf}/net");
            let mut netdevs = fs::read_dir(&directory).context(&directory)?;
            let netdev = netdevs.next().context(format_args!("{bdf}: no interface"))??;
            let netdev = netdev.file_name().to_string_lossy().into_owned();
            Ok(Self { index: index as u8, bdf, netdev })
        };
        bdfs.into_iter().enumerate().map(number).collect()
    }

    /// The PF of that index.
    pub fn nth(index: u8) -> Result<Self> {
        let pf = Self::all()?.into_iter().nth(index.into());
        pf.context(format_args!("the guest has no PF {index}"))
    }

    /// A file of the PF in sysfs.
    pub fn sysfs(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/sys/bus/pci/devices/{}/{file}", self.bdf))
    }

    /// Makes the PF have exactly `count` VFs, with no driver on them.
    pub fn create_vfs(&self, count: u8) -> Result<Vec<Vf>> {
        fs::write(self.sysfs("sriov_drivers_autoprobe"), "0").context("sriov_drivers_autoprobe")?;
        self.remove_vfs()?;
        fs::write(self.sysfs("sriov_numvfs"), count.to_string()).context("sriov_numvfs")?;
        let vfs: Vec<Vf> = (0..count).map(|index| Vf::of(self, index)).collect::<Result<_>>()?;
        for vf in &vfs {
            vf.check_bars()?;
        }
        Ok(vfs)
    }

    /// Takes all VFs away.
    pub fn remove_vfs(&self) -> Result {
        fs::write(self.sysfs("sriov_numvfs"), "0").context("sriov_numvfs")
    }

    /// Sets the MAC of a VF, as the administrator of the host does.
    pub fn set_vf_mac(&self, vf: u8, mac: &str) -> Result {
        ip(&["link", "set", &self.netdev, "vf", &vf.to_string(), "mac", mac]).map(|_| ())
    }

    /// Switches the interface on and waits for its carrier.
    pub fn up(&self) -> Result {
        ip(&["link", "set", &self.netdev, "up"])?;
        self.wait_for_carrier(true)
    }

    /// Switches the interface off.
    pub fn down(&self) -> Result {
        ip(&["link", "set", &self.netdev, "down"]).map(|_| ())
    }

    /// Waits until the interface, which is up, has or has not a carrier.
    pub fn wait_for_carrier(&self, wanted: bool) -> Result {
        let path = format!("/sys/class/net/{}/carrier", self.netdev);
        let end = Instant::now() + Duration::from_secs(20);
        // While the interface is down, reading the file fails with EINVAL.
        while fs::read_to_string(&path).is_ok_and(|text| text.trim() == "1") != wanted {
            if Instant::now() > end {
                bail!("{}: carrier is not {wanted} after 20 s", self.netdev);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The MAC of the interface.
    pub fn mac(&self) -> Result<String> {
        let path = format!("/sys/class/net/{}/address", self.netdev);
        let mac = fs::read_to_string(&path).context(&path)?.trim().to_string();
        ensure!(mac.len() == 17, "{path}: {mac:?}");
        Ok(mac)
    }
}
