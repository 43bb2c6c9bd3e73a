//! The program's memory, as the kernel reaches it in a system call: an address that is not mapped is an
//! error (EFAULT) and not a signal.
#![allow(unsafe_code)]

use std::mem::{MaybeUninit, size_of};

use vfio_bindings::bindings::vfio as uapi;

use crate::{Errno, sys};

/// An address that the program gave in a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User(usize);

/// A structure of plain numbers, without padding.
///
/// # Safety
/// Every pattern of its bytes is a value, and it has no bytes that are not a field's.
pub(crate) unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($type:ty),*) => {
        $(
            // SAFETY: integers only, each at a multiple of its size, and the size a multiple of the
            // largest of theirs.
            unsafe impl Plain for $type {}
        )*
    };
}

plain!(
    i32,
    u32,
    [u32; 2],
    [u32; 3],
    [u32; 4],
    [u32; 5],
    [usize; 2],
    uapi::vfio_group_status,
    uapi::vfio_device_info,
    uapi::vfio_region_info,
    uapi::vfio_irq_info,
    uapi::vfio_iommu_type1_dma_map
);

impl User {
    /// What the program gave.
    ///
    /// # Safety
    /// What the program has there, if anything, is for the call to read and write: nothing in this
    /// library refers to it.
    pub(crate) unsafe fn new(address: usize) -> User {
        User(address)
    }

    /// The address, as a number.
    pub(crate) fn address(self) -> usize {
        self.0
    }

    /// So many bytes further on.
    pub(crate) fn add(self, bytes: usize) -> User {
        User(self.0.wrapping_add(bytes))
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// EFAULT: not all of them are there.
    pub(crate) fn read_bytes(self, into: &mut [u8]) -> Result<(), Errno> {
        let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        // SAFETY: the kernel checks the program's address, and writes to `into` only.
        self.transfer(local, |thread, local, remote| unsafe {
            libc::process_vm_readv(thread, local, 1, remote, 1, 0)
        })
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// EFAULT: not all of them can be written to.
    pub(crate) fn write_bytes(self, from: &[u8]) -> Result<(), Errno> {
        let local = libc::iovec { iov_base: from.as_ptr().cast_mut().cast(), iov_len: from.len() };
        // SAFETY: the kernel checks the program's address, which is for the call to write to, and only
        // reads from `from`.
        self.transfer(local, |thread, local, remote| unsafe {
            libc::process_vm_writev(thread, local, 1, remote, 1, 0)
        })
    }

    fn transfer(
        self,
        local: libc::iovec,
        call: impl Fn(libc::pid_t, *const libc::iovec, *const libc::iovec) -> isize,
    ) -> Result<(), Errno> {
        let remote = libc::iovec {
            iov_base: std::ptr::with_exposed_provenance_mut(self.0),
            iov_len: local.iov_len,
        };
        // The process's own number would be that of its first thread, which may have ended.
        // SAFETY: it has no arguments.
        let thread = unsafe { libc::gettid() };
        match call(thread, &raw const local, &raw const remote) {
            done if done >= 0 && done as usize == local.iov_len => Ok(()),
            done if done < 0 && sys::errno() != libc::EFAULT => Err(sys::errno()),
            _ => Err(libc::EFAULT),
        }
    }

    /// Reads a structure of which the first `len` bytes count; the others are zero.
    ///
    /// # Errors
    /// EFAULT: these bytes are not there.
    pub(crate) fn read_prefix<T: Plain>(self, len: usize) -> Result<T, Errno> {
        let mut value = MaybeUninit::<T>::zeroed();
        let len = len.min(size_of::<T>());
        // SAFETY: as many bytes, all of them zero.
        let bytes = unsafe { std::slice::from_raw_parts_mut(value.as_mut_ptr().cast(), len) };
        self.read_bytes(bytes)?;
        // SAFETY: any bytes are a value.
        Ok(unsafe { value.assume_init() })
    }

    /// Reads a structure.
    ///
    /// # Errors
    /// EFAULT: it is not there.
    pub(crate) fn read<T: Plain>(self) -> Result<T, Errno> {
        self.read_prefix(size_of::<T>())
    }

    /// Writes the first `len` bytes of a structure.
    ///
    /// # Errors
    /// EFAULT: they cannot be written to.
    pub(crate) fn write_prefix<T: Plain>(self, value: &T, len: usize) -> Result<(), Errno> {
        let len = len.min(size_of::<T>());
        // SAFETY: as many bytes, none of which is padding.
        let bytes = unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), len) };
        self.write_bytes(bytes)
    }

    /// Writes a structure.
    ///
    /// # Errors
    /// EFAULT: it cannot be written to.
    pub(crate) fn write<T: Plain>(self, value: &T) -> Result<(), Errno> {
        self.write_prefix(value, size_of::<T>())
    }

    /// Reads a C string of at most `max` bytes, its end included.
    ///
    /// # Errors
    /// EFAULT: it is not there. EINVAL: it is longer.
    pub(crate) fn read_text(self, max: usize) -> Result<Vec<u8>, Errno> {
        const PAGE: usize = 4096;
        let mut text = Vec::new();
        while text.len() < max {
            // Nothing is read beyond the page in which it ends.
            let at = self.add(text.len());
            let piece = (PAGE - at.0 % PAGE).min(max - text.len());
            let begin = text.len();
            text.resize(begin + piece, 0);
            at.read_bytes(&mut text[begin..])?;
            if let Some(end) = text[begin..].iter().position(|byte| *byte == 0) {
                text.truncate(begin + end);
                return Ok(text);
            }
        }
        Err(libc::EINVAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(address: usize) -> User {
        // SAFETY: the tests' own memory, or none.
        unsafe { User::new(address) }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        for address in [0, 1, 4096, usize::MAX - 3] {
            assert_eq!(user(address).read::<u32>(), Err(libc::EFAULT), "{address:#x}");
            assert_eq!(user(address).write(&7_u32), Err(libc::EFAULT), "{address:#x}");
            assert_eq!(user(address).read_text(16), Err(libc::EFAULT), "{address:#x}");
        }
    }

    #[test]
    fn only_the_prefix_is_touched() {
        let mut there = [1_u32, 2, 3, 4];
        let at = user(there.as_mut_ptr().expose_provenance());
        let status: uapi::vfio_group_status = at.read_prefix(4).unwrap();
        assert_eq!((status.argsz, status.flags), (1, 0));
        at.write_prefix(&uapi::vfio_group_status { argsz: 8, flags: 9 }, 4).unwrap();
        assert_eq!(at.add(4).read::<u32>(), Ok(2));
        assert_eq!(at.read::<u32>(), Ok(8));
    }

    #[test]
    fn strings_end_in_time_or_are_refused() {
        let text = c"0000:01:10.0";
        let at = user(text.as_ptr().expose_provenance());
        assert_eq!(at.read_text(4096).unwrap(), text.to_bytes());
        assert_eq!(at.read_text(13).unwrap(), text.to_bytes());
        assert_eq!(at.read_text(12), Err(libc::EINVAL));
    }
}
