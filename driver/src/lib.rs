//! barline: a userspace driver for SR-IOV Virtual Functions.

pub mod dma;
mod error;
pub mod pci;
mod root;
pub mod sriov;
pub mod transport;
pub mod vfio;

pub use error::{Error, Result};
pub use root::Root;
