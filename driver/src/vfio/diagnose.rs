//! From an errno to what is wrong and what to do about it.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use crate::pci::{GroupMember, IommuGroup, PciDevice};
use crate::{Error, Root, error};

/// `CAP_IPC_LOCK` (`linux/capability.h`): the locked-memory limit does not bind its holders.
const CAP_IPC_LOCK: u64 = 1 << 14;

/// Anything that has no error of its own. What an errno means whatever the call was goes before
/// `remedy`.
pub(super) fn kernel(
    device: &str,
    action: impl Into<String>,
    source: io::Error,
    remedy: &str,
) -> Error {
    let remedy = usual(&source).unwrap_or(remedy);
    exactly(device, action, source, remedy)
}

/// The same, where the remedy was chosen for this errno of this call.
pub(super) fn exactly(
    device: &str,
    action: impl Into<String>,
    source: io::Error,
    remedy: &str,
) -> Error {
    Error::Kernel {
        device: device.to_owned(),
        action: action.into(),
        source,
        remedy: remedy.to_owned(),
    }
}

/// What to do about an errno of any call on VFIO.
fn usual(source: &io::Error) -> Option<&'static str> {
    match source.raw_os_error() {
        Some(libc::ENODEV) => Some(
            "the device is being unbound or removed: `dmesg` may tell more; bind it to vfio-pci again",
        ),
        Some(libc::EBUSY) => Some(
            "the kernel, or another user of the device, is busy with it: stop that first, and try again",
        ),
        _ => error::usual_remedy(source),
    }
}

/// Why `/dev/vfio/vfio` did not open.
pub(super) fn container_node(device: &str, path: &Path, source: io::Error) -> Error {
    match source.raw_os_error() {
        Some(libc::EACCES | libc::EPERM) => Error::Permission {
            device: device.to_owned(),
            action: "open",
            path: path.to_owned(),
            source,
            remedy: "it is meant to be open to all (mode 0666); in a container, pass it in with its device permission".to_owned(),
        },
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => exactly(
            device,
            format!("open {}", path.display()),
            source,
            "VFIO is not there: `modprobe vfio-pci` (the kernel needs CONFIG_VFIO_GROUP); in a container, pass in /dev/vfio/vfio",
        ),
        _ => kernel(
            device,
            format!("open {}", path.display()),
            source,
            "the file must be the kernel's VFIO container device",
        ),
    }
}

/// Why `/dev/vfio/N` did not open.
pub(super) fn group_node(
    root: &Root,
    device: &str,
    group: u32,
    path: &Path,
    source: io::Error,
) -> Error {
    match source.raw_os_error() {
        Some(libc::EBUSY) => busy(root, device, group),
        Some(libc::EACCES | libc::EPERM) => Error::Permission {
            device: device.to_owned(),
            action: "open",
            path: path.to_owned(),
            source,
            remedy: format!(
                "the group's owner may use it without being root: `chown USER {}`",
                path.display()
            ),
        },
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => exactly(
            device,
            format!("open {}", path.display()),
            source,
            &format!(
                "no member of IOMMU group {group} is bound to vfio-pci any more, or the file is not visible here: in a container, pass in {}",
                path.display()
            ),
        ),
        _ => kernel(
            device,
            format!("open {}", path.display()),
            source,
            "the file must be the kernel's VFIO group device",
        ),
    }
}

/// The group is open elsewhere.
pub(super) fn busy(root: &Root, device: &str, group: u32) -> Error {
    busy_with(device, group, &holders(root, group))
}

fn busy_with(device: &str, group: u32, holders: &[Holder]) -> Error {
    let holders = holders.iter().map(Holder::to_string).collect();
    Error::GroupBusy { device: device.to_owned(), group, holders }
}

/// The group cannot be given to a user: who stands in the way.
pub(super) fn not_viable(root: &Root, device: &str, group: &IommuGroup) -> Error {
    let others: Vec<String> = group
        .members
        .iter()
        .filter(|member| member.device != device && member.is_in_the_way())
        .map(named)
        .collect();
    if others.is_empty() {
        // No host driver holds it, so another user does, by the device itself: the group is open here.
        let mut holders = holders(root, group.number);
        holders.retain(|holder| holder.pid != std::process::id());
        return busy_with(device, group.number, &holders);
    }
    Error::GroupNotViable { device: device.to_owned(), group: group.number, others }
}

fn named(member: &GroupMember) -> String {
    let driver = member.driver.as_deref().unwrap_or("no driver");
    format!("{} ({driver})", member.device)
}

/// Why the kernel did not put the container's IOMMU to work.
pub(super) fn set_iommu(pci: &PciDevice, device: &str, source: io::Error) -> Error {
    match source.raw_os_error() {
        Some(libc::EPERM) => {}
        Some(libc::ENODEV) => {
            return exactly(
                device,
                "set the container's IOMMU",
                source,
                "load the module vfio_iommu_type1; `dmesg` may tell more",
            );
        }
        _ => return kernel(device, "set the container's IOMMU", source, "`dmesg` may tell more"),
    }
    if has_fixed_mapping(pci) {
        return exactly(
            device,
            "set the container's IOMMU",
            source,
            "the firmware reserves memory for this device by a fixed mapping (RMRR), and the kernel gives no such device to users: look for a firmware setting or another slot",
        );
    }
    Error::NoInterruptRemapping { device: device.to_owned(), source }
}

/// Whether the firmware demands a fixed mapping for the device's group: RMRR on Intel.
fn has_fixed_mapping(pci: &PciDevice) -> bool {
    let path = pci.path().join("iommu_group/reserved_regions");
    // Lines of `first last type`; `direct-relaxable` is given to users.
    fs::read_to_string(path).is_ok_and(|regions| {
        regions.lines().any(|line| line.split_whitespace().nth(2) == Some("direct"))
    })
}

/// Why the group did not hand out the device.
pub(super) fn device_fd(device: &str, source: io::Error) -> Error {
    let remedy = match source.raw_os_error() {
        Some(libc::EACCES) => {
            "its PF is bound to vfio-pci too, which demands a VF token: bind the PF to its kernel driver"
        }
        Some(libc::ENODEV) => "it is being unbound or removed: bind it to vfio-pci again",
        Some(libc::EBUSY) => "its siblings are in use by another process: stop that first",
        Some(libc::EIO | libc::ENOTTY) => {
            "the device does not answer: reset it, or create the VFs anew"
        }
        _ => {
            return kernel(
                device,
                "open the device through its group",
                source,
                "`dmesg` may tell more",
            );
        }
    };
    exactly(device, "open the device through its group", source, remedy)
}

/// Why memory was not mapped for DMA.
pub(super) fn map(root: &Root, device: &str, len: u64, iova: u64, source: io::Error) -> Error {
    let action = format!("map {len} bytes at IOVA {iova:#x}");
    match source.raw_os_error() {
        Some(libc::ENOMEM) => memlock(root, device, len).unwrap_or_else(|| {
            exactly(
                device,
                action,
                source,
                "the kernel is short of memory: ask for a smaller arena",
            )
        }),
        Some(libc::ENOSPC) => kernel(
            device,
            action,
            source,
            "the kernel allows no more mappings: use larger pages, or raise vfio_iommu_type1.dma_entry_limit",
        ),
        Some(libc::EINVAL) => kernel(
            device,
            action,
            source,
            "the range must be whole IOMMU pages inside the IOVA ranges of the IOMMU",
        ),
        Some(libc::EEXIST) => {
            exactly(device, action, source, "the range overlaps one that is mapped")
        }
        _ => kernel(device, action, source, "`dmesg` may tell more"),
    }
}

/// The memlock error, when the limit is what made the kernel refuse.
fn memlock(root: &Root, device: &str, needed: u64) -> Option<Error> {
    let status = fs::read_to_string(root.proc("self/status")).ok()?;
    let limits = fs::read_to_string(root.proc("self/limits")).ok()?;
    // The capability counts only in the first user namespace, whose map is all ids onto themselves.
    let first_namespace = fs::read_to_string(root.proc("self/uid_map"))
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]));
    let capabilities =
        field(&status, "CapEff:").and_then(|text| u64::from_str_radix(text, 16).ok()).unwrap_or(0);
    if first_namespace && capabilities & CAP_IPC_LOCK != 0 {
        return None;
    }
    // `Max locked memory  SOFT  HARD  bytes`; SOFT may be `unlimited`.
    let limit: u64 = field(&limits, "Max locked memory")?.parse().ok()?;
    let locked: u64 = field(&status, "VmLck:")?.parse().ok()?;
    let wanted = locked.saturating_mul(1024).saturating_add(needed);
    (wanted > limit).then(|| Error::Memlock {
        device: device.to_owned(),
        needed,
        limit,
        short: wanted - limit,
    })
}

/// The first word after `key` at the start of a line.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
}

/// A process that has a group's device file open.
struct Holder {
    pid: u32,
    name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { pid, name } = self;
        if *pid == std::process::id() {
            return write!(f, "{name} (pid {pid}: this process)");
        }
        write!(f, "{name} (pid {pid})")
    }
}

/// Who has the group's device file open, as far as /proc can be read.
fn holders(root: &Root, group: u32) -> Vec<Holder> {
    let Ok(processes) = fs::read_dir(root.proc("")) else {
        return Vec::new();
    };
    let mut pids: Vec<u32> =
        processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids.into_iter()
        .filter(|pid| has_open(root, *pid, group))
        .map(|pid| {
            let name = fs::read_to_string(root.proc(format!("{pid}/comm")));
            let name = name.as_deref().map_or("a process", str::trim).to_owned();
            Holder { pid, name }
        })
        .collect()
}

/// Whether a process has a descriptor of `.../vfio/N`. The directory before that differs where the
/// process lives in a container.
fn has_open(root: &Root, pid: u32, group: u32) -> bool {
    let node = Path::new("vfio").join(group.to_string());
    fs::read_dir(root.proc(format!("{pid}/fd"))).is_ok_and(|descriptors| {
        descriptors
            .flatten()
            .filter_map(|entry| fs::read_link(entry.path()).ok())
            .any(|target| target.ends_with(&node))
    })
}

#[cfg(test)]
#[path = "diagnose_tests.rs"]
mod tests;
