//! What to do about the errnos with which the kernel refuses a step.

const LOG: &str = "the kernel log (dmesg) says why";

/// An attribute could not be opened for writing.
pub(super) fn open(errno: i32) -> &'static str {
    match errno {
        libc::EROFS => {
            "sysfs is read-only here, as it is in a container: do this on the host instead"
        }
        libc::ENOENT | libc::ENODEV => {
            "the kernel has no such attribute for it: the device may have gone, or its driver with it"
        }
        _ => LOG,
    }
}

/// A PF refused a number of VFs (`drivers/pci/iov.c` and the PF's driver).
pub(super) fn create(errno: i32) -> &'static str {
    match errno {
        libc::ENOMEM => {
            "not enough MMIO space or bus numbers for that many VFs: boot with pci=realloc (or pci=assign-busses), turn on Above 4G Decoding and SR-IOV in the firmware, or ask for fewer; dmesg says which it was"
        }
        libc::EIO => {
            "the SR-IOV capability contradicts itself or the PF did not answer: update the card's firmware, turn on SR-IOV in the machine's firmware, try pci=realloc"
        }
        libc::EBUSY => "VFs exist already, made by someone else meanwhile: try again",
        libc::ENOENT => {
            "the PF is bound to no driver that can make VFs: load its kernel driver (igb, ixgbe, i40e, ice, ...)"
        }
        libc::EPERM => {
            "the PF's driver refused: its VFs are held by a guest or a program, or it allows fewer; dmesg says which it was"
        }
        libc::ERANGE | libc::EINVAL => "the PF's driver allows fewer VFs: ask for fewer",
        libc::ENODEV => {
            "the PF, or one that it depends on, is gone: is it still in `barline list`?"
        }
        libc::EOPNOTSUPP | libc::ENOSYS => {
            "the PF's driver makes no VFs in its present mode (switchdev, XDP, DCB): see its documentation"
        }
        _ => LOG,
    }
}

/// The driver that has the device would not let it go.
pub(super) fn release(errno: i32) -> &'static str {
    match errno {
        libc::ENODEV => "the device changed hands meanwhile: try again",
        libc::EPERM => "the driver refused to let it go: dmesg says why",
        _ => LOG,
    }
}

/// A driver would not take the device.
pub(super) fn bind(errno: i32) -> &'static str {
    match errno {
        libc::EBUSY => {
            "the device is taken: another driver has it, or it is a PF that has VFs (`barline create PF 0` removes them)"
        }
        libc::EINVAL => {
            "the driver refused the device: a bridge and not an endpoint, no IOMMU, or on vfio-pci's deny list; dmesg may say which it was"
        }
        libc::ENODEV => "the driver does not know such a device, or the device went meanwhile",
        libc::EAGAIN => "the driver waits for something that is not loaded yet: try again",
        libc::ENOMEM => "the kernel is out of memory",
        _ => LOG,
    }
}

/// `driver_override` or the bus's own attributes would not take a value.
pub(super) fn plain(_: i32) -> &'static str {
    LOG
}
