//! Groups: `/dev/vfio/N`, each with one VF (Linux 6.12 `drivers/vfio/group.c`).

use std::ffi::CStr;
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, RawFd};

use libc::c_int;
use vfio_bindings::bindings::vfio as uapi;

use crate::private::PrivateFd;
use crate::state::{Object, State};
use crate::sys::FileId;
use crate::topology::{vf_address, vf_in_group};
use crate::user::User;
use crate::{Errno, request, sys};

/// The name of a group's file, by which a child of this process knows one of its parent's.
pub(crate) const NAME: &CStr = c"barline-vfio-group";

/// Longest name of a device that is looked at, its end included.
const NAME_MAX: usize = 4096;

/// An open group.
#[derive(Debug)]
pub(crate) struct Group {
    /// None once it has no descriptor any more; it stays as long as its device is open.
    pub(crate) file: Option<FileId>,
    /// The locked node: no other process opens the group.
    _lock: PrivateFd,
    container: Option<u64>,
}

impl State {
    /// Opens a group by its node.
    pub(crate) fn open_group(
        &mut self,
        number: u32,
        node: &CStr,
        close_on_exec: bool,
    ) -> Result<RawFd, Errno> {
        let lock = sys::open(node)?;
        if vf_in_group(number).is_none() {
            return Err(libc::ENODEV);
        }
        if self.groups.contains_key(&number) || !sys::lock_alone(lock.as_fd())? {
            return Err(libc::EBUSY);
        }
        let fd = sys::memfd(NAME, close_on_exec)?;
        let file = FileId::of(fd.as_raw_fd()).ok_or(libc::EBADF)?;
        let group = Group { file: Some(file), _lock: PrivateFd::new(lock), container: None };
        self.groups.insert(number, group);
        self.objects.insert(file, Object::Group(number));
        Ok(fd.into_raw_fd())
    }

    pub(crate) fn group_ioctl(
        &mut self,
        number: u32,
        request: u32,
        argument: User,
    ) -> Result<c_int, Errno> {
        match request {
            request::GROUP_GET_STATUS => self.group_status(number, argument).map(|()| 0),
            request::GROUP_SET_CONTAINER => self.set_container(number, argument).map(|()| 0),
            request::GROUP_UNSET_CONTAINER => self.unset_container(number).map(|()| 0),
            request::GROUP_GET_DEVICE_FD => self.device_fd(number, argument),
            request => Err(self.unknown("VFIO group", request)),
        }
    }

    fn group(&mut self, number: u32) -> Result<&mut Group, Errno> {
        self.groups.get_mut(&number).ok_or(libc::ENODEV)
    }

    /// `VFIO_GROUP_GET_STATUS`.
    fn group_status(&mut self, number: u32, argument: User) -> Result<(), Errno> {
        let mut status: uapi::vfio_group_status = argument.read()?;
        if (status.argsz as usize) < size_of_val(&status) {
            return Err(libc::EINVAL);
        }
        status.flags = uapi::VFIO_GROUP_FLAGS_VIABLE;
        if self.group(number)?.container.is_some() {
            status.flags |= uapi::VFIO_GROUP_FLAGS_CONTAINER_SET;
        }
        argument.write(&status)
    }

    /// `VFIO_GROUP_SET_CONTAINER`.
    fn set_container(&mut self, number: u32, argument: User) -> Result<(), Errno> {
        let fd: i32 = argument.read()?;
        let file = FileId::of(fd).ok_or(libc::EBADF)?;
        let object = self.objects.get(&file).copied();
        let group = self.group(number)?;
        if group.container.is_some() {
            return Err(libc::EINVAL);
        }
        let Some(Object::Container(container)) = object else { return Err(libc::EBADFD) };
        group.container = Some(container);
        self.attach(number, container);
        Ok(())
    }

    /// `VFIO_GROUP_UNSET_CONTAINER`.
    fn unset_container(&mut self, number: u32) -> Result<(), Errno> {
        let container = self.group(number)?.container.ok_or(libc::EINVAL)?;
        if self.device_of(number).is_some() {
            return Err(libc::EBUSY);
        }
        self.group(number)?.container = None;
        self.detach(number, container);
        Ok(())
    }

    /// `VFIO_GROUP_GET_DEVICE_FD`.
    fn device_fd(&mut self, number: u32, argument: User) -> Result<c_int, Errno> {
        let name = argument.read_text(NAME_MAX)?;
        let vf = vf_in_group(number).ok_or(libc::ENODEV)?;
        check_name(&name, vf_address(vf).as_bytes())?;
        let container = self.group(number)?.container.ok_or(libc::EINVAL)?;
        let iommu = self.containers.get(&container).and_then(|it| it.iommu.as_ref());
        let space = iommu.ok_or(libc::EINVAL)?.space();
        self.open_device(vf, space)
    }

    /// The VF of a group, if it is open.
    fn device_of(&self, number: u32) -> Option<usize> {
        vf_in_group(number).filter(|vf| self.devices.contains_key(vf))
    }

    /// Releases groups that have neither a descriptor, as `is_open` tells, nor an open device.
    pub(crate) fn close_groups(&mut self, is_open: impl Fn(&FileId) -> bool) {
        let numbers: Vec<u32> = self.groups.keys().copied().collect();
        for number in numbers {
            let Some(group) = self.groups.get_mut(&number) else { continue };
            if let Some(file) = group.file.take_if(|file| !is_open(file)) {
                self.objects.remove(&file);
            }
            if group.file.is_some() || self.device_of(number).is_some() {
                continue;
            }
            let gone = self.groups.remove(&number);
            if let Some(container) = gone.and_then(|group| group.container) {
                self.detach(number, container);
            }
        }
    }
}

/// Whether a name that a program gave is that of the device, or why not (`vfio_pci_core_match`). After
/// it a token may follow that proves that a PF in VFIO's hands trusts the program; this one's is not.
fn check_name(name: &[u8], device: &[u8]) -> Result<(), Errno> {
    let options = name.strip_prefix(device).ok_or(libc::ENODEV)?;
    match options.first() {
        None => Ok(()),
        Some(b' ') if options.iter().all(|byte| *byte == b' ') => Ok(()),
        Some(b' ') => Err(libc::EINVAL),
        Some(_) => Err(libc::ENODEV),
    }
}
