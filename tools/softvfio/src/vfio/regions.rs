//! Reading, writing and mapping the regions of a device.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use libc::{c_int, c_void};

use super::{Vfio, record, refused};
use crate::inject::Call;
use crate::state::{Object, State};
use crate::user::User;
use crate::{Errno, device, maps, sys};

impl Vfio {
    /// Reads of a device's region. `None`: the descriptor is none of VFIO's.
    ///
    /// # Safety
    /// Nothing refers to the `len` bytes at `buffer`; they need not be there (EFAULT).
    pub unsafe fn read_at(
        &self,
        fd: RawFd,
        buffer: *mut u8,
        len: usize,
        offset: i64,
    ) -> Option<Result<usize, Errno>> {
        // SAFETY: promised by the caller.
        let buffer = unsafe { User::new(buffer.expose_provenance()) };
        self.transfer(fd, offset, false, |state, vf| {
            state.devices.get(&vf).ok_or(libc::ENODEV)?.read(buffer, len, offset)
        })
    }

    /// Writes to a device's region. `None`: the descriptor is none of VFIO's.
    ///
    /// # Safety
    /// Nobody writes to the `len` bytes at `buffer` meanwhile; they need not be there (EFAULT).
    pub unsafe fn write_at(
        &self,
        fd: RawFd,
        buffer: *const u8,
        len: usize,
        offset: i64,
    ) -> Option<Result<usize, Errno>> {
        // SAFETY: promised by the caller; it is only read from.
        let buffer = unsafe { User::new(buffer.expose_provenance()) };
        self.transfer(fd, offset, true, |state, vf| {
            state.devices.get_mut(&vf).ok_or(libc::ENODEV)?.write(buffer, len, offset)
        })
    }

    /// The pieces of memory that a program gives to `readv` and its like.
    ///
    /// # Errors
    /// EINVAL: they are too many, or one is too long. EFAULT: they are not there.
    ///
    /// # Safety
    /// Nothing of this library's is there.
    pub unsafe fn pieces(
        &self,
        pieces: *const libc::iovec,
        count: c_int,
    ) -> Result<Vec<libc::iovec>, Errno> {
        let count = usize::try_from(count).ok().filter(|count| *count <= libc::UIO_MAXIOV as usize);
        // SAFETY: promised by the caller; it is only read from.
        let at = unsafe { User::new(pieces.expose_provenance()) };
        let read = |number: usize| {
            let [base, len] = at.add(number * size_of::<libc::iovec>()).read::<[usize; 2]>()?;
            isize::try_from(len).map_err(|_| libc::EINVAL)?;
            Ok(libc::iovec { iov_base: sys::pointer(base), iov_len: len })
        };
        (0..count.ok_or(libc::EINVAL)?).map(read).collect()
    }

    fn transfer(
        &self,
        fd: RawFd,
        offset: i64,
        writes: bool,
        act: impl FnOnce(&mut State, usize) -> Result<usize, Errno>,
    ) -> Option<Result<usize, Errno>> {
        let inner = self.inner();
        let vf = match inner.object(fd)? {
            Ok(Object::Device(vf)) => vf,
            // Containers and groups have nothing to read.
            Ok(_) => return Some(Err(libc::EINVAL)),
            Err(errno) => return Some(Err(errno)),
        };
        let call = match (device::is_config(offset), writes) {
            (true, false) => Call::ReadConfig,
            (true, true) => Call::WriteConfig,
            (false, false) => Call::ReadRegion,
            (false, true) => Call::WriteRegion,
        };
        Some(refused(call).and_then(|()| inner.with(|state| act(state, vf))))
    }

    /// Maps registers of a device. `None`: the descriptor is none of VFIO's.
    ///
    /// # Safety
    /// As for mmap(2).
    pub unsafe fn mmap(
        &self,
        address: *mut c_void,
        len: usize,
        protection: c_int,
        flags: c_int,
        fd: RawFd,
        offset: i64,
    ) -> Option<Result<*mut c_void, Errno>> {
        let inner = self.inner();
        let vf = match inner.object(fd)? {
            Ok(Object::Device(vf)) => vf,
            // Containers and groups cannot be mapped.
            Ok(_) => return Some(Err(libc::ENODEV)),
            Err(errno) => return Some(Err(errno)),
        };
        // The device stays open meanwhile, whoever closes what, and its own file is mapped, whatever the
        // program's descriptor is by now.
        let map = |state: &mut State| {
            let device = Arc::clone(state.devices.get(&vf).ok_or(libc::ENODEV)?.registers());
            let fd = device.file.fd().as_raw_fd();
            let shared = flags & libc::MAP_SHARED != 0;
            let mapped = device::mapped(offset, len, shared)?;
            match mapped.registers {
                Some(at) => {
                    let offset = mapped.file_offset as i64;
                    let mapping = maps::Mapping { address, len, protection, flags, fd, offset };
                    // SAFETY: promised by the caller; the file is the device's own registers.
                    unsafe { maps::map_bar(device, mapping, at) }
                }
                None => {
                    let place = mapped.file_offset;
                    let fixed = flags & libc::MAP_FIXED != 0;
                    let at = address.addr();
                    // SAFETY: promised by the caller.
                    let covered = fixed.then(|| unsafe {
                        maps::mmap_fixed(at, len, protection, flags, fd, place as i64)
                    });
                    covered.flatten().unwrap_or_else(|| {
                        // SAFETY: as above.
                        unsafe { sys::map(address, len, protection, flags, fd, place) }
                    })
                }
            }
        };
        let mapped = refused(Call::Mmap).and_then(|()| inner.with(map));
        record(Some(vf), Call::Mmap, mapped.map(|_| 0));
        Some(mapped)
    }
}
