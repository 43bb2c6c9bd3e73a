//! Machines on which VFIO cannot give a VF away: each refusal says what is wrong.

use crate::pf::Pf;
use crate::vf;
use barline::{Error, Root, vfio};
use vmtest::{Context, Result, ensure};

/// A machine without an IOMMU.
pub fn no_iommu() -> Result {
    let pf = Pf::nth(0)?;
    let vfs = pf.create_vfs(1)?;
    let error = refusal(&vfs[0].bdf)?;
    ensure!(matches!(error, Error::NoIommu { .. }), "{error}");
    Ok(())
}

/// A machine whose IOMMU does not remap interrupts.
pub fn no_interrupt_remapping() -> Result {
    let (_pf, vfs) = vf::ready(0, 1)?;
    let error = refusal(&vfs[0].bdf)?;
    ensure!(matches!(error, Error::NoInterruptRemapping { .. }), "{error}");
    Ok(())
}

/// A root port without ACS puts PF and VFs into one group, which the PF's driver is in.
pub fn not_viable() -> Result {
    let (pf, vfs) = vf::ready(0, 2)?;
    let error = refusal(&vfs[0].bdf)?;
    let Error::GroupNotViable { others, .. } = &error else { vmtest::bail!("{error}") };
    ensure!(*others == [format!("{} (igb)", pf.bdf)], "{error}");
    Ok(())
}

fn refusal(bdf: &str) -> Result<Error> {
    let refused = vfio::open(&Root::default(), bdf.parse()?).err();
    let error = refused.context(format_args!("{bdf} was opened"))?;
    println!("{error}");
    ensure!(error.to_string().contains(bdf), "the address is not in: {error}");
    Ok(error)
}
