//! The instruction that a trapped access belongs to.
#![allow(unsafe_code)]

use std::ptr;

use iced_x86::{
    Decoder, DecoderError, DecoderOptions, Encoder, Instruction, InstructionInfoFactory, OpKind,
    Register,
};

use super::window::Window;
use crate::signals::{call, place};
use crate::trap::Context;

/// Bytes of the longest instruction (x86 manual, volume 2, 2.3.11), and of a page of code.
const LONGEST: usize = 15;
const PAGE: usize = 4096;

/// Makes the tables of decoder and encoder.
pub(crate) fn prepare() {
    let nop = Decoder::with_ip(64, &[0x90], 0, DecoderOptions::NONE).decode();
    _ = InstructionInfoFactory::new().info(&nop);
    // It has nothing to refuse.
    _ = Encoder::new(64).encode(&nop, 0);
}

/// An instruction that has reached for a trapped register.
pub(super) struct Trapped {
    bytes: [u8; LONGEST],
    pub(super) instruction: Instruction,
    /// Where the fault was.
    pub(super) address: usize,
}

impl Trapped {
    /// The instruction that the thread is at. `None`: what is there is not known as one.
    pub(super) fn at(context: &Context, address: usize) -> Option<Trapped> {
        let rip = context.rip();
        let mut bytes = [0; LONGEST];
        let mut len = LONGEST.min(PAGE - rip as usize % PAGE);
        loop {
            let code = ptr::with_exposed_provenance::<u8>(rip as usize);
            // SAFETY: the processor has fetched an instruction from there just now. If it does not end on
            // its first page, it has fetched the rest of it from the second one.
            unsafe { code.copy_to_nonoverlapping(bytes.as_mut_ptr(), len) };
            let mut decoder = Decoder::with_ip(64, &bytes[..len], rip, DecoderOptions::NONE);
            let instruction = decoder.decode();
            match decoder.last_error() {
                DecoderError::None => return Some(Trapped { bytes, instruction, address }),
                DecoderError::NoMoreBytes if len < LONGEST => len = LONGEST,
                _ => return None,
            }
        }
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.instruction.len()]
    }

    /// Which of its operands are in memory.
    pub(super) fn operands(&self) -> impl Iterator<Item = u32> {
        let operands = 0..self.instruction.op_count();
        operands.filter(|operand| is_memory(self.instruction.op_kind(*operand)))
    }

    /// The registers that an operand in memory is, if some of it is trapped.
    pub(super) fn window(&self, context: &Context, operand: u32) -> Option<Window> {
        let start = self.address_of(context, operand)?;
        Window::of(start as usize, self.instruction.memory_size().size())
    }

    /// Where an operand in memory is.
    fn address_of(&self, context: &Context, operand: u32) -> Option<u64> {
        let value = |register: Register, _: usize, _: usize| match register {
            Register::CS | Register::DS | Register::ES | Register::SS => Some(0),
            Register::FS | Register::GS => segment_base(register),
            _ => context.general(register),
        };
        let address = self.instruction.virtual_address(operand, 0, value)?;
        Some(address.wrapping_add_signed(self.bit_offset(context)))
    }

    /// How far from its operand a bit is whose number is in a register: it may be outside (x86 manual,
    /// volume 2, BT).
    pub(super) fn bit_offset(&self, context: &Context) -> i64 {
        use iced_x86::Mnemonic::{Bt, Btc, Btr, Bts};
        let instruction = &self.instruction;
        let counts = matches!(instruction.mnemonic(), Bt | Btc | Btr | Bts);
        let register = instruction.op1_register();
        let bits = context.general(register).filter(|_| counts);
        let size = register.size();
        bits.map_or(0, |bits| {
            let unused = 64 - 8 * size as u32;
            let number = (bits << unused) as i64 >> unused;
            number.div_euclid(8 * size as i64) * size as i64
        })
    }
}

/// Whether an operand is in memory.
fn is_memory(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Memory
            | OpKind::MemorySegRSI
            | OpKind::MemorySegESI
            | OpKind::MemorySegRDI
            | OpKind::MemorySegEDI
            | OpKind::MemoryESRDI
            | OpKind::MemoryESEDI
    )
}

/// Where this thread's FS or GS starts.
fn segment_base(register: Register) -> Option<u64> {
    // `asm/prctl.h`
    const GET_FS: i64 = 0x1003;
    const GET_GS: i64 = 0x1004;
    let which = if register == Register::FS { GET_FS } else { GET_GS };
    let mut base = 0_u64;
    // SAFETY: the kernel writes a word, for which there is room.
    unsafe { call(libc::SYS_arch_prctl, [which, place(&raw mut base)]) }.ok()?;
    Some(base)
}
