//! VFIO without a kernel.
