//! The numbers of VFIO's ioctls (`linux/vfio.h`).

use libc::c_ulong;
use vfio_bindings::bindings::vfio as uapi;

/// `_IO(VFIO_TYPE, VFIO_BASE + number)`.
const fn request(number: u32) -> u32 {
    (uapi::VFIO_TYPE as u32) << 8 | (uapi::VFIO_BASE + number)
}

pub(crate) const GET_API_VERSION: u32 = request(0);
pub(crate) const CHECK_EXTENSION: u32 = request(1);
pub(crate) const SET_IOMMU: u32 = request(2);
pub(crate) const GROUP_GET_STATUS: u32 = request(3);
pub(crate) const GROUP_SET_CONTAINER: u32 = request(4);
pub(crate) const GROUP_UNSET_CONTAINER: u32 = request(5);
pub(crate) const GROUP_GET_DEVICE_FD: u32 = request(6);
pub(crate) const DEVICE_GET_INFO: u32 = request(7);
pub(crate) const DEVICE_GET_REGION_INFO: u32 = request(8);
pub(crate) const DEVICE_GET_IRQ_INFO: u32 = request(9);
pub(crate) const DEVICE_SET_IRQS: u32 = request(10);
pub(crate) const DEVICE_RESET: u32 = request(11);
// The same numbers mean other things to a device than to a container.
pub(crate) const DEVICE_GET_PCI_HOT_RESET_INFO: u32 = request(12);
pub(crate) const DEVICE_PCI_HOT_RESET: u32 = request(13);
pub(crate) const IOMMU_GET_INFO: u32 = request(12);
pub(crate) const IOMMU_MAP_DMA: u32 = request(13);
pub(crate) const IOMMU_UNMAP_DMA: u32 = request(14);
pub(crate) const DEVICE_FEATURE: u32 = request(17);
pub(crate) const DEVICE_BIND_IOMMUFD: u32 = request(18);

/// The request as the kernel looks at it, if it is of VFIO's type; everything else on a descriptor of ours
/// is answered by the file that it is.
pub(crate) fn of_vfio(request: c_ulong) -> Option<u32> {
    let request = request as u32;
    (request >> 8 & 0xff == u32::from(uapi::VFIO_TYPE)).then_some(request)
}
