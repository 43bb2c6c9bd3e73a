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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Model;

    fn space() -> ConfigSpace {
        ConfigSpace::new(Model::X550.generation())
    }

    fn dword(space: &ConfigSpace, at: usize) -> u32 {
        let mut bytes = [0; 4];
        space.read(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    #[test]
    fn it_shows_a_vf_as_lspci_does() {
        let space = space();
        assert_eq!(dword(&space, 0x00), 0xffff_ffff, "a VF has no ids of its own");
        assert_eq!(dword(&space, 0x04), 0x0010_0000, "no memory space bit, a list of capabilities");
        assert_eq!(dword(&space, 0x08) >> 8, 0x02_0000, "an Ethernet controller");
        for bar in (0x10..0x28).step_by(4) {
            assert_eq!(dword(&space, bar), 0);
        }
        // The list: MSI-X with three vectors, table in BAR 3; then PCI Express, the last.
        assert_eq!(dword(&space, 0x34), 0x70);
        assert_eq!(dword(&space, 0x70), 0x0002_a011);
        assert_eq!((dword(&space, 0x74), dword(&space, 0x78)), (0x0000_0003, 0x0000_2003));
        assert_eq!(dword(&space, 0xa0), 0x0002_0010);
        assert_ne!(dword(&space, 0xa4) & 1 << 28, 0, "function-level reset");
        // The extended list: error reporting, then ARI, the last.
        assert_eq!(dword(&space, 0x100), 0x1501_0001);
        assert_eq!(dword(&space, 0x150), 0x0001_000e);
    }

    #[test]
    fn only_bus_mastering_and_msix_can_be_written() {
        let mut space = space();
        let before: Vec<u32> = (0..LEN).step_by(4).map(|at| dword(&space, at)).collect();
        for at in (0..LEN).filter(|at| *at != 0xa9) {
            assert!(!space.write(at, &[0xff]));
        }
        assert!(space.is_bus_master());
        for (at, before) in (0..LEN).step_by(4).zip(before) {
            let after = dword(&space, at);
            let written = match at {
                0x04 => 1 << 2,
                0x70 => 3 << 30,
                _ => 0,
            };
            assert_eq!(after, before | written, "{at:#x}");
        }
        space.write(0x04, &[0, 0]);
        assert!(!space.is_bus_master());
    }

    #[test]
    fn a_reset_is_asked_for_by_one_bit_which_reads_zero() {
        let mut space = space();
        assert!(space.write(0xa8, &[0x00, 0x80]));
        assert!(!space.write(0xa8, &[0x80, 0x00]));
        assert_eq!(dword(&space, 0xa8), 0);
    }

    #[test]
    fn there_is_nothing_beyond_its_end() {
        let mut space = space();
        let mut bytes = [0; 8];
        space.read(LEN - 4, &mut bytes);
        assert_eq!(bytes, [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        assert!(!space.write(usize::MAX, &[1, 2, 3]));
    }
}
