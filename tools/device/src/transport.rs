//! A VF of a software adapter as the transport of barline's driver.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use barline::transport::{DmaSpace, Identity, Notice, Transport};
use barline::{Error, Result};
use barline_ring::Doorbell;
use softnic::{BAR_LEN, Generation, PLAIN_START, RegisterFile};

use crate::error;
use crate::name;
use crate::registry::Use;

/// The BAR with the registers. The other one, with the MSI-X table, is the transport's own affair.
const REGISTERS: u8 = 0;

/// What a read gives that no register answers.
const NO_ANSWER: u32 = u32::MAX;

/// Bytes of configuration space of a PCI Express function.
const CONFIG_LEN: usize = 4096;

/// MSI-X vectors of a VF (82599 datasheet 7.3.4.3).
const VECTORS: u16 = 3;

/// PCI_COMMAND, and its bit for bus mastering (PCI specification 3.0, 6.2.2).
const COMMAND: usize = 0x04;
const COMMAND_MASTER: u16 = 1 << 2;

/// One open VF. Dropping it puts the VF to rest and closes it.
pub(crate) struct SoftTransport {
    name: String,
    vf: usize,
    registers: Arc<RegisterFile>,
    adapter: Use,
}

impl SoftTransport {
    /// Opens a VF, fresh from a reset and with bus mastering off.
    pub(crate) fn open(adapter: &Use, vf: usize) -> Result<SoftTransport> {
        let adapter = adapter.clone();
        let name = name::shown(adapter.spec(), vf);
        let registers = adapter
            .host()
            .with(|adapter| adapter.open(vf))
            .map_err(|error| error::broken(&name, &error))?
            .map_err(|error| error::not_opened(&name, error))?;
        tracing::info!(device = name, "opened a VF of a software adapter");
        Ok(SoftTransport { name, vf, registers, adapter })
    }

    /// Does something with the adapter. One that has failed has no VFs any more.
    fn with<R>(&self, run: impl FnOnce(&mut softnic::Adapter) -> R) -> Result<R> {
        self.adapter.host().with(run).map_err(|error| error::broken(&self.name, &error))
    }

    fn failed(&self, action: impl Into<String>, source: io::Error, remedy: &str) -> Error {
        Error::Kernel {
            device: self.name.clone(),
            action: action.into(),
            source,
            remedy: remedy.to_string(),
        }
    }

    /// Whether `len` bytes of configuration space are there, from `offset` on.
    fn check_config(&self, what: &str, offset: u16, len: usize) -> Result<()> {
        if usize::from(offset).checked_add(len).is_some_and(|end| end <= CONFIG_LEN) {
            return Ok(());
        }
        let action = format!("{what} {len} bytes of configuration at {offset:#x}");
        let remedy = format!("it has {CONFIG_LEN:#x} bytes");
        Err(self.failed(action, io::Error::from(io::ErrorKind::InvalidInput), &remedy))
    }

    /// A closure that makes an eventfd readable.
    fn signal(&self, eventfd: BorrowedFd<'_>) -> Result<Box<dyn Fn() + Send>> {
        let file = eventfd.try_clone_to_owned().map_err(|source| {
            self.failed("keep an eventfd", source, "raise the limit on open files (`ulimit -n`)")
        })?;
        let file = File::from(file);
        Ok(Box::new(move || {
            // It fails only when the counter is full, and then the descriptor is readable anyway.
            let _ = (&file).write(&1_u64.to_ne_bytes());
        }))
    }
}

// SAFETY: each method does what it says to the VF's registers in the model, and nothing else reaches
// them: the host belongs to this crate alone. The adapter's memory accesses go through its IOMMU, of
// which `Space` is the driver's side.
unsafe impl Transport for SoftTransport {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Identity {
        let Generation { vendor, device, revision, .. } = *self.adapter.spec().model.generation();
        Identity { vendor, device, revision }
    }

    fn bar_len(&self, bar: u8) -> u64 {
        if bar == REGISTERS { BAR_LEN as u64 } else { 0 }
    }

    fn read32(&self, bar: u8, offset: u64) -> u32 {
        match usize::try_from(offset) {
            Ok(offset) if bar == REGISTERS => {
                self.with(|adapter| adapter.read(self.vf, offset)).unwrap_or(NO_ANSWER)
            }
            _ => NO_ANSWER,
        }
    }

    unsafe fn write32(&self, bar: u8, offset: u64, value: u32) {
        if let (REGISTERS, Ok(offset)) = (bar, usize::try_from(offset)) {
            // One that has failed is as good as gone, and nobody hears of what is written to that.
            let _ = self.with(|adapter| adapter.write(self.vf, offset, value));
        }
    }

    fn doorbell(self: Arc<Self>, bar: u8, offset: u64) -> Result<Doorbell> {
        let register = usize::try_from(offset)
            .ok()
            .filter(|_| bar == REGISTERS)
            .and_then(|offset| self.registers.plain(offset));
        let Some(register) = register else {
            return Err(self.failed(
                format!("map register {offset:#x} of BAR {bar}"),
                io::Error::from(io::ErrorKind::InvalidInput),
                &format!("the registers that can be mapped are those from {PLAIN_START:#x} on"),
            ));
        };
        // SAFETY: the register is a word of the register file, which lives as long as the transport that
        // the doorbell keeps; the adapter reads it by accesses of 32 bits, like any other thread.
        Ok(unsafe { Doorbell::new(register, self) })
    }

    fn read_config(&self, offset: u16, data: &mut [u8]) -> Result<()> {
        self.check_config("read", offset, data.len())?;
        self.with(|adapter| adapter.config_read(self.vf, offset.into(), data))
    }

    unsafe fn write_config(&self, offset: u16, data: &[u8]) -> Result<()> {
        self.check_config("write", offset, data.len())?;
        self.with(|adapter| adapter.config_write(self.vf, offset.into(), data))
    }

    fn set_bus_master(&self, on: bool) -> Result<()> {
        self.with(|adapter| {
            let mut command = [0; 2];
            adapter.config_read(self.vf, COMMAND, &mut command);
            let command = u16::from_le_bytes(command);
            let command = if on { command | COMMAND_MASTER } else { command & !COMMAND_MASTER };
            adapter.config_write(self.vf, COMMAND, &command.to_le_bytes());
        })
    }

    fn reset(&self) -> Result<()> {
        self.with(|adapter| adapter.reset(self.vf))
    }

    fn vectors(&self) -> u16 {
        VECTORS
    }

    fn set_vectors(&self, eventfds: &[BorrowedFd<'_>]) -> Result<()> {
        if eventfds.len() > VECTORS.into() {
            let action = format!("connect {} interrupt vectors", eventfds.len());
            let remedy = format!("the device has {VECTORS}");
            return Err(self.failed(action, io::Error::from(io::ErrorKind::InvalidInput), &remedy));
        }
        let signals =
            eventfds.iter().map(|eventfd| self.signal(*eventfd)).collect::<Result<_>>()?;
        self.with(|adapter| adapter.set_vectors(self.vf, signals))
    }

    fn set_notice(&self, notice: Notice, eventfd: Option<BorrowedFd<'_>>) -> Result<bool> {
        let notice = match notice {
            Notice::Request => softnic::Notice::Request,
            Notice::Error => softnic::Notice::Error,
        };
        let signal = eventfd.map(|eventfd| self.signal(eventfd)).transpose()?;
        self.with(|adapter| adapter.set_notice(self.vf, notice, signal))?;
        Ok(true)
    }

    fn dma(&self) -> Arc<dyn DmaSpace> {
        self.adapter.space().clone()
    }
}

impl Drop for SoftTransport {
    fn drop(&mut self) {
        if self.adapter.host().is_elsewhere() {
            return;
        }
        // Closing resets the VF: interrupts disconnected, bus mastering off.
        match self.with(|adapter| adapter.close(self.vf)) {
            Ok(()) => tracing::debug!(device = self.name, "closed"),
            Err(error) => tracing::warn!(%error),
        }
    }
}

impl fmt::Debug for SoftTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoftTransport").field("name", &self.name).finish_non_exhaustive()
    }
}
