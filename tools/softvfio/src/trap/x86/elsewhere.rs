//! Any other instruction: it runs as it is, in another place, with copies of the registers for its
//! operands. When it has run, what it has written is written to the device.
//!
//! So there is no second model of what instructions do: flags, vector registers and all are the
//! processor's. Between the two faults the thread runs one instruction, and takes no signals.
//!
//! An instruction that reads and writes is two accesses, with or without a LOCK prefix: PCI Express knows
//! no lock towards a device.

use iced_x86::{
    Encoder, FlowControl, Instruction, InstructionInfoFactory, OpAccess, OpKind, Register,
};

use super::instruction::Trapped;
use super::slots::{self, Slot};
use super::window::Window;
use crate::signals::{self, Set};
use crate::trap::Context;

/// An instruction that runs elsewhere.
pub(super) struct Run {
    instruction: Instruction,
    /// What the thread blocks otherwise.
    mask: Set,
    copies: [Option<Copy>; 2],
}

/// The copy of an operand.
struct Copy {
    window: Window,
    at: usize,
    /// What the processor adds to its address.
    offset: i64,
    reads: bool,
    writes: bool,
    /// The register that says where it is, and what it was.
    pointer: Option<(Register, u64)>,
}

/// Sends the thread there. False: nothing has happened, this instruction cannot.
pub(super) fn start(trapped: &Trapped, context: &mut Context) -> bool {
    let instruction = trapped.instruction;
    if instruction.flow_control() != FlowControl::Next || instruction.is_vsib() {
        return false;
    }
    let Some(slot) = slots::claim() else { return false };
    let prepared = prepare(trapped, context, slot);
    let Some(run) = prepared.filter(|run| run.encode(slot)) else {
        slot.release();
        return false;
    };
    for copy in run.copies.iter().flatten() {
        if copy.reads {
            slot.fill(copy.at, &copy.window.read()[..copy.window.len]);
        }
        if let Some((register, _)) = copy.pointer {
            context.set_general(register, copy.at as u64);
        }
    }
    slot.begin(run);
    context.set_mask(!signals::SYNCHRONOUS);
    context.set_rip(slot.code());
    true
}

/// Whether it leaves out what a mask says.
fn is_masked(instruction: &Instruction) -> bool {
    use iced_x86::Mnemonic::*;
    let always = matches!(
        instruction.mnemonic(),
        Maskmovq | Maskmovdqu | Vmaskmovdqu | Vmaskmovps | Vmaskmovpd | Vpmaskmovd | Vpmaskmovq
    );
    always || instruction.has_op_mask()
}

/// What it is to run on. `None`: that is not known.
fn prepare(trapped: &Trapped, context: &Context, slot: Slot) -> Option<Run> {
    let instruction = trapped.instruction;
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(&instruction);
    let mut copies = [None, None];
    for (number, operand) in trapped.operands().enumerate() {
        let Some(window) = trapped.window(context, operand) else { continue };
        let (reads, writes) = match info.op_access(operand) {
            OpAccess::Read | OpAccess::CondRead => (true, false),
            OpAccess::Write => (false, true),
            // Repeated, it may be for no time; but now it is for one.
            OpAccess::CondWrite if instruction.is_string_instruction() => (false, true),
            // Of those that write sometimes, only the exchanges read: and they always write something.
            OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
            _ => return None,
        };
        // Which of its bytes are written is the mask's to say: the copy does not show it.
        if writes && is_masked(&instruction) || !window.allows(writes) {
            return None;
        }
        let pointer = match instruction.op_kind(operand) {
            OpKind::Memory => None,
            OpKind::MemorySegRSI => Some(Register::RSI),
            OpKind::MemoryESRDI | OpKind::MemorySegRDI => Some(Register::RDI),
            // A copy has no address of 32 bits.
            _ => return None,
        };
        let pointer = pointer.and_then(|register| Some((register, context.general(register)?)));
        let at = slot.copy(number, window.start);
        let offset = trapped.bit_offset(context);
        *copies.get_mut(number)? = Some(Copy { window, at, offset, reads, writes, pointer });
    }
    let known = copies.iter().flatten().any(|copy| copy.window.contains(trapped.address));
    known.then(|| Run { instruction, mask: context.mask(), copies })
}

impl Run {
    /// Puts the instruction into the slot, with the copies for operands, and once instead of repeated.
    fn encode(&self, slot: Slot) -> bool {
        let mut instruction = self.instruction;
        for copy in self.copies.iter().flatten() {
            instruction.set_segment_prefix(Register::None);
            if copy.pointer.is_none() {
                instruction.set_memory_base(Register::RIP);
                instruction.set_memory_index(Register::None);
                instruction.set_memory_index_scale(1);
                instruction.set_memory_displ_size(8);
                instruction
                    .set_memory_displacement64((copy.at as u64).wrapping_add_signed(-copy.offset));
            }
        }
        if self.repeats() {
            instruction.set_has_rep_prefix(false);
            instruction.set_has_repne_prefix(false);
        }
        let mut encoder = Encoder::new(64);
        encoder.encode(&instruction, slot.code()).is_ok() && slot.set_code(&encoder.take_buffer())
    }

    /// It is a string instruction that is repeated.
    fn repeats(&self) -> bool {
        let prefixed = self.instruction.has_rep_prefix() || self.instruction.has_repne_prefix();
        self.instruction.is_string_instruction() && prefixed
    }

    /// Counts one of its repetitions, and says whether there is another one.
    fn goes_on(&self, context: &mut Context) -> bool {
        let count = context.general(Register::RCX).unwrap_or(0).wrapping_sub(1);
        context.set_general(Register::RCX, count);
        use iced_x86::Mnemonic::{Cmpsb, Cmpsd, Cmpsq, Cmpsw, Scasb, Scasd, Scasq, Scasw};
        let compares = matches!(
            self.instruction.mnemonic(),
            Cmpsb | Cmpsw | Cmpsd | Cmpsq | Scasb | Scasw | Scasd | Scasq
        );
        count != 0 && (!compares || context.zero_flag() != self.instruction.has_repne_prefix())
    }
}

/// Ends it: it has run.
pub(super) fn finish(slot: Slot, context: &mut Context) {
    let Some(run) = slot.end() else { return };
    for copy in run.copies.iter().flatten() {
        if copy.writes {
            copy.window.write(&slot.taken(copy.at, copy.window.len));
        }
        if let Some((register, before)) = copy.pointer {
            let moved = context.general(register).unwrap_or(0).wrapping_sub(copy.at as u64);
            context.set_general(register, before.wrapping_add(moved));
        }
    }
    slot.release();
    let again = run.repeats() && run.goes_on(context);
    context.set_rip(if again { run.instruction.ip() } else { run.instruction.next_ip() });
    context.set_mask(run.mask);
}

/// Ends it before it has run: the thread is where it was.
pub(super) fn abandon(slot: Slot, context: &mut Context) {
    let Some(run) = slot.end() else { return };
    for (register, before) in run.copies.iter().flatten().filter_map(|copy| copy.pointer) {
        context.set_general(register, before);
    }
    slot.release();
    context.set_rip(run.instruction.ip());
    context.set_mask(run.mask);
}
