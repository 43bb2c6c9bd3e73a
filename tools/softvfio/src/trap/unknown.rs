//! A processor whose instructions are not known here: nothing is trapped, and registers with effects
//! cannot be mapped. Reads and writes of a device's regions work all the same.

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
