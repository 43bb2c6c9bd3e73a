//! The files of a run: the sysfs of its adapter, and the names of its devices.
//!
//! What is there is as Linux 6.12 shows it (`drivers/pci/pci-sysfs.c`, `iov.c`, `drivers/iommu/iommu.c`,
//! `net/core/net-sysfs.c`), for a machine with an Intel IOMMU whose one adapter has its VFs bound to
//! vfio-pci. Left out is what no program reads of a device that it drives by VFIO: power management, the
//! statistics of error reporting and of the interface, and the BARs as files.

mod bus;
mod config;
mod cpus;
mod function;
mod functions;
mod image;
mod iommu;
mod network;
mod resource;
mod sysfs;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use softnic::Spec;

use crate::topology;
use sysfs::Sysfs;

/// Writes `sys` and `dev` of an adapter with these options below `dir`, which is there.
///
/// # Errors
/// A file cannot be made.
pub fn write(dir: &Path, spec: &Spec) -> io::Result<()> {
    let sys = Sysfs::new(dir.join("sys"));
    let functions = functions::all(spec)?;
    for function in &functions {
        function.write(&sys)?;
    }
    bus::write(&sys, &functions)?;
    iommu::write(&sys, &functions)?;
    network::write(&sys, spec)?;
    nodes(&dir.join("dev/vfio"), spec.vfs)
}

/// The container and a group for each VF. The PF's and the root port's groups have none: no member is
/// bound to vfio-pci.
fn nodes(dir: &Path, vfs: usize) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join("vfio"), "")?;
    for vf in 0..vfs {
        std::fs::write(dir.join(topology::group_of(vf).to_string()), "")?;
    }
    Ok(())
}
