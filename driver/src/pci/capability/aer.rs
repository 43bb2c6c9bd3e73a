//! Advanced Error Reporting (PCIe 3.0, 7.10).

use crate::pci::config::{ConfigError, ConfigSpace};

/// The Advanced Error Reporting capability, its error bits as the registers have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aer {
    /// Uncorrectable errors seen (7.10.2), such as bit 14 for a completion timeout, bit 20 for an
    /// unsupported request.
    pub uncorrectable: u32,
    /// Uncorrectable errors that are not reported.
    pub uncorrectable_mask: u32,
    /// Uncorrectable errors that are fatal.
    pub uncorrectable_severity: u32,
    /// Correctable errors seen (7.10.5).
    pub correctable: u32,
    /// Correctable errors that are not reported.
    pub correctable_mask: u32,
    /// The bit of the first uncorrectable error, 0 to 31.
    pub first_error: u8,
}

impl Aer {
    pub(super) const SIZE: u16 = 0x1c;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<Aer, ConfigError> {
        Ok(Aer {
            uncorrectable: space.read32(at + 0x04)?,
            uncorrectable_mask: space.read32(at + 0x08)?,
            uncorrectable_severity: space.read32(at + 0x0c)?,
            correctable: space.read32(at + 0x10)?,
            correctable_mask: space.read32(at + 0x14)?,
            first_error: space.read8(at + 0x18)? & 0x1f,
        })
    }
}
