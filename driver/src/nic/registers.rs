//! Registers of a device's BAR 0.
#![allow(unsafe_code)]

use std::sync::Arc;
use std::time::Duration;

use super::REGISTER_BAR;
use crate::transport::Transport;
use crate::{Error, Result, clock};

/// The 32-bit registers of one device.
#[derive(Clone, Debug)]
pub(crate) struct Registers(Arc<dyn Transport>);

impl Registers {
    /// The registers of a device, which has `len` bytes of them at least.
    pub(crate) fn new(transport: &Arc<dyn Transport>, len: u64) -> Result<Registers> {
        let found = transport.bar_len(REGISTER_BAR);
        if found < len {
            return Err(Error::Device {
                device: transport.name().to_string(),
                what: format!("BAR 0 has {found} bytes where this device has {len}"),
                remedy: "check `lspci -vv`: the BAR may not have been assigned (pci=realloc)"
                    .into(),
            });
        }
        Ok(Registers(transport.clone()))
    }

    /// The device's name, for messages.
    pub(crate) fn device(&self) -> String {
        self.0.name().to_string()
    }

    /// MSI-X vectors of the device.
    pub(crate) fn vectors(&self) -> u16 {
        self.0.vectors()
    }

    /// The error that the device does not answer.
    pub(crate) fn gone(&self) -> Error {
        Error::Gone { device: self.device() }
    }

    /// Reads a register; all ones when the device does not answer.
    pub(crate) fn read(&self, offset: u64) -> u32 {
        self.0.read32(REGISTER_BAR, offset)
    }

    /// Writes a register.
    pub(crate) fn write(&self, offset: u64, value: u32) {
        // SAFETY: the families write ring bases only as `RingPlace`s of rings, with the queue off, and
        // a ring outlives its queue's being on; no other register points to memory.
        unsafe { self.0.write32(REGISTER_BAR, offset, value) };
    }

    /// Changes the bits of `mask` to those of `bits`.
    pub(crate) fn modify(&self, offset: u64, mask: u32, bits: u32) {
        self.write(offset, self.read(offset) & !mask | bits);
    }

    /// Reads a register until `done` says so; false when `timeout` is over before.
    pub(crate) fn wait(
        &self,
        offset: u64,
        timeout: Duration,
        mut done: impl FnMut(u32) -> bool,
    ) -> bool {
        wait(timeout, || done(self.read(offset)))
    }
}

/// Asks `done` again and again, with pauses, until it says yes (true) or `timeout` is over (false).
pub(crate) fn wait(timeout: Duration, mut done: impl FnMut() -> bool) -> bool {
    let end = clock::now() + timeout;
    let mut pause = Duration::from_micros(20);
    loop {
        if done() {
            return true;
        }
        if clock::now() >= end {
            return false;
        }
        clock::pause(pause);
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}
