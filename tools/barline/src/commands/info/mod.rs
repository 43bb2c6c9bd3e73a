//! `barline info`: all about one function.
//!
//! The JSON is one object: the fields of a [function](super::function), and
//!
//! | field | |
//! |---|---|
//! | `subsystem_vendor`, `subsystem_device` | string of four hexadecimal digits |
//! | `class` | string of six hexadecimal digits: `"020000"` is Ethernet |
//! | `revision` | string of two hexadecimal digits |
//! | `driver_override` | the only driver that may be bound, or null if any |
//! | `bars[]` | `index`, 0 to 5; `kind`, `"memory"` or `"io"`; `start` and `len` in bytes; `prefetchable`, `wide` (64-bit) |
//! | `physfn` | of a VF, the address of its PF |
//! | `vf_index` | of a VF, its number at its PF, 0 first |
//! | `mac` | string, or null |
//! | `msix` | `vectors`, 1 to 2048; `enabled`, `masked`; `table_bar`, `table_offset`, `pending_bar`, `pending_offset` in bytes |
//! | `sriov` | of a PF: `total_vfs`, `num_vfs`, `drivers_autoprobe` (null before Linux 4.12), `vfs[]` (addresses), `vf_bars[]` (`index`, `len` in bytes for each VF), and `capability` |
//! | `sriov.capability` | as in configuration space: `offset`, `enabled`, `memory_enabled`, `ari_hierarchy`, `migration_capable`, `initial_vfs`, `total_vfs`, `num_vfs`, `first_vf_offset`, `vf_stride`, `vf_device`, `page_size` in bytes |
//! | `capabilities[]` | `list` (`"standard"` or `"extended"`), `offset`, `id`, `version`, `name` (or null) |
//! | `config` | `visible` and `size`: bytes of configuration space that this user can read, and that there are |
//! | `faults[]` | strings: what is wrong with the capability lists |
//! | `unknown` | object: for each field that is null (or a list that is empty) because it could not be read, why |

mod facts;
mod text;

use barline::Root;
use barline::pci::{PciAddress, PciDevice};

use crate::output::{Failure, Output};

pub fn run(root: &Root, output: Output, address: PciAddress) -> Result<(), Failure> {
    let device = PciDevice::open(root, address)?;
    output.answer(&facts::Info::of(root, &device)?)
}
