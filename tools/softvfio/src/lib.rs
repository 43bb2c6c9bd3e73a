//! VFIO without a kernel.

pub mod inject;
pub mod paths;
pub mod run;
pub mod topology;
pub mod tree;
mod vfio;

pub use vfio::Vfio;

/// An error number of the C library, positive.
pub type Errno = i32;
