//! The capability lists of configuration space, walked with bounds.
//!
//! Two lists exist: the standard one starts at the pointer in byte 0x34 and stays in the first 256
//! bytes (PCI 3.0, 6.7), the extended one starts at 0x100 (PCIe 3.0, 7.9). Both are linked by
//! offsets that the device supplies, so nothing about them is taken for granted: a list that loops,
//! leaves configuration space or reads as all ones ends the walk there and is reported as a
//! [`Fault`]. The registers' offsets and bits are those of Linux's `pci_regs.h`.

mod acs;
mod aer;
mod ari;
mod ats;
mod express;
mod msix;
mod names;
mod sriov;
mod walk;

use std::fmt;

pub use acs::{Acs, AcsControls};
pub use aer::Aer;
pub use ari::Ari;
pub use ats::Ats;
pub use express::{Link, LinkSpeed, PciExpress, PortType};
pub use msix::{BarOffset, MsiX};
pub use sriov::SrIov;
pub use walk::Capabilities;

/// Which list a capability is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// The list in the first 256 bytes.
    Standard,
    /// The list from 0x100 on.
    Extended,
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            List::Standard => "standard",
            List::Extended => "extended",
        })
    }
}

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Which list it is in.
    pub list: List,
    /// Where its header is in configuration space, in bytes.
    pub offset: u16,
    /// Its id, whose meaning depends on the list: 8 bits in the standard one, 16 in the other.
    pub id: u16,
    /// The version that the header gives; 0 in the standard list, whose headers have none.
    pub version: u8,
    /// What it says, where this crate knows it.
    pub body: Body,
}

impl Capability {
    /// The capability's name, such as `MSI-X`; `None` for an id that this crate has no name for.
    pub fn name(&self) -> Option<&'static str> {
        names::name(self.list, self.id)
    }
}

/// The contents of a capability.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body {
    /// MSI-X interrupts.
    MsiX(MsiX),
    /// PCI Express itself.
    PciExpress(PciExpress),
    /// Advanced Error Reporting.
    Aer(Aer),
    /// Access Control Services.
    Acs(Acs),
    /// Alternative Routing-ID Interpretation.
    Ari(Ari),
    /// Address Translation Services.
    Ats(Ats),
    /// Single Root I/O Virtualization.
    SrIov(SrIov),
    /// One that this crate does not look into, or that was cut off (then there is a [`Fault`]).
    Opaque,
}

/// What is wrong with a device's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The header reads as all ones: the device is gone, asleep in D3cold or held in reset.
    Gone,
    /// A list comes back to an entry that it already had.
    Loop {
        /// Which list.
        list: List,
        /// The entry that it comes back to.
        offset: u16,
    },
    /// A list points to where none of its entries can be.
    OutOfRange {
        /// Which list.
        list: List,
        /// Where it points to.
        offset: u16,
    },
    /// An entry's header reads as all ones.
    AllOnes {
        /// Which list.
        list: List,
        /// The entry.
        offset: u16,
    },
    /// An entry's registers reach past the end of what can be read.
    Truncated {
        /// Which list.
        list: List,
        /// The entry.
        offset: u16,
    },
    /// The kernel could not read there.
    Unreadable {
        /// The byte from which it was to read.
        offset: u16,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Gone => {
                f.write_str("configuration space reads as all ones: the device does not answer")
            }
            Fault::Loop { list, offset } => {
                write!(f, "the {list} capability list comes back to {offset:#x}")
            }
            Fault::OutOfRange { list, offset } => {
                write!(f, "the {list} capability list points to {offset:#x}, outside its room")
            }
            Fault::AllOnes { list, offset } => {
                write!(f, "the {list} capability at {offset:#x} reads as all ones")
            }
            Fault::Truncated { list, offset } => {
                write!(f, "the {list} capability at {offset:#x} reaches past the end of its room")
            }
            Fault::Unreadable { offset } => {
                write!(f, "configuration space could not be read at {offset:#x}")
            }
        }
    }
}
