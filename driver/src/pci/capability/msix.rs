//! MSI-X (PCI 3.0, 6.8.2).

use crate::pci::config::{ConfigError, ConfigSpace};

/// The MSI-X capability: message-signalled interrupts from a table in a BAR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MsiX {
    /// How many vectors the table has, 1 to 2048.
    pub vectors: u16,
    /// MSI-X is on.
    pub enabled: bool,
    /// All vectors are masked, whatever their own mask says.
    pub masked: bool,
    /// Where the table is, 16 bytes for each vector.
    pub table: BarOffset,
    /// Where the array of pending bits is.
    pub pending: BarOffset,
}

/// A place in a BAR, as the device gives it: not checked against the BAR's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarOffset {
    /// Which BAR, 0 to 5; 6 and 7 are reserved, and a device that says them is at fault.
    pub bar: u8,
    /// Bytes from its start, a multiple of 8.
    pub offset: u32,
}

impl MsiX {
    pub(super) const SIZE: u16 = 12;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<MsiX, ConfigError> {
        let control = space.read16(at + 2)?;
        Ok(MsiX {
            vectors: (control & 0x07ff) + 1,
            enabled: control & 0x8000 != 0,
            masked: control & 0x4000 != 0,
            table: BarOffset::from_register(space.read32(at + 4)?),
            pending: BarOffset::from_register(space.read32(at + 8)?),
        })
    }
}

impl BarOffset {
    fn from_register(value: u32) -> BarOffset {
        BarOffset { bar: value.to_le_bytes()[0] & 7, offset: value & !7 }
    }
}
