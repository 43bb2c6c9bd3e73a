//! PCI functions: their addresses, what sysfs says of them, and their configuration space.
//!
//! All paths start at a [`Root`](crate::Root), so that a tree of plain files can stand in for the
//! machine. Nothing here writes.
//!
//! ```no_run
//! use barline::Root;
//! use barline::pci::{Capabilities, PciDevice};
//!
//! # fn main() -> barline::Result<()> {
//! let device = PciDevice::open(&Root::default(), "0000:01:10.0".parse()?)?;
//! let ids = device.ids()?;
//! println!("{:04x}:{:04x}, driver {:?}", ids.vendor, ids.device, device.driver()?);
//! let capabilities = Capabilities::walk(&device.config()?);
//! println!("MSI-X vectors: {:?}", capabilities.msix().map(|msix| msix.vectors));
//! # Ok(())
//! # }
//! ```

mod address;
mod attribute;
pub mod capability;
mod config;
mod device;
mod group;
mod net;
mod resource;

pub use address::PciAddress;
pub use capability::Capabilities;
pub use config::{ConfigError, ConfigFile, ConfigImage, ConfigSpace, Extent};
pub use device::{PciDevice, PciIds};
pub use group::{GroupMember, IommuGroup};
pub use net::NetInterface;
pub use resource::{Resource, ResourceKind, Resources};
