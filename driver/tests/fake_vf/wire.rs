//! The device as a [`Transport`].
#![allow(unsafe_code)]

use std::fs::File;
use std::io::Write;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;

use barline::Result;
use barline::transport::{DmaSpace, Identity, Notice, Transport};
use barline_ring::Doorbell;

use super::State;

/// An open device.
#[derive(Debug)]
pub struct Wire(pub(super) Arc<State>);

// SAFETY: the model keeps to its registers, and reaches memory through its space.
unsafe impl Transport for Wire {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn identity(&self) -> Identity {
        Identity { vendor: 0x8086, device: self.0.lock().device_id, revision: 1 }
    }

    fn bar_len(&self, bar: u8) -> u64 {
        if bar == 0 { self.0.lock().bar } else { 0 }
    }

    fn read32(&self, bar: u8, offset: u64) -> u32 {
        assert_eq!(bar, 0);
        self.0.lock().read(&self.0.registers, offset as usize)
    }

    unsafe fn write32(&self, bar: u8, offset: u64, value: u32) {
        assert_eq!(bar, 0);
        self.0.lock().write(&self.0.registers, offset as usize, value);
    }

    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell> {
        assert_eq!(bar, 0);
        self.0.trouble.call("doorbell")?;
        let register = NonNull::new(self.0.registers[offset as usize / 4].as_ptr()).unwrap();
        // SAFETY: the word lives as long as the device, which the doorbell keeps; it is atomic.
        Ok(unsafe { Doorbell::new(register, self) })
    }

    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()> {
        self.0.trouble.call("read_config")?;
        let mut space = [0; 256];
        space[0x2e..0x30].copy_from_slice(&self.0.lock().subsystem.to_le_bytes());
        data.copy_from_slice(&space[usize::from(offset)..][..data.len()]);
        Ok(())
    }

    unsafe fn write_config(&self, _offset: u16, _data: &[u8]) -> Result<()> {
        self.0.trouble.call("write_config")
    }

    fn set_bus_master(&self, on: bool) -> Result<()> {
        self.0.trouble.call("set_bus_master")?;
        self.0.lock().bus_master = on;
        Ok(())
    }

    fn reset(&self) -> Result<()> {
        self.0.trouble.call("reset")?;
        let mut model = self.0.lock();
        model.bus_master = false;
        model.reset();
        Ok(())
    }

    fn vectors(&self) -> u16 {
        self.0.lock().vector_count
    }

    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()> {
        self.0.trouble.call("set_vectors")?;
        let mut model = self.0.lock();
        assert!(eventfds.len() <= model.vector_count.into());
        model.vectors = eventfds.iter().map(|fd| fd.try_clone_to_owned().unwrap()).collect();
        Ok(())
    }

    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool> {
        self.0.trouble.call("set_notice")?;
        let mut model = self.0.lock();
        if !model.has_notices {
            return Ok(false);
        }
        let eventfd = eventfd.map(|fd| fd.try_clone_to_owned().unwrap());
        match notice {
            Notice::Request => model.request = eventfd,
            Notice::Error => model.error = eventfd,
        }
        Ok(true)
    }

    fn dma(&self) -> Arc<dyn DmaSpace> {
        self.0.space.clone()
    }
}

impl Drop for Wire {
    /// Puts the device to rest, and notes what its user should have.
    fn drop(&mut self) {
        let mut model = self.0.lock();
        let queues = model.rx.iter().chain(&model.tx).any(|queue| queue.on);
        let left = [
            ("vectors", !model.vectors.is_empty()),
            ("request notice", model.request.is_some()),
            ("error notice", model.error.is_some()),
            ("bus master", model.bus_master),
            ("queues", queues && !model.never_off),
        ];
        let left = left.into_iter().filter(|(_, left)| *left);
        let left: Vec<_> = left.map(|(what, _)| what.to_string()).collect();
        model.left.extend(left);
        model.vectors.clear();
        (model.request, model.error, model.bus_master) = (None, None, false);
        model.reset();
    }
}

/// Signals an eventfd.
pub fn signal(fd: &OwnedFd) {
    File::from(fd.try_clone().unwrap()).write_all(&1_u64.to_ne_bytes()).unwrap();
}
