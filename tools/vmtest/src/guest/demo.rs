//! The demonstration: two VFs in the guest and live figures on the terminal.

use crate::vf;
use vmtest::Result;

/// Runs it; what is printed goes to the terminal as it is.
pub fn run() -> Result {
    let (pf, vfs) = vf::ready(0, 2)?;
    println!("{} ({}) has {} VFs:", pf.bdf, pf.netdev, vfs.len());
    for vf in &vfs {
        println!("  {} {} in IOMMU group {}", vf.bdf, vf.mac(), vf.group()?);
    }
    Ok(())
}
