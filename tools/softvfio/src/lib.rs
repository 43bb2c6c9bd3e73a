//! VFIO without a kernel: what a program finds in `/sys` and `/dev/vfio` and behind VFIO's calls, with
//! the VFs of a software adapter ([`softnic`]).
//!
//! It exports no function of the C library; the package `barline-preload` does, and asks this one.
//!
//! # Rooms
//! - [`run`] is one `barline soft exec`: a directory, an adapter that its programs share. [`tree`] writes
//!   its files, [`paths`] says which paths lead there, [`topology`] which addresses there are.
//! - [`Vfio`] answers the calls of one process: `container`, `group`, `iommu` and `device` have the kernel's
//!   rules, `state` what is open, `home` the adapter, `user` the program's memory.
//! - [`trap`] does accesses to registers that have effects, [`maps`] knows where they and the memory of
//!   devices are, [`signals`] keeps SIGSEGV for it beside the program's handler.
//! - [`inside`] and [`private`] keep this library's own calls and descriptors apart from the program's.
//! - [`trace`] writes down what a program does to a device; [`inject`] makes its calls fail.

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
