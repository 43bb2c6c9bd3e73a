//! barline: a userspace driver for SR-IOV Virtual Functions.

mod error;
pub mod pci;
mod root;
pub mod transport;

pub use error::{Error, Result};
pub use root::Root;
