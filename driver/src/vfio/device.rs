//! A VF that VFIO handed to this process.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use barline_ring::Doorbell;
use vfio_bindings::bindings::vfio as uapi;

use super::group::Group;
use super::irq::Irqs;
use super::region::{NO_ANSWER, Region};
use super::{diagnose, ioctl};
use crate::home::Home;
use crate::pci::{PciAddress, PciDevice};
use crate::transport::{DmaSpace, Identity, Notice, Transport};
use crate::{Error, Result, Root};

/// `PCI_COMMAND` and its bits (PCI spec 3.0, 6.2.2).
const COMMAND: u16 = 0x04;
const COMMAND_MEMORY: u16 = 1 << 1;
const COMMAND_MASTER: u16 = 1 << 2;

const BARS: usize = 6;
/// How often a reset is tried while the kernel is busy with the device, and how long apart.
const RESET_TRIES: u32 = 50;
const RESET_PAUSE: Duration = Duration::from_millis(10);
/// The same on closing, when the kernel may be busy waiting for just that.
const LAST_RESET_TRIES: u32 = 3;

/// Opens the device at a PCI address, resets it and leaves bus mastering off.
///
/// Its IOMMU group is opened with it, and shared with other devices of the same group in this
/// process; groups share one container, and so one [`DmaSpace`], where the kernel lets them.
///
/// # Errors
/// Each names its cause: [`Error::NoDevice`], [`Error::NoIommu`],
/// [`Error::WrongDriver`], [`Error::GroupNotViable`], [`Error::GroupBusy`],
/// [`Error::NoInterruptRemapping`], [`Error::Permission`], and [`Error::Kernel`] for the rest.
/// Nothing stays open then.
pub fn open(root: &Root, address: PciAddress) -> Result<Arc<VfioDevice>> {
    let pci = PciDevice::open(root, address)?;
    let name = address.to_string();
    // The IOMMU first: without one, binding the driver would not help. A group that the kernel made
    // up because there is none does not isolate anything.
    let iommu_group = pci
        .iommu_group()?
        .filter(|group| !group.no_iommu)
        .ok_or_else(|| Error::NoIommu { device: name.clone() })?;
    check_driver(&pci, &name)?;
    // A VF's own configuration space does not hold vendor and device.
    let ids = pci.ids()?;
    let identity = Identity { vendor: ids.vendor, device: ids.device, revision: ids.revision };
    let group = Group::open(root, &pci, &iommu_group)?;
    let file = File::from(group.device()?);
    let device = VfioDevice::new(name, identity, group, file)?;
    device.prepare()?;
    tracing::info!(
        device = device.name,
        group = device.group.number(),
        vectors = device.irqs.vectors(),
        "opened through VFIO"
    );
    Ok(Arc::new(device))
}

/// Makes sure that vfio-pci holds the device, or a variant of it for one family of devices, such as
/// mlx5_vfio_pci: their names end alike.
fn check_driver(pci: &PciDevice, name: &str) -> Result<()> {
    let driver = pci.driver()?;
    let is_vfio = |driver: &str| driver.replace('_', "-").ends_with("vfio-pci");
    if driver.as_deref().is_some_and(is_vfio) {
        return Ok(());
    }
    Err(Error::WrongDriver { device: name.to_owned(), driver })
}

/// A device that is open through VFIO.
///
/// Dropping it stops its interrupts and its bus mastering, resets it, unmaps its registers, and
/// closes device, group and container, in that order.
pub struct VfioDevice {
    name: String,
    identity: Identity,
    resettable: bool,
    home: Home,
    irqs: Irqs,
    /// Serialises read-modify-write of `PCI_COMMAND`.
    command: Mutex<()>,
    config: Region,
    // The order of these three is the order of their release.
    bars: [Region; BARS],
    file: File,
    group: Group,
}

impl VfioDevice {
    /// `file` comes last, to be closed first if something fails: a group that has an open device does
    /// not leave its container.
    fn new(name: String, identity: Identity, group: Group, file: File) -> Result<VfioDevice> {
        let not_understood = |what: &str, source| {
            let remedy = "the device must be a PCI function in the hands of vfio-pci";
            diagnose::kernel(&name, what, source, remedy)
        };
        let info = ioctl::device_info(file.as_fd())
            .map_err(|source| not_understood("read the device's description", source))?;
        if info.flags & uapi::VFIO_DEVICE_FLAGS_PCI == 0 {
            let source = io::Error::new(io::ErrorKind::Unsupported, "not a PCI device");
            return Err(not_understood("read the device's description", source));
        }
        let region = |index: u32| {
            Region::query(&file, index)
                .map_err(|source| not_understood(&format!("read about region {index}"), source))
        };
        let bars = [
            region(uapi::VFIO_PCI_BAR0_REGION_INDEX)?,
            region(uapi::VFIO_PCI_BAR1_REGION_INDEX)?,
            region(uapi::VFIO_PCI_BAR2_REGION_INDEX)?,
            region(uapi::VFIO_PCI_BAR3_REGION_INDEX)?,
            region(uapi::VFIO_PCI_BAR4_REGION_INDEX)?,
            region(uapi::VFIO_PCI_BAR5_REGION_INDEX)?,
        ];
        let config = region(uapi::VFIO_PCI_CONFIG_REGION_INDEX)?;
        let irqs = Irqs::query(&file)
            .map_err(|source| not_understood("read about its interrupts", source))?;
        Ok(VfioDevice {
            name,
            identity,
            resettable: info.flags & uapi::VFIO_DEVICE_FLAGS_RESET != 0,
            home: Home::here(),
            irqs,
            command: Mutex::new(()),
            config,
            bars,
            file,
            group,
        })
    }

    /// Brings the device to rest: no bus mastering, registers reachable, fresh from a reset.
    fn prepare(&self) -> Result<()> {
        if self.resettable {
            self.reset()?;
        } else {
            tracing::warn!(
                device = self.name,
                "cannot be reset on its own: it starts as it was left"
            );
        }
        self.change_command(COMMAND_MASTER, COMMAND_MEMORY)
    }

    /// The number of the device's IOMMU group, as in `/dev/vfio/N`.
    pub fn group(&self) -> u32 {
        self.group.number()
    }

    fn change_command(&self, clear: u16, set: u16) -> Result<()> {
        let _serial = self.command.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = [0; 2];
        self.read_config(COMMAND, &mut bytes)?;
        let command = u16::from_le_bytes(bytes) & !clear | set;
        // SAFETY: only bus mastering and memory space change, by this function's callers: bus
        // mastering on their caller's word, memory space when the device is at rest.
        unsafe { self.write_config(COMMAND, &command.to_le_bytes()) }
    }

    fn try_reset(&self, tries: u32) -> io::Result<()> {
        for _ in 1..tries {
            match ioctl::reset(self.file.as_fd()) {
                Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => {
                    thread::sleep(RESET_PAUSE);
                }
                other => return other,
            }
        }
        ioctl::reset(self.file.as_fd())
    }

    fn failed(&self, action: impl Into<String>, source: io::Error, remedy: &str) -> Error {
        diagnose::kernel(&self.name, action, source, remedy)
    }

    fn config_remedy(&self) -> String {
        let len = self.config.len();
        format!("it has {len:#x} bytes; if these are among them, the device may be gone")
    }

    fn bar(&self, bar: u8) -> Option<&Region> {
        self.bars.get(usize::from(bar))
    }
}

// SAFETY: each method is the VFIO call of that meaning, on the device's own descriptor; its memory
// accesses go through the container of its group.
unsafe impl Transport for VfioDevice {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Identity {
        self.identity
    }

    fn bar_len(&self, bar: u8) -> u64 {
        self.bar(bar).map_or(0, Region::len)
    }

    fn read32(&self, bar: u8, offset: u64) -> u32 {
        self.bar(bar).map_or(NO_ANSWER, |region| region.read32(&self.file, offset))
    }

    unsafe fn write32(&self, bar: u8, offset: u64, value: u32) {
        if let Some(region) = self.bar(bar) {
            region.write32(&self.file, offset, value);
        }
    }

    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell> {
        let none = || Err(io::Error::from(io::ErrorKind::InvalidInput));
        let register = self.bar(bar).map_or_else(none, |bar| bar.register(&self.file, offset));
        let register = register.map_err(|source| {
            let action = format!("map register {offset:#x} of BAR {bar}");
            let remedy =
                "the register must lie in a part of the BAR that the kernel lets be mapped";
            self.failed(action, source, remedy)
        })?;
        // SAFETY: the register lies in a mapping that lives as long as the device, which the doorbell
        // keeps; any thread may write to it.
        Ok(unsafe { Doorbell::new(register, self) })
    }

    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()> {
        self.config.read(&self.file, offset.into(), data).map_err(|source| {
            let action = format!("read {} bytes of configuration at {offset:#x}", data.len());
            self.failed(action, source, &self.config_remedy())
        })
    }

    unsafe fn write_config(&self, offset: u16, data: &[u8]) -> Result<()> {
        self.config.write(&self.file, offset.into(), data).map_err(|source| {
            let action = format!("write {} bytes of configuration at {offset:#x}", data.len());
            self.failed(action, source, &self.config_remedy())
        })
    }

    fn set_bus_master(&self, on: bool) -> Result<()> {
        if on {
            self.change_command(0, COMMAND_MASTER)
        } else {
            self.change_command(COMMAND_MASTER, 0)
        }
    }

    fn reset(&self) -> Result<()> {
        if !self.resettable {
            let source = io::Error::from(io::ErrorKind::Unsupported);
            return Err(self.failed("reset", source, "the device has no function-level reset"));
        }
        // The kernel saves and restores configuration space around the reset.
        self.set_bus_master(false)?;
        self.try_reset(RESET_TRIES)
            .map_err(|source| self.failed("reset", source, "`dmesg` may tell more"))
    }

    fn vectors(&self) -> u16 {
        self.irqs.vectors()
    }

    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()> {
        self.irqs.set_vectors(&self.file, eventfds).map_err(|source| {
            let action = format!("connect {} interrupt vectors", eventfds.len());
            let remedy = format!("the device has {}", self.irqs.vectors());
            self.failed(action, source, &remedy)
        })
    }

    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool> {
        self.irqs.set_notice(&self.file, notice, eventfd).map_err(|source| {
            let action = format!("connect the notice {notice:?}");
            self.failed(action, source, "the descriptor must be an eventfd")
        })
    }

    fn dma(&self) -> Arc<dyn DmaSpace> {
        self.group.space()
    }
}

impl Drop for VfioDevice {
    fn drop(&mut self) {
        if self.home.is_elsewhere() {
            // A forked child has copies of the descriptors, and its parent has the device.
            return;
        }
        let complain = |what: &str, error: &dyn fmt::Display| {
            tracing::warn!(device = self.name, %error, "{what} failed on closing");
        };
        if let Err(error) = self.irqs.disconnect(&self.file) {
            complain("disconnecting interrupts", &error);
        }
        if let Err(error) = self.set_bus_master(false) {
            complain("disabling bus mastering", &error);
        }
        if self.resettable
            && let Err(error) = self.try_reset(LAST_RESET_TRIES)
        {
            if error.raw_os_error() == Some(libc::EAGAIN) {
                // The kernel holds the device while it takes it back, and can make no DMA of it.
                tracing::debug!(device = self.name, "is being taken back: closed without a reset");
            } else {
                complain("the reset", &error);
            }
        }
        tracing::debug!(device = self.name, "closed");
        // The fields follow, in their order: registers unmapped, descriptor closed, group released.
    }
}

impl fmt::Debug for VfioDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VfioDevice")
            .field("name", &self.name)
            .field("group", &self.group.number())
            .finish_non_exhaustive()
    }
}
