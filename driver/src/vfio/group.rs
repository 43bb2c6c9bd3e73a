//! IOMMU groups, each opened once in the process and shared by the devices that are in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::fs::OpenOptions;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vfio_bindings::bindings::vfio as uapi;

use super::container::Container;
use super::{diagnose, ioctl};
use crate::home::Home;
use crate::pci::{IommuGroup, PciDevice};
use crate::transport::DmaSpace;
use crate::{Error, Result, Root, dma};

/// The groups that this process has open, by device file. The kernel opens each only once.
static GROUPS: Mutex<BTreeMap<PathBuf, Entry>> = Mutex::new(BTreeMap::new());

struct Entry {
    file: Arc<OwnedFd>,
    number: u32,
    container: Arc<Container>,
    /// The devices that have a [`Group`]. The kernel would open one twice; its registers and
    /// queues have one owner here.
    devices: BTreeSet<String>,
}

/// One device's share in an open group. The group goes back to the kernel with the last share; the
/// device must be closed by then.
#[derive(Debug)]
pub(super) struct Group {
    path: PathBuf,
    device: String,
    /// Always there, until the drop.
    file: Option<Arc<OwnedFd>>,
    number: u32,
    container: Arc<Container>,
    home: Home,
}

impl Group {
    /// Opens the group of a device, or takes a share in it where this process has it open.
    ///
    /// # Errors
    /// Why the group, or a container for it, cannot be had.
    pub(super) fn open(root: &Root, pci: &PciDevice, group: &IommuGroup) -> Result<Group> {
        let device = &pci.address().to_string();
        let number = group.number;
        let path = root.dev("vfio").join(number.to_string());
        // Held to the end: a group in the middle of being opened or closed is busy to others.
        let mut groups = groups();
        if let Some(entry) = groups.get_mut(&path) {
            if !entry.devices.insert(device.to_owned()) {
                return Err(diagnose::busy(root, device, number));
            }
            return Ok(Group {
                path,
                device: device.to_owned(),
                file: Some(entry.file.clone()),
                number,
                container: entry.container.clone(),
                home: Home::here(),
            });
        }
        let file: OwnedFd = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| diagnose::group_node(root, device, number, &path, source))?
            .into();
        let flags = ioctl::group_flags(file.as_fd()).map_err(|source| {
            diagnose::kernel(
                device,
                format!("ask {} for its state", path.display()),
                source,
                "the file must be the kernel's VFIO group device",
            )
        })?;
        if flags & uapi::VFIO_GROUP_FLAGS_VIABLE == 0 {
            return Err(diagnose::not_viable(root, device, group));
        }
        let joined = groups
            .values()
            .map(|entry| &entry.container)
            .filter(|container| container.is_below(root))
            .find(|container| match container.join(number, device, file.as_fd()) {
                Ok(()) => true,
                Err(error) => {
                    tracing::info!(device, group = number, %error, "gets a container of its own");
                    false
                }
            })
            .cloned();
        let container = match joined {
            Some(container) => container,
            None => Container::open(root, pci, group, file.as_fd())?,
        };
        let file = Arc::new(file);
        let entry = Entry {
            file: file.clone(),
            number,
            container: container.clone(),
            devices: BTreeSet::from([device.to_owned()]),
        };
        groups.insert(path.clone(), entry);
        let (device, file, home) = (device.to_owned(), Some(file), Home::here());
        Ok(Group { path, device, file, number, container, home })
    }

    /// The group's number, as in `/dev/vfio/N`.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The address space of the group's devices.
    pub(super) fn space(&self) -> Arc<dyn DmaSpace> {
        self.container.clone()
    }

    /// Opens the device.
    ///
    /// # Errors
    /// The device is not in the group, or the kernel refused it.
    pub(super) fn device(&self) -> Result<OwnedFd> {
        let bad = || Error::BadAddress { text: self.device.clone() };
        let name = CString::new(self.device.as_str()).map_err(|_| bad())?;
        let file = self.file.as_ref().ok_or_else(bad)?;
        ioctl::device_fd(file.as_fd(), &name)
            .map_err(|source| diagnose::device_fd(&self.device, source))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.home.is_elsewhere() {
            // To take the group out of its container would take it from the parent.
            return;
        }
        {
            let mut groups = groups();
            // The last owner of the descriptor closes it, and does so before anyone can open the
            // group anew: under the lock.
            self.file = None;
            let Some(entry) = groups.get_mut(&self.path) else {
                return;
            };
            entry.devices.remove(&self.device);
            if !entry.devices.is_empty() {
                return;
            }
            let container = entry.container.clone();
            container.leave(entry.number, entry.file.as_fd());
            groups.remove(&self.path);
            container.close_if_ended();
        }
        // Memory may have waited for the end of the address space.
        dma::sweep();
    }
}

fn groups() -> MutexGuard<'static, BTreeMap<PathBuf, Entry>> {
    // Nothing that can panic happens between the steps of a change.
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}
