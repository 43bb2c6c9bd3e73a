//! Plain loads and stores of general registers, which is what drivers use.

use iced_x86::{Mnemonic, OpKind};

use super::instruction::Trapped;
use super::registers::ones;
use super::window::WIDEST;
use crate::trap::Context;

/// Does it, if it is one and may be done. False: nothing has happened.
pub(super) fn run(trapped: &Trapped, context: &mut Context) -> bool {
    let instruction = &trapped.instruction;
    let signed = match instruction.mnemonic() {
        Mnemonic::Mov | Mnemonic::Movnti | Mnemonic::Movzx => false,
        Mnemonic::Movsx | Mnemonic::Movsxd => true,
        _ => return false,
    };
    let done = match (instruction.op0_kind(), instruction.op1_kind()) {
        (OpKind::Register, OpKind::Memory) => load(trapped, context, signed),
        (OpKind::Memory, _) => store(trapped, context),
        _ => None,
    };
    if done.is_some() {
        context.set_rip(instruction.next_ip());
    }
    done.is_some()
}

fn load(trapped: &Trapped, context: &mut Context, signed: bool) -> Option<()> {
    let register = trapped.instruction.op0_register();
    context.general(register)?;
    let window = trapped.window(context, 1).filter(|window| window.allows(false))?;
    let mut bytes = [0; 8];
    bytes.copy_from_slice(window.read().first_chunk::<8>()?);
    let value = u64::from_le_bytes(bytes);
    let unused = 64 - 8 * window.len.min(8) as u32;
    let value = if signed { ((value << unused) as i64 >> unused) as u64 } else { value };
    context.set_general(register, value).then_some(())
}

fn store(trapped: &Trapped, context: &mut Context) -> Option<()> {
    let instruction = &trapped.instruction;
    let value = match instruction.op1_kind() {
        OpKind::Register => context.general(instruction.op1_register())?,
        _ => instruction.try_immediate(1).ok()?,
    };
    let window = trapped.window(context, 0).filter(|window| window.allows(true))?;
    let mut bytes = [0; WIDEST];
    bytes[..8].copy_from_slice(&(value & ones(window.len)).to_le_bytes());
    window.write(&bytes);
    Some(())
}
