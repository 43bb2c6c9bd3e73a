//! Containers: `/dev/vfio/vfio`, what an IOMMU is set on and groups are put into (Linux 6.12
//! `drivers/vfio/container.c`).

use std::collections::BTreeSet;
use std::os::fd::{AsRawFd, IntoRawFd, RawFd};

use libc::c_int;
use vfio_bindings::bindings::vfio as uapi;

use crate::iommu::Iommu;
use crate::state::{Object, State};
use crate::sys::FileId;
use crate::user::User;
use crate::{Errno, request, sys};

/// The name of a container's file, by which a child of this process knows one of its parent's.
pub(crate) const NAME: &std::ffi::CStr = c"barline-vfio-container";

/// One container.
#[derive(Debug)]
pub(crate) struct Container {
    /// None once it has no descriptor any more; it stays as long as it has groups.
    pub(crate) file: Option<FileId>,
    pub(crate) groups: BTreeSet<u32>,
    pub(crate) iommu: Option<Iommu>,
}

impl State {
    /// Opens a container.
    pub(crate) fn open_container(&mut self, close_on_exec: bool) -> Result<RawFd, Errno> {
        let fd = sys::memfd(NAME, close_on_exec)?;
        let file = FileId::of(fd.as_raw_fd()).ok_or(libc::EBADF)?;
        let number = self.made;
        self.made += 1;
        let container = Container { file: Some(file), groups: BTreeSet::new(), iommu: None };
        self.containers.insert(number, container);
        self.objects.insert(file, Object::Container(number));
        Ok(fd.into_raw_fd())
    }

    pub(crate) fn container_ioctl(
        &mut self,
        number: u64,
        request: u32,
        argument: User,
    ) -> Result<c_int, Errno> {
        let container = self.containers.get_mut(&number).ok_or(libc::ENODEV)?;
        match (request, &mut container.iommu) {
            (request::GET_API_VERSION, _) => Ok(uapi::VFIO_API_VERSION as c_int),
            (request::CHECK_EXTENSION, iommu) => {
                Ok(has_extension(argument.address(), iommu.is_some()).into())
            }
            (request::SET_IOMMU, _) => self.set_iommu(number, argument.address()).map(|()| 0),
            // Everything else is the IOMMU's to answer.
            (_, None) => Err(libc::EINVAL),
            (request::IOMMU_GET_INFO, Some(iommu)) => iommu.info(argument).map(|()| 0),
            (request::IOMMU_MAP_DMA, Some(iommu)) => iommu.map(&self.home, argument).map(|()| 0),
            (request::IOMMU_UNMAP_DMA, Some(iommu)) => {
                iommu.unmap(&self.home, argument).map(|()| 0)
            }
            (request, Some(_)) => Err(self.unknown("VFIO container", request)),
        }
    }

    /// `VFIO_SET_IOMMU`.
    fn set_iommu(&mut self, number: u64, model: usize) -> Result<(), Errno> {
        let container = self.containers.get_mut(&number).ok_or(libc::ENODEV)?;
        if container.groups.is_empty() || container.iommu.is_some() {
            return Err(libc::EINVAL);
        }
        let v2 = match u32::try_from(model) {
            Ok(uapi::VFIO_TYPE1_IOMMU) => false,
            Ok(uapi::VFIO_TYPE1v2_IOMMU) => true,
            _ => return Err(libc::ENODEV),
        };
        let home = &self.home;
        home.open()?;
        match home.with(|adapter| adapter.new_space()) {
            Ok(space) => {
                container.iommu = Some(Iommu::new(v2, space));
                Ok(())
            }
            Err(errno) => {
                self.close_idle_adapter();
                Err(errno)
            }
        }
    }

    /// Puts a group into a container. Its VF is in the container's address space from when it is opened.
    pub(crate) fn attach(&mut self, group: u32, number: u64) {
        if let Some(container) = self.containers.get_mut(&number) {
            container.groups.insert(group);
        }
    }

    /// Takes a group out of its container. The last one takes the IOMMU with it.
    pub(crate) fn detach(&mut self, group: u32, number: u64) {
        let Some(container) = self.containers.get_mut(&number) else { return };
        container.groups.remove(&group);
        if !container.groups.is_empty() {
            return;
        }
        if let Some(iommu) = container.iommu.take() {
            iommu.release(&self.home);
        }
        if container.file.is_none() {
            self.containers.remove(&number);
        }
        self.close_idle_adapter();
    }

    /// A container has no descriptor any more.
    pub(crate) fn container_closed(&mut self, number: u64) {
        let Some(container) = self.containers.get_mut(&number) else { return };
        if let Some(file) = container.file.take() {
            self.objects.remove(&file);
        }
        if container.groups.is_empty() {
            self.containers.remove(&number);
        }
    }

    /// Closes the adapter if there is no IOMMU left that needs it.
    fn close_idle_adapter(&self) {
        if self.containers.values().all(|container| container.iommu.is_none()) {
            self.home.close();
        }
    }
}

/// `VFIO_CHECK_EXTENSION`: of what there is without an IOMMU set, and with one.
fn has_extension(extension: usize, is_set: bool) -> bool {
    match u32::try_from(extension) {
        Ok(uapi::VFIO_TYPE1_IOMMU | uapi::VFIO_TYPE1v2_IOMMU | uapi::VFIO_UNMAP_ALL) => true,
        // No access passes the caches by.
        Ok(uapi::VFIO_DMA_CC_IOMMU) => is_set,
        _ => false,
    }
}
