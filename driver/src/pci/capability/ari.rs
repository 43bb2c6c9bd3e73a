//! Alternative Routing-ID Interpretation (PCIe 3.0, 7.23): up to 256 functions in one device.

use crate::pci::config::{ConfigError, ConfigSpace};

/// The Alternative Routing-ID Interpretation capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ari {
    /// The next function of the device, 0 after the last. VFs are not in this list.
    pub next_function: u8,
    /// Function groups for virtual channels are on.
    pub mfvc_groups: bool,
    /// Function groups for ACS are on.
    pub acs_groups: bool,
    /// The function group, 0 to 7.
    pub function_group: u8,
}

impl Ari {
    pub(super) const SIZE: u16 = 8;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<Ari, ConfigError> {
        let [_, next_function] = space.read16(at + 4)?.to_le_bytes();
        let [control, _] = space.read16(at + 6)?.to_le_bytes();
        Ok(Ari {
            next_function,
            mfvc_groups: control & 1 != 0,
            acs_groups: control & 2 != 0,
            function_group: control >> 4 & 7,
        })
    }
}
