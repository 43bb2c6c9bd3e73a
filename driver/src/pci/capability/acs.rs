//! Access Control Services (PCIe 3.0, 7.16): what keeps functions below one port apart.

use crate::pci::config::{ConfigError, ConfigSpace};

/// The Access Control Services capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acs {
    /// What the function can do.
    pub capable: AcsControls,
    /// What is on.
    pub enabled: AcsControls,
}

/// The controls of ACS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcsControls {
    /// Requests with a foreign requester id are blocked (V).
    pub source_validation: bool,
    /// Requests that claim to be translated are blocked (B).
    pub translation_blocking: bool,
    /// Requests from peer to peer go up to the IOMMU first (R).
    pub request_redirect: bool,
    /// So do their completions (C).
    pub completion_redirect: bool,
    /// Requests that came back redirected are forwarded up (U).
    pub upstream_forwarding: bool,
    /// There is a vector of ports that peers may reach (E).
    pub egress_control: bool,
    /// Translated requests may go from peer to peer (T).
    pub direct_translated: bool,
}

impl Acs {
    pub(super) const SIZE: u16 = 8;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<Acs, ConfigError> {
        Ok(Acs {
            capable: AcsControls::from_register(space.read16(at + 4)?),
            enabled: AcsControls::from_register(space.read16(at + 6)?),
        })
    }
}

impl AcsControls {
    fn from_register(value: u16) -> AcsControls {
        let bit = |bit: u16| value >> bit & 1 != 0;
        AcsControls {
            source_validation: bit(0),
            translation_blocking: bit(1),
            request_redirect: bit(2),
            completion_redirect: bit(3),
            upstream_forwarding: bit(4),
            egress_control: bit(5),
            direct_translated: bit(6),
        }
    }

    /// Whether Linux puts what is below such a port into IOMMU groups of their own: it asks for
    /// source validation, both redirects and upstream forwarding (`REQ_ACS_FLAGS`).
    pub fn isolates(&self) -> bool {
        self.source_validation
            && self.request_redirect
            && self.completion_redirect
            && self.upstream_forwarding
    }
}
