//! What can go wrong, and what the person at the keyboard can do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that this crate reports. Each message names the device or path, what was tried, the
/// kernel's answer where there is one, and the remedy.
///
/// `Debug` prints the same message as `Display`, so that it is what a `main` which returns a
/// [`Result`] shows, and what a failed `unwrap` does.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Text that should be a PCI address is not one.
    #[error(
        "`{text}` is not a PCI address: expected domain:bus:device.function, such as 0000:01:10.0 (bus 00-ff, device 00-1f, function 0-7)"
    )]
    BadAddress {
        /// The text.
        text: String,
    },
    /// A configuration value outside its range.
    #[error("{key} = {value} is not possible: {allowed}")]
    Config {
        /// Which setting.
        key: &'static str,
        /// The value given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// There is no such PCI device.
    #[error("{device}: no such PCI device: `barline list` shows what there is")]
    NoDevice {
        /// The address.
        device: String,
    },
    /// The device is not bound to vfio-pci.
    #[error("{device}: bound to {}, not to vfio-pci: run `barline bind {device}`", driver.as_deref().unwrap_or("no driver"))]
    WrongDriver {
        /// The address.
        device: String,
        /// The driver it has now.
        driver: Option<String>,
    },
    /// No driver here for this device.
    #[error("{device}: {vendor:04x}:{id:04x} is not a supported VF; supported are {supported}")]
    Unsupported {
        /// The address.
        device: String,
        /// PCI vendor id.
        vendor: u16,
        /// PCI device id.
        id: u16,
        /// The ids that are supported.
        supported: String,
    },
    /// The device is in no IOMMU group.
    #[error(
        "{device}: in no IOMMU group: the IOMMU is off; enable VT-d, AMD-Vi or SMMU in the firmware and boot with intel_iommu=on (on AMD it is on by default)"
    )]
    NoIommu {
        /// The address.
        device: String,
    },
    /// The IOMMU group has members that host drivers hold.
    #[error("{device}: IOMMU group {group} is not viable: {}; bind these to vfio-pci too, or unbind them from their drivers (a group wider than one function means that a port above lacks ACS)", others.join(", "))]
    GroupNotViable {
        /// The address.
        device: String,
        /// The group number.
        group: u32,
        /// The members that spoil it, each as `BDF (driver)`.
        others: Vec<String>,
    },
    /// Another process has the group open.
    #[error("{device}: IOMMU group {group} is busy: held by {}; a group has one owner at a time: stop it first", if holders.is_empty() { "another process (its /proc entry cannot be read; try as root)".to_string() } else { holders.join(", ") })]
    GroupBusy {
        /// The address.
        device: String,
        /// The group number.
        group: u32,
        /// Who holds it, each as `name (pid N)`, as far as /proc tells.
        holders: Vec<String>,
    },
    /// The IOMMU cannot isolate interrupts.
    #[error(
        "{device}: the kernel refused the IOMMU ({source}): the platform has no interrupt remapping; enable it in the firmware, or accept the risk with vfio_iommu_type1.allow_unsafe_interrupts=1"
    )]
    NoInterruptRemapping {
        /// The address.
        device: String,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The locked-memory limit is too low to map the memory.
    #[error(
        "{device}: mapping {needed} bytes for DMA needs {short} bytes more of locked memory than the limit of {limit} allows: raise it with `ulimit -l`, LimitMEMLOCK= or /etc/security/limits.conf, or ask for a smaller arena"
    )]
    Memlock {
        /// Whose address space the memory was to be mapped in.
        device: String,
        /// Bytes to be mapped.
        needed: u64,
        /// The limit in bytes.
        limit: u64,
        /// Bytes missing.
        short: u64,
    },
    /// No permission on a file.
    #[error("{device}: {action} {}: {source}: {remedy}", path.display())]
    Permission {
        /// The address.
        device: String,
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
        /// What to do.
        remedy: String,
    },
    /// Any other refusal by the kernel.
    #[error("{device}: {action}: {source}: {remedy}")]
    Kernel {
        /// The device or path that it was about.
        device: String,
        /// What was tried.
        action: String,
        /// The kernel's answer.
        source: io::Error,
        /// What to do.
        remedy: String,
    },
    /// The device, or its PF, did not do what its datasheet says.
    #[error("{device}: {what}: {remedy}")]
    Device {
        /// The address.
        device: String,
        /// What happened.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The device does not answer any more.
    #[error(
        "{device}: its registers read all ones: the device is gone, or its memory is disabled: close the port, and look into the kernel's log"
    )]
    Gone {
        /// The address.
        device: String,
    },
    /// The PF refused a request that the VF made by mailbox.
    #[error("{device}: the PF refused to {request}: {remedy}")]
    Refused {
        /// The address.
        device: String,
        /// What was asked for.
        request: String,
        /// What to do.
        remedy: String,
    },
    /// VFs were asked for on something that cannot have any.
    #[error(
        "{device}: {}",
        match physfn {
            Some(pf) => format!("a VF itself: ask its PF, {pf}"),
            None => "not a PF: it has no SR-IOV, or SR-IOV is off in the machine's firmware or in the card's settings".to_string(),
        }
    )]
    NotPf {
        /// The address.
        device: String,
        /// Its PF, if it is a VF.
        physfn: Option<String>,
    },
    /// More VFs were asked for than the PF can have.
    #[error(
        "{device}: {wanted} VFs are more than it can have: {}",
        match most {
            0 => "it allows none; turn on SR-IOV in the machine's firmware and in the card's settings".to_string(),
            most => format!("ask for {most} at most (`sriov_totalvfs`)"),
        }
    )]
    TooManyVfs {
        /// The PF's address.
        device: String,
        /// How many were asked for.
        wanted: u16,
        /// How many there can be.
        most: u16,
    },
    /// The device to take from the host is not a VF.
    #[error(
        "{device}: not a VF: the host may depend on a whole device (network, disks); if you are sure, add `--force`"
    )]
    NotVf {
        /// The address.
        device: String,
    },
    /// The driver vfio-pci is not there.
    #[error("{device}: the driver vfio-pci is not loaded: run `modprobe vfio-pci`")]
    NoVfioDriver {
        /// The address.
        device: String,
    },
    /// A step failed, and what was changed before it could not be put back.
    #[error("{cause}; and putting things back failed too: {trouble}")]
    RollBack {
        /// Why the step failed.
        cause: Box<Error>,
        /// Why putting things back failed.
        trouble: Box<Error>,
    },
    /// The PF does not answer on the mailbox.
    #[error("{device}: {what}: is the PF up (`ip link set <pf> up`), and does its driver run?")]
    PfSilent {
        /// The address.
        device: String,
        /// What was waited for.
        what: String,
    },
}

/// What to do about an errno that means the same whatever the call was; `None` for the others.
pub(crate) fn usual_remedy(source: &io::Error) -> Option<&'static str> {
    Some(match source.raw_os_error()? {
        libc::ENOMEM => {
            "the kernel is short of memory: free some, or raise the limit of the control group"
        }
        libc::EMFILE => "raise the limit on open files (`ulimit -n`)",
        libc::ENFILE => "the machine has too many files open: raise fs.file-max",
        libc::EPERM | libc::EACCES => {
            "a seccomp filter, a security module or a container's device rules forbid it: `dmesg` may tell which"
        }
        _ => return None,
    })
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_remedy() {
        let error = Error::NoVfioDriver { device: "0000:01:10.0".to_string() };
        assert_eq!(
            format!("{error:?}"),
            "0000:01:10.0: the driver vfio-pci is not loaded: run `modprobe vfio-pci`"
        );
    }
}
