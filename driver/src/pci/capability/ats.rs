//! Address Translation Services (ATS 1.1, 5.1): the function caches the IOMMU's translations.

use crate::pci::config::{ConfigError, ConfigSpace};

/// The Address Translation Services capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ats {
    /// How many invalidations the function takes before it pushes back, 1 to 32.
    pub queue_depth: u8,
    /// The function asks for whole pages only.
    pub page_aligned: bool,
    /// It is on.
    pub enabled: bool,
    /// The smallest piece that is translated, in bytes: 4096 times a power of two.
    pub translation_unit: u64,
}

impl Ats {
    pub(super) const SIZE: u16 = 8;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<Ats, ConfigError> {
        let [capability, _] = space.read16(at + 4)?.to_le_bytes();
        let control = space.read16(at + 6)?;
        let depth = capability & 0x1f;
        Ok(Ats {
            // Five bits, where 0 stands for 32.
            queue_depth: if depth == 0 { 32 } else { depth },
            page_aligned: capability & 0x20 != 0,
            enabled: control & 0x8000 != 0,
            translation_unit: 4096 << (control & 0x1f),
        })
    }
}
