//! The life of a VF before and after it carries packets: a PF makes VFs, one is bound to vfio-pci,
//! given back, and removed with the others.
//!
//! All of it is done by writing to sysfs, which wants root. Each step is checked by what the kernel
//! shows afterwards, not by the write's success alone; what was changed is put back when a later
//! step fails.
//!
//! ```no_run
//! use barline::Root;
//! use barline::sriov::Host;
//!
//! # fn main() -> barline::Result<()> {
//! let host = Host::new(Root::default());
//! let created = host.create("0000:01:00.0".parse()?, 2)?;
//! for vf in created.vfs {
//!     host.bind(vf, false)?;
//! }
//! # Ok(())
//! # }
//! ```

mod bind;
mod create;
mod remedy;
mod unbind;
mod write;

pub use bind::Bound;
pub use create::Created;
pub use unbind::Unbound;
pub use write::{KernelSysfs, SysfsWrite, WriteError};

use crate::{Error, Result, Root};

/// The driver that gives a device to userspace.
pub(crate) const VFIO_PCI: &str = "vfio-pci";

/// The machine whose functions are made, bound and given back.
///
/// What is read comes from the files below its [`Root`]; what is written goes through `W`, the
/// kernel's sysfs unless something stands in for it.
#[derive(Clone, Debug)]
pub struct Host<W = KernelSysfs> {
    root: Root,
    sysfs: W,
}

impl Host {
    /// The machine whose sysfs is below `root`.
    pub fn new(root: Root) -> Host {
        Host::with(root, KernelSysfs)
    }
}

impl<W: SysfsWrite> Host<W> {
    /// As [`Host::new`], with `sysfs` to do the writes.
    pub fn with(root: Root, sysfs: W) -> Host<W> {
        Host { root, sysfs }
    }

    /// What does the writes.
    pub fn sysfs(&self) -> &W {
        &self.sysfs
    }
}

/// Why a step failed, once it was tried to put back what was changed before it.
fn after_roll_back(cause: Error, restored: Result<()>) -> Error {
    match restored {
        Ok(()) => cause,
        Err(trouble) => Error::RollBack { cause: Box::new(cause), trouble: Box::new(trouble) },
    }
}
