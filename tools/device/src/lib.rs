//! Devices by name: a PCI address such as `0000:01:10.0`, or `soft` for a VF of a software adapter.
//!
//! Every program of this project takes its devices as such strings. [`open`] makes a [`Port`] of
//! either kind, so that no program knows the difference:
//!
//! ```
//! let name: barline_device::DeviceName = "soft:vfs=2,vf=1,uplink=sink".parse()?;
//! let mut device = barline_device::open(&name, barline::Config::default())?;
//! let queues = device.port.start()?;
//! assert_eq!(device.port.name(), name.to_string());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Software adapters
//! Within a process all `soft` strings with the same options, but for `vf=`, mean one adapter: two VFs
//! of it reach each other through its switch. It ends with its last user, which is a port, one of its
//! queues, or an [`Adapter`].
//!
//! # Exit statuses
//! There are two kinds of trouble, and programs tell them apart by their exit status. A string that
//! can mean no device ([`BadName`]) is wrong usage, exit status 2. A device that is not there, or
//! refuses, is [`barline::Error`] from [`open`], exit status 1.

mod adapter;
mod error;
mod name;
mod registry;
pub mod soak;
mod space;
mod transport;

pub use adapter::Adapter;
pub use name::{BadName, DeviceName};

use barline::{Config, Port, Result};

/// An open device.
#[derive(Debug)]
pub struct Device {
    /// Its port.
    pub port: Port,
    /// The adapter that it is a VF of, if that is software.
    pub adapter: Option<Adapter>,
}

/// Opens the device that a name means.
///
/// # Errors
/// As for [`Port::open_with`]. A software adapter can be refused, too: a VF that another process
/// drives, a TAP interface or a file that cannot be opened.
pub fn open(name: &DeviceName, config: Config) -> Result<Device> {
    match name.kind() {
        name::Kind::Pci(address) => {
            let port = Port::open_with(&address.to_string(), config)?;
            Ok(Device { port, adapter: None })
        }
        name::Kind::Soft { spec, vf } => {
            let adapter = Adapter::of(spec, *vf)?;
            let port = Port::on(adapter.transport(*vf)?, config)?;
            Ok(Device { port, adapter: Some(adapter) })
        }
    }
}
