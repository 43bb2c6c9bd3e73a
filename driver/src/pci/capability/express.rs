//! PCI Express (PCIe 3.0, 7.8).

use std::fmt;

use crate::pci::config::{ConfigError, ConfigSpace, Extent};

/// The PCI Express capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PciExpress {
    /// The capability's version, 1 or 2.
    pub version: u8,
    /// What kind of function it is.
    pub port: PortType,
    /// The largest payload that the function can take in one packet, in bytes.
    pub max_payload: u16,
    /// The largest payload that it is set to, in bytes.
    pub payload: u16,
    /// The largest read that it may ask for in one packet, in bytes.
    pub max_read_request: u16,
    /// It can be reset alone (Function Level Reset). Every VF must be able to.
    pub function_level_reset: bool,
    /// It has reads under way that are not answered yet.
    pub transactions_pending: bool,
    /// Its link; `None` for a function inside the root complex, which has none.
    pub link: Option<Link>,
}

/// A PCI Express link. In a VF these registers are reserved and read as zero: ask its PF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The highest speed that the function can do.
    pub max_speed: LinkSpeed,
    /// The most lanes that the function can use.
    pub max_width: u8,
    /// The speed now.
    pub speed: LinkSpeed,
    /// The lanes in use now; 0 where the function does not say.
    pub width: u8,
}

/// A link speed, as the link registers encode it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkSpeed(u8);

impl LinkSpeed {
    /// Gigatransfers a second and lane; `None` for a code without meaning (0 in a VF).
    pub fn gigatransfers(self) -> Option<f32> {
        match self.0 {
            1 => Some(2.5),
            2 => Some(5.0),
            3 => Some(8.0),
            4 => Some(16.0),
            5 => Some(32.0),
            6 => Some(64.0),
            _ => None,
        }
    }
}

impl fmt::Display for LinkSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.gigatransfers() {
            Some(rate) => write!(f, "{rate} GT/s"),
            None => f.write_str("unknown speed"),
        }
    }
}

/// The kind of a PCI Express function (PCIe 3.0, 7.8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortType {
    /// An endpoint.
    Endpoint,
    /// An endpoint that needs I/O ports or legacy interrupts.
    LegacyEndpoint,
    /// A port of the root complex.
    RootPort,
    /// A switch's port towards the root.
    UpstreamPort,
    /// A switch's port away from the root.
    DownstreamPort,
    /// A bridge to PCI or PCI-X.
    BridgeToPci,
    /// A bridge from PCI or PCI-X.
    BridgeToExpress,
    /// An endpoint inside the root complex.
    RootComplexEndpoint,
    /// What collects the errors of endpoints inside the root complex.
    RootComplexEventCollector,
    /// A code without meaning.
    Unknown(u8),
}

impl PortType {
    fn from_code(code: u8) -> PortType {
        match code {
            0x0 => PortType::Endpoint,
            0x1 => PortType::LegacyEndpoint,
            0x4 => PortType::RootPort,
            0x5 => PortType::UpstreamPort,
            0x6 => PortType::DownstreamPort,
            0x7 => PortType::BridgeToPci,
            0x8 => PortType::BridgeToExpress,
            0x9 => PortType::RootComplexEndpoint,
            0xa => PortType::RootComplexEventCollector,
            code => PortType::Unknown(code),
        }
    }

    fn has_link(self) -> bool {
        !matches!(self, PortType::RootComplexEndpoint | PortType::RootComplexEventCollector)
    }
}

impl PciExpress {
    /// Up to the link registers, which a function without a link lacks.
    pub(super) const SIZE: u16 = 0x0c;
    const SIZE_WITH_LINK: u16 = 0x14;
    const LINK_CAPABILITIES: u16 = 0x0c;
    const LINK_STATUS: u16 = 0x12;

    pub(super) fn read(space: &dyn ConfigSpace, at: u16) -> Result<PciExpress, ConfigError> {
        let [version_port, _] = space.read16(at + 2)?.to_le_bytes();
        let capabilities = space.read32(at + 4)?;
        let control = space.read16(at + 8)?;
        let status = space.read16(at + 10)?;
        let port = PortType::from_code(version_port >> 4);
        let link = if port.has_link() { Some(Link::read(space, at)?) } else { None };
        Ok(PciExpress {
            version: version_port & 0xf,
            port,
            max_payload: 128 << (capabilities & 7),
            payload: 128 << (control >> 5 & 7),
            max_read_request: 128 << (control >> 12 & 7),
            function_level_reset: capabilities & 0x1000_0000 != 0,
            transactions_pending: status & 0x20 != 0,
            link,
        })
    }
}

impl Link {
    fn read(space: &dyn ConfigSpace, at: u16) -> Result<Link, ConfigError> {
        // The capability is in the standard list, whose room ends before the extended one's.
        let visible = Extent::Conventional.bytes();
        if visible - at < PciExpress::SIZE_WITH_LINK {
            let len = usize::from(PciExpress::SIZE_WITH_LINK);
            return Err(ConfigError::OutOfRange { offset: at, len, visible });
        }
        // In both registers: speed in bits 3:0, width in bits 9:4.
        let [low, high, ..] = space.read32(at + PciExpress::LINK_CAPABILITIES)?.to_le_bytes();
        let can = u16::from_le_bytes([low, high]);
        let is = space.read16(at + PciExpress::LINK_STATUS)?;
        Ok(Link {
            max_speed: speed(can),
            max_width: width(can),
            speed: speed(is),
            width: width(is),
        })
    }
}

fn speed(register: u16) -> LinkSpeed {
    LinkSpeed(register.to_le_bytes()[0] & 0xf)
}

fn width(register: u16) -> u8 {
    (register >> 4 & 0x3f).to_le_bytes()[0]
}
