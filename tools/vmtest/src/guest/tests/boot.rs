//! The ground that every other test stands on.

use crate::pf::Pf;
use crate::program::ip;
use crate::{host, vf};
use vmtest::{Result, ensure};

/// Two VFs with their MACs, bound to vfio-pci, their group nodes there; the cable can be pulled.
pub fn run() -> Result {
    let (pf, vfs) = vf::ready(0, 2)?;
    ensure!(Pf::all()?.len() == 1, "there should be one PF");
    let shown = ip(&["link", "show", &pf.netdev])?;
    for vf in &vfs {
        println!("{} {} {}", vf.bdf, vf.mac(), vf.group_node()?.display());
        ensure!(vf.driver().as_deref() == Some("vfio-pci"), "{}: {:?}", vf.bdf, vf.driver());
        ensure!(vf.group_node()?.exists(), "{}: no {}", vf.bdf, vf.group_node()?.display());
        ensure!(shown.contains(&vf.mac()), "no {} in: {shown}", vf.mac());
    }
    ensure!(vfs[0].group()? != vfs[1].group()?, "both VFs are in one group");

    host::set_link(0, false)?;
    pf.wait_for_carrier(false)?;
    host::set_link(0, true)?;
    pf.wait_for_carrier(true)?;
    ensure!(host::dma_faults()? == 0, "DMA faults");
    let pci = host::monitor("info pci")?;
    ensure!(pci.contains("8086:10c9"), "no 82576 in: {pci}");
    Ok(())
}
