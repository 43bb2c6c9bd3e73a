//! VFIO without a kernel.

pub mod inject;

/// An error number of the C library, positive.
pub type Errno = i32;
