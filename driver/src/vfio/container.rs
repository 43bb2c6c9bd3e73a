//! The container: one I/O address space, shared by the groups that the kernel lets into it.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vfio_bindings::bindings::vfio as uapi;

use super::capability::{self, IommuAnswer};
use super::{diagnose, ioctl};
use crate::pci::{IommuGroup, PciDevice};
use crate::transport::DmaSpace;
use crate::{Error, Result, Root};

/// What is taken for usable where a kernel before 5.4 names no IOVA ranges: 39 bits, which every
/// IOMMU translates, without the window of interrupt messages.
const UNSTATED_RANGES: [RangeInclusive<u64>; 2] = [0..=0xfedf_ffff, 0xfef0_0000..=(1 << 39) - 1];

/// An open VFIO container with at least one group in it.
///
/// The kernel takes all mappings away when the last group leaves, and the container is closed then:
/// whoever still holds it has an address space that nothing is mapped in.
pub(super) struct Container {
    root: Root,
    open: Mutex<Option<Open>>,
}

struct Open {
    file: OwnedFd,
    groups: Vec<Member>,
    info: IommuAnswer,
}

/// A group in a container.
#[derive(Debug)]
struct Member {
    number: u32,
    /// The device that it was opened for, by which people know it.
    device: String,
}

impl Container {
    /// Opens a container for a group, the first in it.
    ///
    /// # Errors
    /// VFIO is not there, or the kernel refused the group or its IOMMU.
    pub(super) fn open(
        root: &Root,
        pci: &PciDevice,
        group: &IommuGroup,
        file_of_group: BorrowedFd<'_>,
    ) -> Result<Arc<Container>> {
        let device = &pci.address().to_string();
        let number = group.number;
        let path = root.dev("vfio/vfio");
        let file: OwnedFd = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| diagnose::container_node(device, &path, source))?
            .into();
        let model = model(file.as_fd(), device, &path)?;
        ioctl::set_container(file_of_group, file.as_fd()).map_err(|source| {
            match source.raw_os_error() {
                // The group was viable a moment ago: somebody was faster.
                Some(libc::EBUSY) => diagnose::not_viable(root, device, group),
                _ => diagnose::kernel(
                    device,
                    format!("put IOMMU group {number} into a container"),
                    source,
                    "`dmesg` may tell more",
                ),
            }
        })?;
        // From here on the group's file detaches it when it is closed, should something fail.
        ioctl::set_iommu(file.as_fd(), model)
            .map_err(|source| diagnose::set_iommu(pci, device, source))?;
        let info = info(file.as_fd()).map_err(|source| unreadable(device, source))?;
        tracing::debug!(device, group = number, ?info, "new IOMMU container");
        Ok(Arc::new(Container {
            root: root.clone(),
            open: Mutex::new(Some(Open { file, groups: vec![Member::new(number, device)], info })),
        }))
    }

    /// Puts one more group into the container, where the kernel finds them compatible.
    ///
    /// # Errors
    /// The kernel's answer; the container is as it was.
    pub(super) fn join(&self, number: u32, device: &str, group: BorrowedFd<'_>) -> io::Result<()> {
        let mut guard = self.lock();
        let Some(open) = guard.as_mut() else {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        };
        ioctl::set_container(group, open.file.as_fd())?;
        // The newcomer may narrow the ranges.
        match info(open.file.as_fd()) {
            Ok(info) => {
                open.info = info;
                open.groups.push(Member::new(number, device));
                Ok(())
            }
            Err(error) => {
                // Closing the group does the same, should this fail.
                let _ = ioctl::unset_container(group);
                Err(error)
            }
        }
    }

    /// Takes a group out. With the last one the kernel drops all mappings, and the container closes.
    pub(super) fn leave(&self, number: u32, group: BorrowedFd<'_>) {
        let mut guard = self.lock();
        let Some(open) = guard.as_mut() else { return };
        open.groups.retain(|other| other.number != number);
        if let Err(error) = ioctl::unset_container(group) {
            // A forked child may hold the device: the mappings live on and are still ours to undo,
            // so the container stays open. If nobody holds it, the group leaves when it is closed.
            tracing::warn!(group = number, %error, "the IOMMU group could not leave its container");
            return;
        }
        if open.groups.is_empty() {
            *guard = None;
        }
    }

    /// Closes the container if a group that could not leave it has left it by being closed.
    pub(super) fn close_if_ended(&self) {
        let mut guard = self.lock();
        if guard.as_ref().is_some_and(Open::has_ended) {
            *guard = None;
        }
    }

    /// Whether both live below the same root.
    pub(super) fn is_below(&self, root: &Root) -> bool {
        self.root == *root
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        // No code that can panic leaves the state half-changed.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Whether the container is without its IOMMU. The kernel takes that away with the last group,
    /// however that left, and all mappings with it; a container that has none cannot tell about it.
    fn has_ended(&self) -> bool {
        self.groups.is_empty()
            && ioctl::iommu_info(self.file.as_fd())
                .is_err_and(|error| error.raw_os_error() == Some(libc::EINVAL))
    }

    /// How messages name the address space.
    fn name(&self) -> String {
        let named = |Member { number, device }: &Member| format!("{number} ({device})");
        let groups: Vec<String> = self.groups.iter().map(named).collect();
        format!("IOMMU group {}", groups.join(", "))
    }
}

impl Member {
    fn new(number: u32, device: &str) -> Member {
        Member { number, device: device.to_owned() }
    }
}

/// Checks the interface's version and picks the IOMMU model: type 1 version 2, else version 1.
fn model(container: BorrowedFd<'_>, device: &str, path: &Path) -> Result<u32> {
    let refused = |source| {
        diagnose::kernel(
            device,
            format!("ask {} for its version", path.display()),
            source,
            "the file must be the kernel's VFIO container device",
        )
    };
    let unsupported = |what: String| {
        diagnose::kernel(
            device,
            format!("open {}", path.display()),
            io::Error::new(io::ErrorKind::Unsupported, what),
            "load the module vfio_iommu_type1; IOMMUs of other kinds are not supported",
        )
    };
    let version = ioctl::api_version(container).map_err(refused)?;
    if version != uapi::VFIO_API_VERSION as i32 {
        return Err(unsupported(format!("VFIO API version {version}, not 0")));
    }
    for model in [uapi::VFIO_TYPE1v2_IOMMU, uapi::VFIO_TYPE1_IOMMU] {
        if ioctl::has_extension(container, model).map_err(refused)? {
            return Ok(model);
        }
    }
    Err(unsupported("no type 1 IOMMU".to_owned()))
}

fn info(container: BorrowedFd<'_>) -> io::Result<IommuAnswer> {
    let answer = ioctl::iommu_info(container)?;
    capability::iommu(&answer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn unreadable(device: &str, source: io::Error) -> Error {
    diagnose::kernel(
        device,
        "read what the IOMMU can do",
        source,
        "this kernel's VFIO is not understood: please report it",
    )
}

// SAFETY: the kernel's IOMMU lets devices reach what is mapped and nothing else, and flushes before an
// unmapping returns; a container whose descriptor is closed has no mappings left.
unsafe impl DmaSpace for Container {
    fn iova_ranges(&self) -> Vec<RangeInclusive<u64>> {
        let guard = self.lock();
        let ranges = guard.as_ref().map(|open| open.info.ranges.clone());
        match ranges {
            Some(Some(ranges)) => ranges,
            Some(None) => UNSTATED_RANGES.to_vec(),
            None => Vec::new(),
        }
    }

    fn page_sizes(&self) -> u64 {
        let guard = self.lock();
        let stated = guard.as_ref().and_then(|open| open.info.page_sizes);
        stated.unwrap_or(crate::dma::granule())
    }

    #[allow(unsafe_code)] // What it asks for is the caller's promise, passed on.
    unsafe fn map(&self, memory: NonNull<u8>, len: usize, iova: u64) -> Result<()> {
        let guard = self.lock();
        let Some(open) = guard.as_ref() else {
            return Err(diagnose::kernel(
                "closed IOMMU container",
                format!("map {len} bytes at IOVA {iova:#x}"),
                io::Error::from_raw_os_error(libc::EBADF),
                "all its devices have been closed: attach the memory to a device that is open",
            ));
        };
        let address = memory.as_ptr().expose_provenance() as u64;
        // SAFETY: the caller promises that the memory stays until it is unmapped, and that nothing
        // refers to bytes that a device may write.
        unsafe { ioctl::map_dma(open.file.as_fd(), address, len as u64, iova) }
            .map_err(|source| diagnose::map(&self.root, &open.name(), len as u64, iova, source))?;
        tracing::debug!(space = open.name(), len, iova = format_args!("{iova:#x}"), "mapped");
        Ok(())
    }

    fn unmap(&self, iova: u64, len: usize) -> Result<()> {
        let guard = self.lock();
        // A closed container has no mappings.
        let Some(open) = guard.as_ref() else {
            return Ok(());
        };
        let done = ioctl::unmap_dma(open.file.as_fd(), iova, len as u64).and_then(|done| {
            if done == len as u64 {
                Ok(())
            } else {
                Err(io::Error::other(format!("{done} bytes were unmapped")))
            }
        });
        if done.is_err() && open.has_ended() {
            return Ok(());
        }
        done.map_err(|source| {
            diagnose::exactly(
                &open.name(),
                format!("unmap {len} bytes at IOVA {iova:#x}"),
                source,
                "the memory counts as mapped until the devices are closed",
            )
        })?;
        tracing::debug!(space = open.name(), len, iova = format_args!("{iova:#x}"), "unmapped");
        Ok(())
    }

    fn is_closed(&self) -> bool {
        self.lock().as_ref().is_none_or(Open::has_ended)
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guard = self.lock();
        let groups = guard.as_ref().map(|open| &open.groups);
        f.debug_struct("Container").field("groups", &groups).finish()
    }
}
