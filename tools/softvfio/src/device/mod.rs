//! Devices: a VF of the adapter as vfio-pci hands it out (Linux 6.12 `drivers/vfio/pci`).

mod config;
mod hot_reset;
mod info;
mod irqs;
mod regions;

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use libc::c_int;
use softnic::{OpenError, PLAIN_START, RegisterFile, Space};

use crate::home::VfRegisters;
use crate::state::{Object, State};
use crate::sys::FileId;
use crate::user::User;
use crate::{Errno, private, request, say, sys};
use config::Config;
use irqs::Irqs;
pub(crate) use regions::{is_config, mapped};

/// The name of a device's file, by which a child of this process knows one of its parent's: that of
/// [`RegisterFile`].
pub(crate) const NAME: &std::ffi::CStr = c"softnic-registers";

/// An open device.
#[derive(Debug)]
pub(crate) struct Device {
    vf: usize,
    /// The registers' own file, of which descriptors and mappings are.
    pub(crate) file: FileId,
    registers: Arc<VfRegisters>,
    config: Config,
    irqs: Irqs,
}

impl State {
    /// Opens a VF, or once more one that is open: a descriptor of it.
    pub(crate) fn open_device(&mut self, vf: usize, space: Space) -> Result<RawFd, Errno> {
        if let Some(device) = self.devices.get(&vf) {
            return sys::hand_out(device.registers.file.fd());
        }
        let file = self.home.with(|adapter| {
            let registers = adapter.open(vf)?;
            adapter.attach(vf, Some(space));
            Ok(registers)
        })?;
        let file = file.map_err(|error: OpenError| match error {
            OpenError::Absent { .. } => libc::ENODEV,
            OpenError::Busy { .. } => libc::EBUSY,
            OpenError::Memory { .. } => libc::ENOMEM,
        })?;
        self.handed_out(vf, &file).inspect_err(|_| {
            // Nobody has it.
            _ = self.home.with(|adapter| adapter.close(vf));
        })
    }

    /// Makes an open VF known, and a descriptor of it.
    fn handed_out(&mut self, vf: usize, file: &Arc<RegisterFile>) -> Result<RawFd, Errno> {
        regions::size(file)?;
        let own = file.fd();
        let id = FileId::of(own.as_raw_fd()).ok_or(libc::EBADF)?;
        let config = Config::new(&self.home, vf)?;
        let fd = sys::hand_out(own)?;
        private::note(own.as_raw_fd());
        let registers = VfRegisters { home: Arc::clone(&self.home), vf, file: Arc::clone(file) };
        let device =
            Device { vf, file: id, registers: Arc::new(registers), config, irqs: Irqs::default() };
        self.devices.insert(vf, device);
        self.objects.insert(id, Object::Device(vf));
        Ok(fd)
    }

    pub(crate) fn device_ioctl(
        &mut self,
        vf: usize,
        request: u32,
        argument: User,
    ) -> Result<c_int, Errno> {
        let home = Arc::clone(&self.home);
        let device = self.devices.get_mut(&vf).ok_or(libc::ENODEV)?;
        match request {
            request::DEVICE_GET_INFO => info::device(argument),
            request::DEVICE_GET_REGION_INFO => info::region(argument),
            request::DEVICE_GET_IRQ_INFO => info::irq(argument),
            request::DEVICE_SET_IRQS => irqs::set(device, &home, argument),
            request::DEVICE_RESET => device.config.reset(&home),
            request::DEVICE_GET_PCI_HOT_RESET_INFO => hot_reset::info(home.spec().vfs, argument),
            request::DEVICE_PCI_HOT_RESET => {
                let is_group =
                    |file: &FileId| matches!(self.objects.get(file), Some(Object::Group(_)));
                hot_reset::reset(home.spec().vfs, argument, is_group)
            }
            request::DEVICE_FEATURE => info::feature(argument),
            // Only for devices that were opened without a group.
            request::DEVICE_BIND_IOMMUFD => Err(libc::EINVAL),
            request => return Err(self.unknown("VFIO device", request)),
        }
        .map(|()| 0)
    }

    /// Releases devices that have neither a descriptor, as `is_open` tells, nor a mapping of their
    /// registers in the program. Returns whether any is kept by a mapping alone.
    pub(crate) fn close_devices(&mut self, is_open: impl Fn(&FileId) -> bool) -> bool {
        let mut lingers = false;
        let closed = self.devices.extract_if(.., |_, device| {
            if is_open(&device.file) {
                return false;
            }
            let is_mapped = sys::is_mapped(device.file, device.own_mapping());
            lingers |= is_mapped;
            !is_mapped
        });
        for (_, device) in closed {
            self.objects.remove(&device.file);
            device.close();
        }
        lingers
    }
}

impl Device {
    /// Where the adapter itself has the registers mapped.
    fn own_mapping(&self) -> usize {
        self.registers.file.plain(PLAIN_START).map_or(0, |at| at.addr().get() - PLAIN_START)
    }

    /// Gives the VF back: interrupts disconnected, bus mastering off, reset.
    fn close(self) {
        if let Err(errno) = self.registers.home.with(|adapter| adapter.close(self.vf)) {
            say(format_args!("VF {} is not closed: its adapter has failed ({errno})", self.vf));
        }
        private::forget(self.registers.file.fd().as_raw_fd());
    }

    /// The registers, for who maps them.
    pub(crate) fn registers(&self) -> &Arc<VfRegisters> {
        &self.registers
    }
}
