//! `barline bind` and `barline unbind`: which driver has a VF.
//!
//! Both go through the addresses in their order, once all of them are known to exist, and end at
//! the first that fails; what was done before it stays done, and is in the answer.
//!
//! The JSON of `bind` is `{"bound": [...]}`:
//!
//! | field | |
//! |---|---|
//! | `address` | the function |
//! | `before` | the driver that it had, or null; `vfio-pci` if there was nothing to do |
//! | `iommu_group` | number, as in `/dev/vfio/<number>` (`noiommu-<number>` in vfio's no-IOMMU mode), or null if the kernel shows none |
//! | `in_the_way` | array of strings: members of that group whose drivers keep programs from opening it |
//!
//! The JSON of `unbind` is `{"unbound": [...]}`:
//!
//! | field | |
//! |---|---|
//! | `address` | the function |
//! | `before` | the driver that it had, or null |
//! | `driver` | the driver that it has now, or null |

use std::fmt;

use barline::Root;
use barline::pci::{PciAddress, PciDevice};
use barline::sriov::Host;
use serde::Serialize;

use super::function::Function;
use crate::output::{Failure, Output};

#[derive(Serialize)]
struct Bound {
    bound: Vec<BoundDevice>,
}

#[derive(Serialize)]
struct BoundDevice {
    address: String,
    before: Option<String>,
    iommu_group: Option<u32>,
    in_the_way: Vec<String>,
}

#[derive(Serialize)]
struct Unbound {
    unbound: Vec<UnboundDevice>,
}

#[derive(Serialize)]
struct UnboundDevice {
    address: String,
    before: Option<String>,
    driver: Option<String>,
    /// The kernel was asked to look for a driver.
    #[serde(skip)]
    reprobed: bool,
}

pub fn bind(
    root: &Root,
    output: Output,
    devices: &[PciAddress],
    force: bool,
) -> Result<(), Failure> {
    let host = Host::new(root.clone());
    let (bound, ended) = each(root, devices, |address| {
        let done = host.bind(address, force)?;
        let function = Function::of(&PciDevice::open(root, address)?)?;
        let in_the_way = function.iommu_group.map(|group| group.others(&function.address, true));
        Ok(BoundDevice {
            address: function.address,
            before: done.before,
            iommu_group: done.group,
            in_the_way: in_the_way.unwrap_or_default(),
        })
    })?;
    output.answer(&Bound { bound })?;
    Ok(ended?)
}

pub fn unbind(
    root: &Root,
    output: Output,
    devices: &[PciAddress],
    reprobe: bool,
) -> Result<(), Failure> {
    let host = Host::new(root.clone());
    let (unbound, ended) = each(root, devices, |address| {
        let done = host.unbind(address, reprobe)?;
        Ok(UnboundDevice {
            address: address.to_string(),
            before: done.before,
            driver: done.driver,
            reprobed: reprobe,
        })
    })?;
    output.answer(&Unbound { unbound })?;
    Ok(ended?)
}

/// Does one after the other up to the first that fails: what was done, and how it ended.
fn each<T>(
    root: &Root,
    devices: &[PciAddress],
    mut act: impl FnMut(PciAddress) -> barline::Result<T>,
) -> barline::Result<(Vec<T>, barline::Result<()>)> {
    // A slip in the last address should not leave the others half done.
    for address in devices {
        PciDevice::open(root, *address)?;
    }
    let mut done = Vec::new();
    for address in devices {
        match act(*address) {
            Ok(one) => done.push(one),
            // Nothing was done: there is no answer to give.
            Err(error) if done.is_empty() => return Err(error),
            Err(error) => return Ok((done, Err(error))),
        }
    }
    Ok((done, Ok(())))
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for device in &self.bound {
            write!(f, "{}: bound to vfio-pci", device.address)?;
            match device.before.as_deref() {
                Some("vfio-pci") => write!(f, ", as before")?,
                Some(before) => write!(f, ", taken from {before}")?,
                None => {}
            }
            if let Some(group) = device.iommu_group {
                write!(f, "; IOMMU group {group}")?;
            }
            if !device.in_the_way.is_empty() {
                let others = device.in_the_way.join(", ");
                write!(f, " cannot be opened until these are bound to vfio-pci too: {others}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Unbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for device in &self.unbound {
            match (device.before.as_deref(), device.driver.as_deref()) {
                (before, Some(driver)) if before == Some(driver) => {
                    writeln!(f, "{}: bound to {driver}, as before", device.address)?;
                }
                (_, Some(driver)) => writeln!(f, "{}: bound to {driver}", device.address)?,
                (_, None) if device.reprobed => writeln!(
                    f,
                    "{}: bound to no driver: none that is loaded wants it",
                    device.address
                )?,
                (None, None) => writeln!(f, "{}: bound to no driver, as before", device.address)?,
                (Some(_), None) => writeln!(f, "{}: bound to no driver", device.address)?,
            }
        }
        Ok(())
    }
}
