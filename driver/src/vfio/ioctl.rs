//! The VFIO ioctls as typed functions, and the one place where they are made (`linux/vfio.h`).
//!
//! Each passes a structure which the kernel reads and writes up to the size in its `argsz`. Answers
//! of variable length come back as plain bytes, which [`super::capability`] picks apart.
//!
//! The descriptors are only numbers to the kernel: a call on one that is no VFIO file answers with
//! an errno. None of these functions is unsafe to call, except for [`map_dma`].
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use vfio_bindings::bindings::vfio as uapi;

/// `VFIO_TYPE`, the letter of the ioctl numbers.
const TYPE: u32 = b';' as u32;

const fn request(number: u32) -> libc::Ioctl {
    libc::_IO(TYPE, uapi::VFIO_BASE + number)
}

const GET_API_VERSION: libc::Ioctl = request(0);
const CHECK_EXTENSION: libc::Ioctl = request(1);
const SET_IOMMU: libc::Ioctl = request(2);
const GROUP_GET_STATUS: libc::Ioctl = request(3);
const GROUP_SET_CONTAINER: libc::Ioctl = request(4);
const GROUP_UNSET_CONTAINER: libc::Ioctl = request(5);
const GROUP_GET_DEVICE_FD: libc::Ioctl = request(6);
const DEVICE_GET_INFO: libc::Ioctl = request(7);
const DEVICE_GET_REGION_INFO: libc::Ioctl = request(8);
const DEVICE_GET_IRQ_INFO: libc::Ioctl = request(9);
const DEVICE_SET_IRQS: libc::Ioctl = request(10);
const DEVICE_RESET: libc::Ioctl = request(11);
const IOMMU_GET_INFO: libc::Ioctl = request(12);
const IOMMU_MAP_DMA: libc::Ioctl = request(13);
const IOMMU_UNMAP_DMA: libc::Ioctl = request(14);

/// The longest answer that is taken from the kernel, in bytes. Real ones are a few hundred.
const MAX_INFO: usize = 1 << 16;

/// Makes one ioctl whose argument is a plain number, again whenever a signal interrupts it.
fn call(fd: BorrowedFd<'_>, request: libc::Ioctl, value: libc::c_ulong) -> io::Result<i32> {
    loop {
        // SAFETY: for all requests made through here the kernel takes the argument as a number, not
        // as an address, so no memory is involved.
        let answer = unsafe { libc::ioctl(fd.as_raw_fd(), request, value) };
        match checked(answer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => return other,
        }
    }
}

/// Makes one ioctl whose argument points at memory, again whenever a signal interrupts it.
///
/// # Safety
/// `argument` is valid for whatever `request` reads and writes there.
unsafe fn call_with<T>(
    fd: BorrowedFd<'_>,
    request: libc::Ioctl,
    argument: *mut T,
) -> io::Result<i32> {
    loop {
        // SAFETY: promised by the caller.
        let answer = unsafe { libc::ioctl(fd.as_raw_fd(), request, argument) };
        match checked(answer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => return other,
        }
    }
}

fn checked(answer: i32) -> io::Result<i32> {
    if answer < 0 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

const fn argsz<T>() -> u32 {
    size_of::<T>() as u32
}

/// `VFIO_GET_API_VERSION` on a container.
pub(super) fn api_version(container: BorrowedFd<'_>) -> io::Result<i32> {
    call(container, GET_API_VERSION, 0)
}

/// `VFIO_CHECK_EXTENSION` on a container: whether it offers the IOMMU model or feature.
pub(super) fn has_extension(container: BorrowedFd<'_>, extension: u32) -> io::Result<bool> {
    call(container, CHECK_EXTENSION, extension.into()).map(|answer| answer > 0)
}

/// `VFIO_SET_IOMMU` on a container that has a group.
pub(super) fn set_iommu(container: BorrowedFd<'_>, model: u32) -> io::Result<()> {
    call(container, SET_IOMMU, model.into()).map(drop)
}

/// `VFIO_GROUP_GET_STATUS`: the `VFIO_GROUP_FLAGS_*` of a group.
pub(super) fn group_flags(group: BorrowedFd<'_>) -> io::Result<u32> {
    let mut status =
        uapi::vfio_group_status { argsz: argsz::<uapi::vfio_group_status>(), flags: 0 };
    // SAFETY: the kernel fills the structure, whose size is in `argsz`.
    unsafe { call_with(group, GROUP_GET_STATUS, &mut status) }?;
    Ok(status.flags)
}

/// `VFIO_GROUP_SET_CONTAINER`.
pub(super) fn set_container(group: BorrowedFd<'_>, container: BorrowedFd<'_>) -> io::Result<()> {
    let mut fd: RawFd = container.as_raw_fd();
    // SAFETY: the kernel reads one 32-bit descriptor there.
    unsafe { call_with(group, GROUP_SET_CONTAINER, &mut fd) }.map(drop)
}

/// `VFIO_GROUP_UNSET_CONTAINER`.
pub(super) fn unset_container(group: BorrowedFd<'_>) -> io::Result<()> {
    call(group, GROUP_UNSET_CONTAINER, 0).map(drop)
}

/// `VFIO_GROUP_GET_DEVICE_FD`: opens the device of that name. The kernel sets `O_CLOEXEC`.
pub(super) fn device_fd(group: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: the kernel reads a NUL-terminated string, which a `CStr` is, and writes nothing.
    let fd = unsafe { call_with(group, GROUP_GET_DEVICE_FD, name.as_ptr().cast_mut()) }?;
    // SAFETY: the kernel has just made this descriptor for us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// `VFIO_DEVICE_GET_INFO`: flags, number of regions, number of interrupt indices.
pub(super) fn device_info(device: BorrowedFd<'_>) -> io::Result<uapi::vfio_device_info> {
    let mut info =
        uapi::vfio_device_info { argsz: argsz::<uapi::vfio_device_info>(), ..Default::default() };
    // SAFETY: the kernel fills the structure, whose size is in `argsz`.
    unsafe { call_with(device, DEVICE_GET_INFO, &mut info) }?;
    Ok(info)
}

/// `VFIO_DEVICE_GET_REGION_INFO`: a `struct vfio_region_info` with its capabilities.
pub(super) fn region_info(device: BorrowedFd<'_>, index: u32) -> io::Result<Vec<u8>> {
    let header = uapi::vfio_region_info { index, ..Default::default() };
    // SAFETY: the header is the structure of this request, and begins with `argsz`.
    unsafe { with_capabilities(device, DEVICE_GET_REGION_INFO, header) }
}

/// `VFIO_IOMMU_GET_INFO`: a `struct vfio_iommu_type1_info` with its capabilities.
pub(super) fn iommu_info(container: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    let header = uapi::vfio_iommu_type1_info::default();
    // SAFETY: the header is the structure of this request, and begins with `argsz`.
    unsafe { with_capabilities(container, IOMMU_GET_INFO, header) }
}

/// Asks for a structure that capabilities follow: first for its size, then for all of it.
///
/// # Safety
/// `H` is the structure of `request`: plain data that begins with its 32-bit `argsz`, and the kernel
/// writes no further than `argsz` says.
unsafe fn with_capabilities<H: Copy>(
    fd: BorrowedFd<'_>,
    request: libc::Ioctl,
    header: H,
) -> io::Result<Vec<u8>> {
    let mut room = size_of::<H>();
    loop {
        // Words of 64 bits, so that the kernel's structures are aligned in it.
        let mut buffer = vec![0u64; room.div_ceil(8)];
        let start = buffer.as_mut_ptr();
        // SAFETY: the buffer has room for `H`, is aligned for it and both are plain data.
        unsafe { start.cast::<H>().write(header) };
        // SAFETY: `argsz` is the first word of `H`, hence of the buffer.
        unsafe { start.cast::<u32>().write(room as u32) };
        // SAFETY: the buffer holds at least `room` bytes, which is what `argsz` says.
        unsafe { call_with(fd, request, start) }?;
        // SAFETY: as above; the kernel may have raised `argsz` to what it needs.
        let needed = unsafe { start.cast::<u32>().read() } as usize;
        if needed > MAX_INFO {
            return Err(io::Error::from_raw_os_error(libc::E2BIG));
        }
        if needed <= room {
            let mut bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
            bytes.truncate(room);
            return Ok(bytes);
        }
        room = needed;
    }
}

/// `VFIO_DEVICE_GET_IRQ_INFO`: how many interrupts the index has.
pub(super) fn irq_count(device: BorrowedFd<'_>, index: u32) -> io::Result<u32> {
    let mut info =
        uapi::vfio_irq_info { argsz: argsz::<uapi::vfio_irq_info>(), index, ..Default::default() };
    // SAFETY: the kernel fills the structure, whose size is in `argsz`.
    unsafe { call_with(device, DEVICE_GET_IRQ_INFO, &mut info) }?;
    Ok(info.count)
}

/// `VFIO_DEVICE_SET_IRQS` that connects interrupts 0.. of an index to eventfds; `None` disconnects
/// that one.
pub(super) fn set_irqs(
    device: BorrowedFd<'_>,
    index: u32,
    eventfds: &[Option<BorrowedFd<'_>>],
) -> io::Result<()> {
    let header = uapi::vfio_irq_set {
        argsz: argsz::<uapi::vfio_irq_set>() + 4 * eventfds.len() as u32,
        flags: uapi::VFIO_IRQ_SET_DATA_EVENTFD | uapi::VFIO_IRQ_SET_ACTION_TRIGGER,
        index,
        start: 0,
        count: eventfds.len() as u32,
        ..Default::default()
    };
    let fds = eventfds.iter().map(|fd| fd.map_or(-1, |fd| fd.as_raw_fd()) as u32);
    // The structure is five words; an array of descriptors, one word each, follows it.
    let mut words = vec![header.argsz, header.flags, header.index, header.start, header.count];
    words.extend(fds);
    // SAFETY: the kernel reads `argsz` bytes: the header's five words and the descriptors.
    unsafe { call_with(device, DEVICE_SET_IRQS, words.as_mut_ptr()) }.map(drop)
}

/// `VFIO_DEVICE_SET_IRQS` that disables every interrupt of an index.
pub(super) fn disable_irqs(device: BorrowedFd<'_>, index: u32) -> io::Result<()> {
    let mut set = uapi::vfio_irq_set {
        argsz: argsz::<uapi::vfio_irq_set>(),
        flags: uapi::VFIO_IRQ_SET_DATA_NONE | uapi::VFIO_IRQ_SET_ACTION_TRIGGER,
        index,
        start: 0,
        count: 0,
        ..Default::default()
    };
    // SAFETY: the kernel reads the structure, whose size is in `argsz`.
    unsafe { call_with(device, DEVICE_SET_IRQS, &mut set) }.map(drop)
}

/// `VFIO_DEVICE_RESET`.
pub(super) fn reset(device: BorrowedFd<'_>) -> io::Result<()> {
    call(device, DEVICE_RESET, 0).map(drop)
}

/// `VFIO_IOMMU_MAP_DMA` for reading and writing by devices.
///
/// # Safety
/// Devices may write the memory until it is unmapped: it stays valid, and nothing in the process
/// relies on its contents, until then.
pub(super) unsafe fn map_dma(
    container: BorrowedFd<'_>,
    address: u64,
    len: u64,
    iova: u64,
) -> io::Result<()> {
    let mut map = uapi::vfio_iommu_type1_dma_map {
        argsz: argsz::<uapi::vfio_iommu_type1_dma_map>(),
        flags: uapi::VFIO_DMA_MAP_FLAG_READ | uapi::VFIO_DMA_MAP_FLAG_WRITE,
        vaddr: address,
        iova,
        size: len,
    };
    // SAFETY: the kernel reads the structure, whose size is in `argsz`; what it then maps is the
    // caller's promise.
    unsafe { call_with(container, IOMMU_MAP_DMA, &mut map) }.map(drop)
}

/// `VFIO_IOMMU_UNMAP_DMA`: answers how many bytes were unmapped.
pub(super) fn unmap_dma(container: BorrowedFd<'_>, iova: u64, len: u64) -> io::Result<u64> {
    let mut unmap = uapi::vfio_iommu_type1_dma_unmap {
        argsz: argsz::<uapi::vfio_iommu_type1_dma_unmap>(),
        iova,
        size: len,
        ..Default::default()
    };
    // SAFETY: the kernel reads and writes the structure, whose size is in `argsz`.
    unsafe { call_with(container, IOMMU_UNMAP_DMA, &mut unmap) }?;
    Ok(unmap.size)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_header() {
        // linux/vfio.h: _IO(VFIO_TYPE, VFIO_BASE + n) with VFIO_TYPE ';' and VFIO_BASE 100.
        assert_eq!(TYPE as u8, uapi::VFIO_TYPE);
        assert_eq!(GET_API_VERSION, 0x3b64);
        assert_eq!(GROUP_GET_DEVICE_FD, 0x3b6a);
        assert_eq!(IOMMU_UNMAP_DMA, 0x3b72);
    }

    #[test]
    fn a_file_that_is_no_vfio_answers_with_an_errno() {
        let file = tempfile::tempfile().unwrap();
        let errno = |error: io::Error| error.raw_os_error();
        assert_eq!(errno(api_version(file.as_fd()).unwrap_err()), Some(libc::ENOTTY));
        assert_eq!(errno(iommu_info(file.as_fd()).unwrap_err()), Some(libc::ENOTTY));
        assert_eq!(errno(group_flags(file.as_fd()).unwrap_err()), Some(libc::ENOTTY));
    }
}
