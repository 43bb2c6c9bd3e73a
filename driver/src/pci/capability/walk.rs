//! The walk along both lists.

use super::{Acs, Aer, Ari, Ats, Body, Capability, Fault, List, MsiX, PciExpress, SrIov};
use crate::pci::config::{ConfigError, ConfigSpace, Extent};

// include/uapi/linux/pci_regs.h
const COMMAND_STATUS: u16 = 0x04;
const STATUS_CAP_LIST: u32 = 0x10 << 16;
const HEADER_TYPE: u16 = 0x0e;
const CARDBUS: u8 = 2;
const CAPABILITY_LIST: u16 = 0x34;
const CARDBUS_CAPABILITY_LIST: u16 = 0x14;

/// The standard list lies between the header and the end of conventional configuration space.
const STANDARD_START: u16 = 0x40;
const STANDARD_END: u16 = 0x100;
const EXTENDED_START: u16 = 0x100;
const EXTENDED_END: u16 = 0x1000;

/// All capabilities of a function, as far as they can be seen, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The entries in the order of the lists, the standard list first.
    pub list: Vec<Capability>,
    /// What was wrong. The entries before a fault are still in the list.
    pub faults: Vec<Fault>,
    /// How much of configuration space could be seen: with [`Extent::Header`] nothing is known of
    /// either list, with [`Extent::Conventional`] nothing of the extended one.
    pub extent: Extent,
}

macro_rules! find {
    ($($(#[$doc:meta])* $name:ident: $body:ident($type:ty)),* $(,)?) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> Option<&$type> {
            self.list.iter().find_map(|capability| match &capability.body {
                Body::$body(body) => Some(body),
                _ => None,
            })
        }
    )*};
}

impl Capabilities {
    /// Walks both lists. Always ends: an entry is visited once, and there is room for 48 standard
    /// and 960 extended ones.
    pub fn walk(space: &dyn ConfigSpace) -> Capabilities {
        let mut found =
            Capabilities { list: Vec::new(), faults: Vec::new(), extent: space.extent() };
        match header(space) {
            // A VF's vendor and device read as ffff:ffff (SR-IOV 1.1, 3.4.1), so that those alone
            // do not say that a device is gone; its command and status registers are real.
            Ok((u32::MAX, u32::MAX)) => found.faults.push(Fault::Gone),
            Ok((_, status)) => {
                if status & STATUS_CAP_LIST != 0 {
                    found.standard(space);
                }
                found.extended(space);
            }
            Err(error) => found.fault(List::Standard, 0, &error),
        }
        found
    }

    find! {
        /// The first MSI-X capability.
        msix: MsiX(MsiX),
        /// The first PCI Express capability.
        express: PciExpress(PciExpress),
        /// The first Advanced Error Reporting capability.
        aer: Aer(Aer),
        /// The first Access Control Services capability.
        acs: Acs(Acs),
        /// The first Alternative Routing-ID Interpretation capability.
        ari: Ari(Ari),
        /// The first Address Translation Services capability.
        ats: Ats(Ats),
        /// The first SR-IOV capability. Only a PF has one.
        sriov: SrIov(SrIov),
    }

    fn standard(&mut self, space: &dyn ConfigSpace) {
        if self.extent == Extent::Header {
            return;
        }
        let list = List::Standard;
        let mut seen = Visited::default();
        let mut next = match standard_start(space) {
            Ok(start) => start,
            Err(error) => return self.fault(list, CAPABILITY_LIST, &error),
        };
        while next != 0 {
            let offset = next;
            if offset < STANDARD_START {
                return self.faults.push(Fault::OutOfRange { list, offset });
            }
            if seen.again(offset) {
                return self.faults.push(Fault::Loop { list, offset });
            }
            let [id, link] = match space.read16(offset) {
                Ok(u16::MAX) => return self.faults.push(Fault::AllOnes { list, offset }),
                Ok(header) => header.to_le_bytes(),
                Err(error) => return self.fault(list, offset, &error),
            };
            let body = match id {
                0x10 => self.body(space, list, offset, PciExpress::SIZE, |space, at| {
                    PciExpress::read(space, at).map(Body::PciExpress)
                }),
                0x11 => self.body(space, list, offset, MsiX::SIZE, |space, at| {
                    MsiX::read(space, at).map(Body::MsiX)
                }),
                _ => Body::Opaque,
            };
            self.list.push(Capability { list, offset, id: id.into(), version: 0, body });
            next = u16::from(link & !3);
        }
    }

    fn extended(&mut self, space: &dyn ConfigSpace) {
        if self.extent != Extent::Extended {
            return;
        }
        let list = List::Extended;
        let mut seen = Visited::default();
        let mut next = EXTENDED_START;
        while next != 0 {
            let offset = next;
            if offset < EXTENDED_START {
                return self.faults.push(Fault::OutOfRange { list, offset });
            }
            if seen.again(offset) {
                return self.faults.push(Fault::Loop { list, offset });
            }
            let header = match space.read32(offset) {
                // No capability here (PCIe 3.0, 7.9.1), and no link to another.
                Ok(0) => return,
                Ok(u32::MAX) => return self.faults.push(Fault::AllOnes { list, offset }),
                Ok(header) => header,
                Err(error) => return self.fault(list, offset, &error),
            };
            let [low, high, ..] = header.to_le_bytes();
            let id = u16::from_le_bytes([low, high]);
            let body = self.extended_body(space, offset, id);
            let version = header.to_be_bytes()[1] & 0xf;
            self.list.push(Capability { list, offset, id, version, body });
            // Twelve bits, of which the low two are reserved.
            next = u16::from_le_bytes([header.to_le_bytes()[2], header.to_le_bytes()[3]]) >> 4 & !3;
        }
    }

    fn extended_body(&mut self, space: &dyn ConfigSpace, offset: u16, id: u16) -> Body {
        let list = List::Extended;
        match id {
            0x01 => {
                self.body(space, list, offset, Aer::SIZE, |s, at| Aer::read(s, at).map(Body::Aer))
            }
            0x0d => {
                self.body(space, list, offset, Acs::SIZE, |s, at| Acs::read(s, at).map(Body::Acs))
            }
            0x0e => {
                self.body(space, list, offset, Ari::SIZE, |s, at| Ari::read(s, at).map(Body::Ari))
            }
            0x0f => {
                self.body(space, list, offset, Ats::SIZE, |s, at| Ats::read(s, at).map(Body::Ats))
            }
            0x10 => self.body(space, list, offset, SrIov::SIZE, |s, at| {
                SrIov::read(s, at).map(Body::SrIov)
            }),
            _ => Body::Opaque,
        }
    }

    /// Reads a capability's registers, if all `size` bytes of them lie in the room of their list.
    fn body(
        &mut self,
        space: &dyn ConfigSpace,
        list: List,
        offset: u16,
        size: u16,
        read: impl FnOnce(&dyn ConfigSpace, u16) -> Result<Body, ConfigError>,
    ) -> Body {
        let end = match list {
            List::Standard => STANDARD_END,
            List::Extended => EXTENDED_END,
        };
        if end - offset < size {
            self.faults.push(Fault::Truncated { list, offset });
            return Body::Opaque;
        }
        read(space, offset).unwrap_or_else(|error| {
            self.fault(list, offset, &error);
            Body::Opaque
        })
    }

    fn fault(&mut self, list: List, offset: u16, error: &ConfigError) {
        self.faults.push(match error {
            ConfigError::OutOfRange { .. } => Fault::Truncated { list, offset },
            ConfigError::Io { offset, .. } => Fault::Unreadable { offset: *offset },
        });
    }
}

fn header(space: &dyn ConfigSpace) -> Result<(u32, u32), ConfigError> {
    Ok((space.read32(0)?, space.read32(COMMAND_STATUS)?))
}

fn standard_start(space: &dyn ConfigSpace) -> Result<u16, ConfigError> {
    // Bit 7 says that the device has more functions.
    let pointer = match space.read8(HEADER_TYPE)? & 0x7f {
        CARDBUS => CARDBUS_CAPABILITY_LIST,
        _ => CAPABILITY_LIST,
    };
    // The low two bits are reserved, and to be masked by software (PCI 3.0, 6.7).
    Ok(u16::from(space.read8(pointer)? & !3))
}

/// Which offsets a walk has been to: one bit for each four bytes of configuration space.
#[derive(Default)]
struct Visited([u64; 16]);

impl Visited {
    /// Marks `offset`, and says whether it was marked before. Anything past the end counts as
    /// visited, which ends the walk.
    fn again(&mut self, offset: u16) -> bool {
        let bit = usize::from(offset) / 4;
        let Some(word) = self.0.get_mut(bit / 64) else {
            return true;
        };
        let mask = 1 << (bit % 64);
        let before = *word & mask != 0;
        *word |= mask;
        before
    }
}
