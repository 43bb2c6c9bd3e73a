//! VF access through the kernel's VFIO: the only room that makes its ioctls.
//!
//! A device sits in an IOMMU group (`/dev/vfio/N`), groups sit in a container (`/dev/vfio/vfio`),
//! and the container is the address space that the devices' DMA goes through. All groups that this
//! process opens share one container where the kernel lets them, so that memory is mapped once for
//! all of them; a group goes back to the kernel when the last device of it is dropped.
//!
//! ```text
//! device ── region   base address registers, mapped or by pread/pwrite; configuration space
//!    │  └── irq      MSI-X and notices, by eventfd
//! group ─── container ── DmaSpace
//! ioctl              the system calls         capability   what the kernel's answers hold
//! diagnose           an errno into advice
//! ```
//!
//! # Other ways into the kernel
//! This room speaks the group and container interface. The per-device interface (`/dev/vfio/devices`
//! with an IOMMUFD address space) and groups without an IOMMU differ in two places only: how the
//! device's descriptor is got, and what implements [`DmaSpace`](crate::transport::DmaSpace).
//! Everything behind the descriptor ([`VfioDevice`] with its regions and interrupts) is the same
//! ioctls for all of them, so each would stand beside `group` and `container` and hand [`VfioDevice`]
//! a descriptor, an address space and a guard which releases both.

mod capability;
mod container;
mod device;
mod diagnose;
mod group;
mod ioctl;
mod irq;
mod region;

pub use device::{VfioDevice, open};
