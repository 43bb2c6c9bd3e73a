//! VFIO without a kernel.

pub mod access;
mod container;
mod device;
mod group;
mod home;
pub mod inject;
pub mod inside;
mod iommu;
mod lock;
pub mod maps;
pub mod paths;
pub mod private;
mod request;
pub mod run;
mod say;
pub mod signals;
mod state;
mod sys;
pub mod topology;
pub mod trace;
pub mod trap;
pub mod tree;
mod user;
mod vfio;

use say::say;
pub use vfio::Vfio;

/// An error number of the C library, positive.
pub type Errno = i32;
