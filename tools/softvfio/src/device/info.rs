//! What a device tells of itself: regions and kinds of interrupts.

use softnic::VECTORS;
use vfio_bindings::bindings::vfio as uapi;

use super::regions::{self, MSIX_BAR};
use crate::Errno;
use crate::user::User;

/// `VFIO_DEVICE_GET_INFO`. What came after the first fields (the chain of capabilities) tells nothing.
pub(super) fn device(argument: User) -> Result<(), Errno> {
    const SHORTEST: usize = 16;
    let asked: u32 = argument.read_prefix::<[u32; 4]>(SHORTEST)?[0];
    if (asked as usize) < SHORTEST {
        return Err(libc::EINVAL);
    }
    let info = uapi::vfio_device_info {
        argsz: asked,
        flags: uapi::VFIO_DEVICE_FLAGS_PCI | uapi::VFIO_DEVICE_FLAGS_RESET,
        num_regions: uapi::VFIO_PCI_NUM_REGIONS,
        num_irqs: uapi::VFIO_PCI_NUM_IRQS,
        cap_offset: 0,
        pad: 0,
    };
    argument.write_prefix(&info, asked as usize)
}

/// `VFIO_DEVICE_GET_REGION_INFO`.
pub(super) fn region(argument: User) -> Result<(), Errno> {
    let mut info: uapi::vfio_region_info = argument.read()?;
    let fixed = size_of_val(&info);
    if (info.argsz as usize) < fixed {
        return Err(libc::EINVAL);
    }
    let len = regions::len(info.index).ok_or(libc::EINVAL)?;
    info.offset = regions::offset(info.index);
    info.size = len as u64;
    info.flags = match info.index {
        _ if len == 0 => 0,
        uapi::VFIO_PCI_CONFIG_REGION_INDEX => {
            uapi::VFIO_REGION_INFO_FLAG_READ | uapi::VFIO_REGION_INFO_FLAG_WRITE
        }
        _ => {
            uapi::VFIO_REGION_INFO_FLAG_READ
                | uapi::VFIO_REGION_INFO_FLAG_WRITE
                | uapi::VFIO_REGION_INFO_FLAG_MMAP
        }
    };
    if info.index == MSIX_BAR {
        // The BAR can be mapped although the table of MSI-X is in it: a header and nothing else.
        let mappable = [uapi::VFIO_REGION_INFO_CAP_MSIX_MAPPABLE | 1 << 16, 0];
        info.flags |= uapi::VFIO_REGION_INFO_FLAG_CAPS;
        let whole = fixed + size_of_val(&mappable);
        if (info.argsz as usize) < whole {
            info.argsz = whole as u32;
            info.cap_offset = 0;
        } else {
            info.cap_offset = fixed as u32;
            argument.add(fixed).write(&mappable)?;
        }
    }
    argument.write(&info)
}

/// How many interrupts there are of a kind; `None` if that is none. A VF has no others than MSI-X.
pub(super) fn irqs(index: u32) -> Option<u32> {
    match index {
        uapi::VFIO_PCI_INTX_IRQ_INDEX | uapi::VFIO_PCI_MSI_IRQ_INDEX => Some(0),
        uapi::VFIO_PCI_MSIX_IRQ_INDEX => Some(VECTORS as u32),
        uapi::VFIO_PCI_ERR_IRQ_INDEX | uapi::VFIO_PCI_REQ_IRQ_INDEX => Some(1),
        _ => None,
    }
}

/// `VFIO_DEVICE_GET_IRQ_INFO`.
pub(super) fn irq(argument: User) -> Result<(), Errno> {
    let mut info: uapi::vfio_irq_info = argument.read()?;
    if (info.argsz as usize) < size_of_val(&info) {
        return Err(libc::EINVAL);
    }
    info.count = irqs(info.index).ok_or(libc::EINVAL)?;
    info.flags = uapi::VFIO_IRQ_INFO_EVENTFD;
    info.flags |= if info.index == uapi::VFIO_PCI_INTX_IRQ_INDEX {
        uapi::VFIO_IRQ_INFO_MASKABLE | uapi::VFIO_IRQ_INFO_AUTOMASKED
    } else {
        uapi::VFIO_IRQ_INFO_NORESIZE
    };
    argument.write(&info)
}

/// `VFIO_DEVICE_FEATURE`: there is none.
pub(super) fn feature(argument: User) -> Result<(), Errno> {
    const KNOWN: u32 = uapi::VFIO_DEVICE_FEATURE_MASK
        | uapi::VFIO_DEVICE_FEATURE_SET
        | uapi::VFIO_DEVICE_FEATURE_GET
        | uapi::VFIO_DEVICE_FEATURE_PROBE;
    const BOTH: u32 = uapi::VFIO_DEVICE_FEATURE_SET | uapi::VFIO_DEVICE_FEATURE_GET;
    let [argsz, flags] = argument.read::<[u32; 2]>()?;
    let only_asks = flags & uapi::VFIO_DEVICE_FEATURE_PROBE != 0;
    if argsz < 8 || flags & !KNOWN != 0 || !only_asks && flags & BOTH == BOTH {
        return Err(libc::EINVAL);
    }
    Err(libc::ENOTTY)
}
