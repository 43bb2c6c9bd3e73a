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
        let vfs = |count| if count == 1 { "1 VF".to_string() } else { format!("{count} VFs") };
        let (before, now) = (self.before, self.num_vfs);
        match now {
            0 => write!(f, "has no VFs")?,
            now => write!(f, "has {}: {}", vfs(now), self.vfs.join(" "))?,
        }
        if before == now {
            write!(f, " (as before)")?;
        } else if before > 0 {
            write!(f, " (removed {} first)", vfs(before))?;
        }
        writeln!(f)
    }
}
