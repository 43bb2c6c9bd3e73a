//! The calls that can be made to fail, and their names.

use std::ffi::CStr;

use libc::c_ulong;
use vfio_bindings::bindings::vfio as uapi;

/// What an ioctl was made on, as far as that tells requests of one number apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// A container.
    Container,
    /// A group.
    Group,
    /// A device.
    Device,
}

macro_rules! calls {
    ($($call:ident $name:literal $what:literal,)*) => {
        /// A call on VFIO that a program makes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Call {
            $(#[doc = $what] $call,)*
        }

        impl Call {
            /// All of them.
            pub const ALL: [Call; [$($name),*].len()] = [$(Call::$call),*];

            /// Its name, as C reads it: ioctls have theirs of `linux/vfio.h`.
            pub fn c_name(self) -> &'static CStr {
                match self {
                    $(Call::$call => $name,)*
                }
            }
        }
    };
}

calls! {
    OpenContainer c"open-container" "`/dev/vfio/vfio` is opened.",
    OpenGroup c"open-group" "`/dev/vfio/N` is opened.",
    GetApiVersion c"VFIO_GET_API_VERSION" "A container's version.",
    CheckExtension c"VFIO_CHECK_EXTENSION" "What a container can do.",
    SetIommu c"VFIO_SET_IOMMU" "A container's IOMMU is set.",
    IommuGetInfo c"VFIO_IOMMU_GET_INFO" "What a container's IOMMU can do.",
    MapDma c"VFIO_IOMMU_MAP_DMA" "Memory is mapped.",
    UnmapDma c"VFIO_IOMMU_UNMAP_DMA" "Memory is unmapped.",
    GroupGetStatus c"VFIO_GROUP_GET_STATUS" "A group's state.",
    GroupSetContainer c"VFIO_GROUP_SET_CONTAINER" "A group is put into a container.",
    GroupUnsetContainer c"VFIO_GROUP_UNSET_CONTAINER" "A group leaves its container.",
    GroupGetDeviceFd c"VFIO_GROUP_GET_DEVICE_FD" "A device is opened.",
    DeviceGetInfo c"VFIO_DEVICE_GET_INFO" "A device's description.",
    DeviceGetRegionInfo c"VFIO_DEVICE_GET_REGION_INFO" "One of its regions.",
    DeviceGetIrqInfo c"VFIO_DEVICE_GET_IRQ_INFO" "One of its kinds of interrupts.",
    DeviceSetIrqs c"VFIO_DEVICE_SET_IRQS" "Interrupts are connected or disconnected.",
    DeviceReset c"VFIO_DEVICE_RESET" "A device is reset.",
    HotResetInfo c"VFIO_DEVICE_GET_PCI_HOT_RESET_INFO" "Who is reset with a device.",
    HotReset c"VFIO_DEVICE_PCI_HOT_RESET" "A device's bus is reset.",
    OtherIoctl c"ioctl" "Any other ioctl on a descriptor of VFIO's.",
    Mmap c"mmap" "A device's registers are mapped.",
    ReadConfig c"read-config" "A device's configuration space is read.",
    WriteConfig c"write-config" "A device's configuration space is written.",
    ReadRegion c"read-region" "Another of its regions is read.",
    WriteRegion c"write-region" "Another of its regions is written.",
    EventFd c"eventfd" "An eventfd is made.",
    Close c"close" "A descriptor of VFIO's is closed.",
}

impl Call {
    /// The call that an ioctl is.
    pub fn ioctl(request: c_ulong, on: On) -> Call {
        // `_IO(VFIO_TYPE, VFIO_BASE + n)`; the kernel looks at 32 bits.
        let first = u32::from(uapi::VFIO_TYPE) << 8 | uapi::VFIO_BASE;
        match (request as u32).wrapping_sub(first) {
            0 => Call::GetApiVersion,
            1 => Call::CheckExtension,
            2 => Call::SetIommu,
            3 => Call::GroupGetStatus,
            4 => Call::GroupSetContainer,
            5 => Call::GroupUnsetContainer,
            6 => Call::GroupGetDeviceFd,
            7 => Call::DeviceGetInfo,
            8 => Call::DeviceGetRegionInfo,
            9 => Call::DeviceGetIrqInfo,
            10 => Call::DeviceSetIrqs,
            11 => Call::DeviceReset,
            12 if on == On::Device => Call::HotResetInfo,
            13 if on == On::Device => Call::HotReset,
            12 => Call::IommuGetInfo,
            13 => Call::MapDma,
            14 if on != On::Device => Call::UnmapDma,
            _ => Call::OtherIoctl,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        // All names are ASCII.
        self.c_name().to_str().unwrap_or_default()
    }

    /// The call of that name.
    pub fn named(name: &str) -> Option<Call> {
        Call::ALL.into_iter().find(|call| call.name() == name)
    }
}
