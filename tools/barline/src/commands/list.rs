//! `barline list`: PFs with their VFs.
//!
//! The JSON is `{"pfs": [...], "others": [...]}`, both by address:
//!
//! | field | |
//! |---|---|
//! | `pfs[]` | the fields of a [function](super::function), and |
//! | `pfs[].total_vfs` | number: how many VFs it can have |
//! | `pfs[].num_vfs` | number: how many it has |
//! | `pfs[].vfs[]` | VF 0 first: the fields of a [function](super::function), and `index`, its number |
//! | `others[]` | functions that are no PF's and no VF that one shows, but bound to vfio-pci: the fields of a [function](super::function) |

use std::fmt;

use barline::Root;
use barline::pci::PciDevice;
use serde::Serialize;

use super::function::Function;
use crate::output::{Failure, Output};

#[derive(Serialize)]
struct List {
    pfs: Vec<Pf>,
    others: Vec<Function>,
}

#[derive(Serialize)]
struct Pf {
    #[serde(flatten)]
    function: Function,
    total_vfs: u16,
    num_vfs: u16,
    vfs: Vec<Vf>,
}

#[derive(Serialize)]
struct Vf {
    index: usize,
    #[serde(flatten)]
    function: Function,
}

pub fn run(root: &Root, output: Output) -> Result<(), Failure> {
    let mut list = List { pfs: Vec::new(), others: Vec::new() };
    let devices = PciDevice::all(root)?;
    for device in &devices {
        if let Some(total_vfs) = device.total_vfs()? {
            list.pfs.push(Pf {
                function: Function::of(device)?,
                total_vfs,
                num_vfs: device.num_vfs()?.unwrap_or(0),
                vfs: vfs(root, device)?,
            });
        } else if device.physfn()?.is_none() && device.driver()?.as_deref() == Some("vfio-pci") {
            list.others.push(Function::of(device)?);
        }
    }
    output.answer(&list)
}

fn vfs(root: &Root, pf: &PciDevice) -> barline::Result<Vec<Vf>> {
    let addresses = pf.virtfns()?.into_iter().enumerate();
    addresses
        .map(|(index, address)| {
            let function = Function::of(&PciDevice::open(root, address)?)?;
            Ok(Vf { index, function })
        })
        .collect()
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pfs.is_empty() && self.others.is_empty() {
            return writeln!(f, "no SR-IOV device and nothing bound to vfio-pci");
        }
        for pf in &self.pfs {
            let mut line = columns(&format!("{:<20}", pf.function.address), &pf.function);
            line.push(format!("{} of {} VFs", pf.num_vfs, pf.total_vfs));
            row(f, &line)?;
            for vf in &pf.vfs {
                let name = format!("  VF {:<3} {:<12}", vf.index, vf.function.address);
                row(f, &columns(&name, &vf.function))?;
            }
        }
        for function in &self.others {
            row(f, &columns(&format!("{:<20}", function.address), function))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, columns: &[String]) -> fmt::Result {
    writeln!(f, "{}", columns.join("  ").trim_end())
}

fn columns(name: &str, function: &Function) -> Vec<String> {
    let driver = function.driver.as_deref().unwrap_or("no driver");
    let group = match &function.iommu_group {
        Some(group) => format!("group {}", group.number),
        None => "no group".to_string(),
    };
    let mut columns = vec![
        name.to_string(),
        format!("{}:{}", function.vendor, function.device),
        format!("{driver:<9}"),
        format!("{group:<9}"),
    ];
    if let Some(node) = function.numa_node {
        columns.push(format!("node {node}"));
    }
    for interface in &function.interfaces {
        let mac = interface.mac.as_deref().unwrap_or_default();
        columns.push(format!("{} {mac}", interface.name));
    }
    if let Some(group) = &function.iommu_group {
        let others = group.others(&function.address, false);
        if !others.is_empty() {
            columns.push(format!("group shared with {}", others.join(", ")));
        }
    }
    columns
}
