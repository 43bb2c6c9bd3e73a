//! `barline create`: VFs for a PF.
//!
//! The JSON is one object:
//!
//! | field | |
//! |---|---|
//! | `pf` | the PF's address |
//! | `before` | number: how many VFs it had |
//! | `num_vfs` | number: how many it has now |
//! | `vfs` | array of the addresses of these, VF 0 first |

use std::fmt;

use barline::Root;
use barline::pci::PciAddress;
use barline::sriov::Host;
use serde::Serialize;

use crate::output::{Failure, Output};

#[derive(Serialize)]
struct Created {
    pf: String,
    before: u16,
    num_vfs: u16,
    vfs: Vec<String>,
}

pub fn run(root: &Root, output: Output, pf: PciAddress, count: u16) -> Result<(), Failure> {
    let created = Host::new(root.clone()).create(pf, count)?;
    output.answer(&Created {
        pf: pf.to_string(),
        before: created.before,
        num_vfs: count,
        vfs: created.vfs.iter().map(ToString::to_string).collect(),
    })
}

impl fmt::Display for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.pf)?;
        match (self.before, self.num_vfs) {
            (0, 0) => return writeln!(f, "has no VFs, as before"),
            (before, 0) => return writeln!(f, "has no VFs; {before} removed"),
            (before, now) if before == now => write!(f, "has {now} VFs, as before")?,
            (0, now) => write!(f, "has {now} VFs")?,
            (before, now) => write!(f, "has {now} VFs; the {before} of before were removed")?,
        }
        writeln!(f, ": {}", self.vfs.join(" "))
    }
}
