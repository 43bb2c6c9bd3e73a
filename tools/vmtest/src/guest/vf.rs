//! The Virtual Functions of the guest, and which driver has them.

use crate::pf::Pf;
use crate::program::Program;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use vmtest::{Context, Result, bail, ensure};

/// A VF.
#[derive(Debug, Clone)]
pub struct Vf {
    /// The index of its PF.
    pub pf: u8,
    /// Its index among the VFs of its PF.
    pub index: u8,
    /// Its PCI address.
    pub bdf: String,
}

/// The usual start of a test: the PF of that index with so many VFs, each with its [`Vf::mac`], the
/// PF up with a carrier, the VFs bound to vfio-pci.
pub fn ready(pf: u8, count: u8) -> Result<(Pf, Vec<Vf>)> {
    prepare(pf, count, true)
}

/// As [`ready`], but the VFs have no MAC addresses from the PF.
pub fn ready_without_macs(pf: u8, count: u8) -> Result<(Pf, Vec<Vf>)> {
    prepare(pf, count, false)
}

fn prepare(pf: u8, count: u8, macs: bool) -> Result<(Pf, Vec<Vf>)> {
    let pf = Pf::nth(pf)?;
    let vfs = pf.create_vfs(count)?;
    for vf in vfs.iter().filter(|_| macs) {
        pf.set_vf_mac(vf.index, &vf.mac())?;
    }
    pf.up()?;
    for vf in &vfs {
        vf.bind("vfio-pci")?;
    }
    Ok((pf, vfs))
}

impl Vf {
    /// The VF of that index of a PF.
    pub fn of(pf: &Pf, index: u8) -> Result<Self> {
        let link = pf.sysfs(&format!("virtfn{index}"));
        let target = fs::read_link(&link).context(link.display())?;
        let bdf = target.file_name().context("virtfn points nowhere")?;
        Ok(Self { pf: pf.index, index, bdf: bdf.to_string_lossy().into_owned() })
    }

    /// The MAC that [`ready`] gives it.
    pub fn mac(&self) -> String {
        self.mac_bytes().map(|byte| format!("{byte:02x}")).join(":")
    }

    /// The same as bytes.
    pub fn mac_bytes(&self) -> [u8; 6] {
        [2, 0, 0, 0, self.pf + 1, self.index + 1]
    }

    /// A file of the VF in sysfs.
    pub fn sysfs(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/sys/bus/pci/devices/{}/{file}", self.bdf))
    }

    /// The number of its IOMMU group.
    pub fn group(&self) -> Result<u32> {
        let link = self.sysfs("iommu_group");
        let target = fs::read_link(&link).context(link.display())?;
        let number = target.file_name().context("iommu_group points nowhere")?;
        Ok(number.to_string_lossy().parse()?)
    }

    /// The node of its VFIO group.
    pub fn group_node(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(format!("/dev/vfio/{}", self.group()?)))
    }

    /// The driver that it is bound to.
    pub fn driver(&self) -> Option<String> {
        let target = fs::read_link(self.sysfs("driver")).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Binds it to a driver, which is loaded if it is a module, and takes it from another first.
    pub fn bind(&self, driver: &str) -> Result {
        if !fs::exists(format!("/sys/bus/pci/drivers/{driver}"))? {
            Program::new("modprobe").arg(driver).check()?;
        }
        self.unbind()?;
        self.write("driver_override", driver)?;
        fs::write("/sys/bus/pci/drivers_probe", &self.bdf)
            .context(format_args!("drivers_probe of {} to {driver}", self.bdf))?;
        let bound = self.driver();
        ensure!(bound.as_deref() == Some(driver), "{}: not {driver} but {bound:?}", self.bdf);
        Ok(())
    }

    /// Binds it to Linux's igbvf and waits for the interface, whose name is returned.
    pub fn bind_igbvf(&self) -> Result<String> {
        self.bind("igbvf")?;
        let directory = self.sysfs("net");
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if let Ok(mut netdevs) = fs::read_dir(&directory)
                && let Some(netdev) = netdevs.next()
            {
                return Ok(netdev?.file_name().to_string_lossy().into_owned());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("{}: igbvf made no interface", self.bdf)
    }

    /// Takes it from its driver, if it has one.
    pub fn unbind(&self) -> Result {
        if self.driver().is_some() {
            self.write("driver/unbind", &self.bdf)?;
        }
        Ok(())
    }

    /// Fails if a BAR lies above 4 GiB: QEMU 10.0 maps it wrongly there, and every register reads
    /// as something else.
    pub fn check_bars(&self) -> Result {
        let path = self.sysfs("resource");
        for line in fs::read_to_string(&path).context(path.display())?.lines() {
            let start = line.split(' ').next().unwrap_or_default();
            let start = u64::from_str_radix(start.trim_start_matches("0x"), 16)?;
            ensure!(start < 1 << 32, "{}: a BAR at {start:#x}, above 4 GiB", self.bdf);
        }
        Ok(())
    }

    fn write(&self, file: &str, text: &str) -> Result {
        let path = self.sysfs(file);
        fs::write(&path, text).context(path.display())
    }
}
