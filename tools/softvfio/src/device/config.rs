//! A VF's configuration space as vfio-pci shows it: what the VF has, with what it lacks put in (Linux 6.12
//! `drivers/vfio/pci/vfio_pci_config.c`).
//!
//! A VF's own has neither ids nor BARs, nor a bit that turns its memory on. Its MSI-X capability can only
//! be read: vectors are set up by VFIO.

use std::ops::Range;

use softnic::{Adapter, BAR_LEN};

use crate::Errno;
use crate::home::Home;

/// PCI_VENDOR_ID and PCI_DEVICE_ID (PCI 3.0, 6.1).
const IDS: Range<usize> = 0..4;
/// PCI_COMMAND, its memory space bit, and in its second byte INTX_DISABLE.
const COMMAND: usize = 0x04;
const COMMAND_MEMORY: u8 = 1 << 1;
const COMMAND_NO_INTX: u8 = 1 << 2;
/// PCI_CACHE_LINE_SIZE and PCI_LATENCY_TIMER, which only the program has a use for.
const CACHE_LINE: Range<usize> = 0x0c..0x0e;
/// PCI_BASE_ADDRESS_0 to 5.
const BARS: Range<usize> = 0x10..0x28;
/// PCI_CAPABILITY_LIST.
const LIST: usize = 0x34;
/// PCI_INTERRUPT_LINE.
const LINE: usize = 0x3c;
/// Bytes of the header.
const HEADER: usize = 0x40;

/// A BAR in memory, with 64-bit addresses, that can be prefetched.
const BAR_FLAGS: u32 = 0xc;

/// Capabilities: MSI-X, of 12 bytes, and PCI Express.
const MSIX: u8 = 0x11;
const MSIX_LEN: usize = 12;
const MSIX_CONTROL: usize = 2;
const MSIX_ENABLE: u16 = 1 << 15;
const EXPRESS: u8 = 0x10;
/// PCI_EXP_DEVCTL: its second byte, and the bit that resets the function.
const EXPRESS_CONTROL: usize = 9;
const FUNCTION_RESET: u8 = 1 << 7;

/// What is in it besides the VF's own.
#[derive(Debug)]
pub(super) struct Config {
    vf: usize,
    /// The header, as far as it is not the VF's: ids, BARs and the like.
    header: [u8; HEADER],
    /// Where the capabilities are.
    msix: usize,
    express: usize,
}

impl Config {
    /// That of a VF which was just opened.
    pub(super) fn new(home: &Home, vf: usize) -> Result<Config, Errno> {
        let mut header = [0; HEADER];
        let generation = home.spec().model.generation();
        header[..2].copy_from_slice(&generation.vendor.to_le_bytes());
        header[2..4].copy_from_slice(&generation.device.to_le_bytes());
        header[COMMAND] = COMMAND_MEMORY;
        let (msix, express) = home
            .with(|adapter| {
                Some((capability(adapter, vf, MSIX)?, capability(adapter, vf, EXPRESS)?))
            })?
            .ok_or(libc::EIO)?;
        let mut config = Config { vf, header, msix, express };
        config.keep_bars();
        Ok(config)
    }

    /// Reads some of it.
    pub(super) fn read(&self, home: &Home, at: usize, into: &mut [u8]) -> Result<(), Errno> {
        home.with(|adapter| adapter.config_read(self.vf, at, into))?;
        for (at, byte) in (at..).zip(into) {
            let own = self.header.get(at).copied().unwrap_or(0);
            if IDS.contains(&at) || self.is_the_programs(at) {
                *byte = own;
            } else if at == COMMAND {
                *byte |= own & COMMAND_MEMORY;
            } else if at == COMMAND + 1 {
                *byte = *byte & !COMMAND_NO_INTX | own & COMMAND_NO_INTX;
            }
        }
        Ok(())
    }

    /// Writes some of it.
    pub(super) fn write(&mut self, home: &Home, at: usize, from: &[u8]) -> Result<(), Errno> {
        let mut resets = false;
        for (at, value) in (at..).zip(from) {
            if self.is_the_programs(at) || (COMMAND..COMMAND + 2).contains(&at) {
                self.header[at] = *value;
            }
            if (self.msix..self.msix + MSIX_LEN).contains(&at) {
                continue;
            }
            let mut value = *value;
            if at == self.express + EXPRESS_CONTROL {
                resets |= value & FUNCTION_RESET != 0;
                value &= !FUNCTION_RESET;
            }
            home.with(|adapter| adapter.config_write(self.vf, at, &[value]))?;
        }
        self.keep_bars();
        if resets { self.reset(home) } else { Ok(()) }
    }

    /// Bytes that nobody but the program reads and writes.
    fn is_the_programs(&self, at: usize) -> bool {
        CACHE_LINE.contains(&at) || BARS.contains(&at) || at == LINE
    }

    /// Keeps in the BARs what a BAR can hold: a program that writes ones finds their size.
    fn keep_bars(&mut self) {
        let sizes = !(BAR_LEN as u32 - 1);
        let masks = [(sizes, BAR_FLAGS), (!0, 0), (0, 0), (sizes, BAR_FLAGS), (!0, 0), (0, 0)];
        for (bar, (mask, flags)) in self.header[BARS].chunks_exact_mut(4).zip(masks) {
            let value = u32::from_le_bytes([bar[0], bar[1], bar[2], bar[3]]);
            bar.copy_from_slice(&(value & mask | flags).to_le_bytes());
        }
    }

    /// Resets the function, and puts back what the kernel puts back: bus mastering, and that MSI-X is on.
    ///
    /// # Errors
    /// ENOTTY: the device is gone.
    pub(super) fn reset(&mut self, home: &Home) -> Result<(), Errno> {
        let control = self.msix + MSIX_CONTROL;
        home.with(|adapter| {
            let kept = [COMMAND, control].map(|at| (at, word(adapter, self.vf, at)));
            if kept[0].1 == u16::MAX {
                return Err(libc::ENOTTY);
            }
            adapter.reset(self.vf);
            for (at, value) in kept {
                adapter.config_write(self.vf, at, &value.to_le_bytes());
            }
            Ok(())
        })
        .flatten()
    }

    /// Turns MSI-X on or off, as the kernel does when vectors are connected.
    pub(super) fn enable_msix(&self, adapter: &mut Adapter, on: bool) {
        let at = self.msix + MSIX_CONTROL;
        let control = word(adapter, self.vf, at);
        let control = if on { control | MSIX_ENABLE } else { control & !MSIX_ENABLE };
        adapter.config_write(self.vf, at, &control.to_le_bytes());
    }
}

fn word(adapter: &Adapter, vf: usize, at: usize) -> u16 {
    let mut bytes = [0; 2];
    adapter.config_read(vf, at, &mut bytes);
    u16::from_le_bytes(bytes)
}

/// Where a capability is.
fn capability(adapter: &Adapter, vf: usize, id: u8) -> Option<usize> {
    let mut at = word(adapter, vf, LIST) & 0xfc;
    // As many as there is room for, each of 4 bytes at least.
    for _ in 0..48 {
        let [found, next] = word(adapter, vf, at.into()).to_le_bytes();
        if found == id {
            return Some(at.into());
        }
        at = u16::from(next & 0xfc);
        if at == 0 {
            break;
        }
    }
    None
}
