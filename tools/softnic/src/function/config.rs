//! A VF's PCI Express configuration space.
//!
//! As lspci shows an 82599 VF: no ids of its own (SR-IOV specification 3.4.1.1), no BARs (they are in the
//! PF's SR-IOV capability), MSI-X at 70h, PCI Express at A0h, ARI at 150h. Of the command register only
//! bus mastering can be written.
//!
//! Silicon returns zeros for the device capabilities (82599 specification update, erratum 35); here they
//! tell of the function-level reset, as the PCI Express specification asks and kernels assume anyway.

use crate::model::Generation;

/// Bytes of it.
pub(crate) const LEN: usize = 4096;

const COMMAND: usize = 0x04;
const COMMAND_BUS_MASTER: u16 = 1 << 2;
const STATUS: usize = 0x06;
const STATUS_CAPABILITIES: u16 = 1 << 4;
const REVISION: usize = 0x08;
const CLASS_ETHERNET: [u8; 3] = [0x00, 0x00, 0x02];
const SUBSYSTEM_VENDOR: usize = 0x2c;
const CAPABILITIES: usize = 0x34;

const MSIX: usize = 0x70;
const MSIX_ID: u8 = 0x11;
const MSIX_CONTROL: usize = MSIX + 2;
/// Table size, less one.
const MSIX_VECTORS: u16 = super::interrupts::VECTORS as u16 - 1;
/// MSI-X Enable and Function Mask.
const MSIX_WRITABLE: u16 = 1 << 15 | 1 << 14;
/// The table is at the start of BAR 3, the pending bits at 2000h of it.
const MSIX_TABLE: u32 = 3;
const MSIX_PENDING: u32 = 0x2000 | 3;

const EXPRESS: usize = 0xa0;
const EXPRESS_ID: u8 = 0x10;
/// Version 2, endpoint.
const EXPRESS_FLAGS: u16 = 2;
const DEVICE_CAPABILITIES: usize = EXPRESS + 4;
/// Function-level reset, role-based error reporting, payloads of 512 bytes.
const DEVICE_CAPABILITIES_VALUE: u32 = 1 << 28 | 1 << 15 | 2;
const DEVICE_CONTROL: usize = EXPRESS + 8;
/// Initiate Function Level Reset: reads 0.
const DEVICE_CONTROL_FLR: u16 = 1 << 15;

const EXTENDED: usize = 0x100;
/// Advanced error reporting, version 1, then ARI.
const AER: u32 = 0x0001 | 1 << 16 | (ARI as u32) << 20;
const ARI: usize = 0x150;
const ARI_HEADER: u32 = 0x000e | 1 << 16;

/// The configuration space of one VF.
#[derive(Debug)]
pub(crate) struct ConfigSpace {
    bytes: Box<[u8; LEN]>,
}

impl ConfigSpace {
    /// As after power-on.
    pub(crate) fn new(generation: &Generation) -> ConfigSpace {
        let mut space = ConfigSpace { bytes: Box::new([0; LEN]) };
        space.put(0, &[0xff; 4]);
        space.put(STATUS, &STATUS_CAPABILITIES.to_le_bytes());
        space.put(REVISION, &[generation.revision]);
        space.put(REVISION + 1, &CLASS_ETHERNET);
        space.put(SUBSYSTEM_VENDOR, &generation.vendor.to_le_bytes());
        space.put(CAPABILITIES, &[MSIX as u8]);
        space.put(MSIX, &[MSIX_ID, EXPRESS as u8]);
        space.put(MSIX_CONTROL, &MSIX_VECTORS.to_le_bytes());
        space.put(MSIX + 4, &MSIX_TABLE.to_le_bytes());
        space.put(MSIX + 8, &MSIX_PENDING.to_le_bytes());
        space.put(EXPRESS, &[EXPRESS_ID, 0]);
        space.put(EXPRESS + 2, &EXPRESS_FLAGS.to_le_bytes());
        space.put(DEVICE_CAPABILITIES, &DEVICE_CAPABILITIES_VALUE.to_le_bytes());
        space.put(EXTENDED, &AER.to_le_bytes());
        space.put(ARI, &ARI_HEADER.to_le_bytes());
        space
    }

    /// The function may reach memory and send interrupts.
    pub(crate) fn is_bus_master(&self) -> bool {
        self.word(COMMAND) & COMMAND_BUS_MASTER != 0
    }

    /// Copies out what is there; all ones beyond its end.
    pub(crate) fn read(&self, offset: usize, into: &mut [u8]) {
        into.fill(0xff);
        let there = self.bytes.get(offset..).unwrap_or_default();
        for (to, from) in into.iter_mut().zip(there) {
            *to = *from;
        }
    }

    /// Writes what can be written. True asks for a function-level reset.
    pub(crate) fn write(&mut self, offset: usize, from: &[u8]) -> bool {
        let mut reset = false;
        for (at, value) in
            from.iter().enumerate().map(|(i, value)| (offset.saturating_add(i), *value))
        {
            let writable = writable(at);
            if let Some(byte) = self.bytes.get_mut(at) {
                *byte = *byte & !writable | value & writable;
            }
            reset |= at == DEVICE_CONTROL + 1 && value & (DEVICE_CONTROL_FLR >> 8) as u8 != 0;
        }
        reset
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Which bits of a byte can be written.
fn writable(at: usize) -> u8 {
    match at {
        COMMAND => COMMAND_BUS_MASTER as u8,
        _ if at == MSIX_CONTROL + 1 => (MSIX_WRITABLE >> 8) as u8,
        _ => 0,
    }
}
