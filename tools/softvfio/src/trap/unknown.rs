//! A processor whose instructions are not known here (all but x86-64): nothing is trapped, and a program
//! that maps registers with effects is told that it cannot. Reads and writes of a device's regions
//! work all the same.

use super::Context;
use crate::maps::Mapped;

/// Accesses to registers cannot be trapped.
pub(crate) const CAN_TRAP: bool = false;

pub(super) fn prepare() {}

pub(super) fn forget() {}

pub(super) fn resume(_: &mut Context) -> Option<bool> {
    None
}

pub(super) fn access(_: &mut Context, _: usize, _: &Mapped) -> bool {
    false
}
