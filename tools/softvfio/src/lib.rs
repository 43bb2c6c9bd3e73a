//! VFIO without a kernel.

pub mod access;
pub mod inject;
mod lock;
pub mod maps;
pub mod inside;
pub mod paths;
pub mod run;
mod say;
pub mod signals;
pub mod topology;
pub mod trace;
pub mod trap;
pub mod tree;
mod vfio;

use say::say;
pub use vfio::Vfio;

/// An error number of the C library, positive.
pub type Errno = i32;
