//! Trapped accesses of x86-64's instructions.
//!
//! A plain load or store ([`moves`]) is done at once. Any other instruction runs as it is, but on a copy of
//! the register ([`elsewhere`]). Either way the device sees each access of the program exactly once.

mod elsewhere;
mod instruction;
mod moves;
mod registers;
mod slots;
mod stack;
#[cfg(test)]
mod tests;
mod window;

pub(super) use instruction::prepare;
pub(super) use slots::forget;

use super::Context;
use crate::maps::Mapped;
use crate::say;
use instruction::Trapped;

/// Accesses to registers can be trapped.
pub(crate) const CAN_TRAP: bool = true;

/// Goes on with an instruction that runs elsewhere, if that is where the fault was. False: it was the
/// program's own.
pub(super) fn resume(context: &mut Context) -> Option<bool> {
    let slot = slots::of(context.rip())?;
    let is_done = slot.is_done(context.rip());
    if is_done {
        elsewhere::finish(slot, context);
    } else {
        // What has faulted is the instruction's other operand.
        elsewhere::abandon(slot, context);
    }
    Some(is_done)
}

/// Does what an instruction was to do that has reached for trapped registers. False: that is the program's
/// own fault.
pub(super) fn access(context: &mut Context, address: usize, mapped: &Mapped) -> bool {
    window::allows(mapped.protection, context.is_write())
        && stack::on_its_own(context, |context| emulate(context, address))
}

/// Does what an instruction was to do.
fn emulate(context: &mut Context, address: usize) -> bool {
    let Some(trapped) = Trapped::at(context, address) else { return false };
    if moves::run(&trapped, context) || elsewhere::start(&trapped, context) {
        return true;
    }
    say(format_args!(
        "the instruction at {:#x} ({:02x?}) accesses registers at {address:#x} in a way that is not \
         supported: it ends as on memory that is not there",
        context.rip(),
        trapped.bytes()
    ));
    false
}
