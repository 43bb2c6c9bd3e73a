//! The seam between VF drivers and whatever carries them: kernel VFIO today, a software adapter or
//! another kernel interface tomorrow.
//!
//! Only the control path goes through these traits. The hot path holds what [`Transport::doorbell`]
//! and the arena gave it: mapped register pointers and I/O virtual addresses (IOVAs).
//!
//! A device reads and writes memory where its registers tell it to, so the traits are unsafe to
//! implement, and what can point a device somewhere is unsafe to call.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::RangeInclusive;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;
use std::sync::Arc;

use barline_ring::Doorbell;

use crate::Result;

/// PCI identity of a device, as its PF's SR-IOV capability and sysfs name it.
///
/// A VF's own configuration space reads `ffff:ffff` for vendor and device (SR-IOV spec, 9.3.3), so
/// a transport takes these from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Vendor id.
    pub vendor: u16,
    /// Device id.
    pub device: u16,
    /// Revision id.
    pub revision: u8,
}

/// A notice about the device as a whole which the transport can signal by eventfd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The kernel asks for the device back (`VFIO_PCI_REQ_IRQ_INDEX`): unbind or VF removal waits.
    Request,
    /// An uncorrectable PCIe error was reported for the device (`VFIO_PCI_ERR_IRQ_INDEX`).
    Error,
}

/// One VF, as seen by the control path of its driver.
///
/// Dropping the last reference releases the device: interrupts off, bus mastering off, reset, and
/// only then the file descriptors.
///
/// # Safety
/// An implementation does with the device what each method says and nothing else: what
/// [`Transport::read32`] shows is what the device has in the register (a queue that shows as off is
/// off), what is written arrives unchanged, and the device's accesses to memory go through
/// [`Transport::dma`].
pub unsafe trait Transport: Send + Sync + fmt::Debug {
    /// How messages name the device, such as `0000:01:10.0`.
    fn name(&self) -> &str;

    /// The device's PCI identity.
    fn identity(&self) -> Identity;

    /// Length in bytes of base address register `bar` (0 to 5); 0 where there is none.
    fn bar_len(&self, bar: u8) -> u64;

    /// Reads the 32-bit register at byte `offset` of `bar`.
    ///
    /// A read which the device does not answer, an offset outside the BAR or one that is not a
    /// multiple of four gives `0xffff_ffff`, as PCIe does for a device that is gone.
    fn read32(&self, bar: u8, offset: u64) -> u32;

    /// Writes the 32-bit register at byte `offset` of `bar`. Like a posted PCIe write it has no
    /// answer: one that cannot reach a register is dropped.
    ///
    /// # Safety
    /// The value does not make the device read or write memory that was not handed to it: ring bases
    /// and lengths name descriptor memory that a ring owns for as long as the queue is on.
    unsafe fn write32(&self, bar: u8, offset: u64, value: u32);

    /// Maps the 32-bit register at byte `offset` of `bar` for the hot path. The mapping, and the
    /// device with it, live for as long as the doorbell.
    ///
    /// # Errors
    /// The register lies outside the BAR, or in a part of it that cannot be mapped.
    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell>;

    /// Reads configuration space from byte `offset` on.
    ///
    /// # Errors
    /// The range is outside configuration space, or the read failed.
    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()>;

    /// Writes configuration space from byte `offset` on.
    ///
    /// # Safety
    /// As for [`Transport::write32`]: base addresses and bus mastering stay as the transport has
    /// them, but by [`Transport::set_bus_master`].
    ///
    /// # Errors
    /// As for [`Transport::read_config`].
    unsafe fn write_config(&self, offset: u16, data: &[u8]) -> Result<()>;

    /// Lets the device start memory accesses of its own (`PCI_COMMAND` bit 2), or stops it. Off
    /// when the device is opened.
    ///
    /// # Errors
    /// Configuration space could not be read or written.
    fn set_bus_master(&self, on: bool) -> Result<()>;

    /// Resets the function. All its queues are off afterwards; bus mastering is off too.
    ///
    /// # Errors
    /// The device cannot be reset, or the reset failed.
    fn reset(&self) -> Result<()>;

    /// Number of MSI-X vectors that the device has.
    fn vectors(&self) -> u16;

    /// Connects MSI-X vectors 0.. to eventfds and enables MSI-X; `&[]` disables MSI-X. The
    /// transport does not keep the descriptors: the caller keeps them open while connected.
    ///
    /// # Errors
    /// More eventfds than vectors, or the kernel refused.
    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()>;

    /// Connects a device-wide notice to an eventfd, or disconnects it with `None`. `Ok(false)` says
    /// that this transport or device has no such notice.
    ///
    /// # Errors
    /// The kernel refused.
    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool>;

    /// The address space that the device's DMA goes through.
    fn dma(&self) -> Arc<dyn DmaSpace>;
}

/// An I/O address space: what one IOMMU container, or its stand-in, translates.
///
/// Several devices may share one; [`Arc::ptr_eq`] tells.
///
/// # Safety
/// When [`DmaSpace::unmap`] returns `Ok`, or [`DmaSpace::is_closed`] true, no device reaches the
/// memory through the space any more; a device reaches no memory but what is mapped.
pub unsafe trait DmaSpace: Send + Sync + fmt::Debug {
    /// IOVA ranges that may be mapped, ascending and disjoint, reserved windows left out.
    fn iova_ranges(&self) -> Vec<RangeInclusive<u64>>;

    /// Bit mask of the page sizes that the IOMMU supports; the smallest is the granule of mappings.
    fn page_sizes(&self) -> u64;

    /// Maps `len` bytes of this process's memory at `iova`, for reading and writing by devices.
    ///
    /// # Safety
    /// The memory stays valid and is never handed to the allocator or unmapped before
    /// [`DmaSpace::unmap`] returned `Ok` for it, or the space is gone; nothing in the process holds
    /// a reference to bytes in it that a device may write.
    ///
    /// # Errors
    /// The range is misaligned, overlaps, or is not allowed; the locked-memory limit is too low; the
    /// kernel refused.
    unsafe fn map(&self, memory: NonNull<u8>, len: usize, iova: u64) -> Result<()>;

    /// Takes a mapping back. When this returns `Ok`, no device can reach the memory through it.
    ///
    /// # Errors
    /// There is no such mapping, or the kernel refused: then the memory must be considered mapped.
    fn unmap(&self, iova: u64, len: usize) -> Result<()>;

    /// Whether the space has ended: its last device was closed, all its mappings are gone, and there
    /// will be no others. Unmapping is then `Ok` and does nothing.
    fn is_closed(&self) -> bool {
        false
    }
}
