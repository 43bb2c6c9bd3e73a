//! Runs one instruction with registers that a test has chosen.

use std::ops::Range;
use std::ptr;

use fastrand::Rng;
use iced_x86::{Code, Encoder, Instruction, MemoryOperand, Register};

/// Places in the machine's memory: code, the code under test, what is loaded, what was stored.
const CODE: usize = 0;
const UNDER_TEST: usize = 0x1000;
const BEFORE: usize = 0x2000;
const AFTER: usize = 0x4000;
/// With room for handlers of signals below it.
const STACK: usize = 0x18000;
const LEN: usize = 0x20000;

/// The state within BEFORE and AFTER: general registers, flags, and the processor's extended state.
const FLAGS: usize = 16 * 8;
const OUTSIDE: usize = FLAGS + 8;
const EXTENDED: usize = 0x100;

/// What XSAVE stores of it: x87, SSE, AVX.
const EXTENDED_LEN: usize = 832;

/// Flags that instructions set: carry, parity, adjust, zero, sign, direction, overflow.
pub(super) const ARITHMETIC: u64 = 0xcd5;

/// The direction of string instructions, which functions expect to be forward.
const DIRECTION: u64 = 0x400;

/// Where XSAVE has the vector registers' lower and upper halves.
const VECTORS: Range<usize> = 160..416;
const UPPER_VECTORS: Range<usize> = 576..832;

/// In the order of their numbers in instructions.
pub(super) const GENERAL: [Register; 16] = [
    Register::RAX,
    Register::RCX,
    Register::RDX,
    Register::RBX,
    Register::RSP,
    Register::RBP,
    Register::RSI,
    Register::RDI,
    Register::R8,
    Register::R9,
    Register::R10,
    Register::R11,
    Register::R12,
    Register::R13,
    Register::R14,
    Register::R15,
];

/// Registers before or after an instruction.
#[derive(Clone, PartialEq)]
pub(super) struct Registers {
    pub(super) general: [u64; 16],
    pub(super) flags: u64,
    /// As XSAVE has it; what the processor notes of the last x87 instruction is left out.
    pub(super) extended: Vec<u8>,
    /// The 64 bytes below the stack pointer, and the 64 above.
    pub(super) stack: Vec<u8>,
}

impl std::fmt::Debug for Registers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (register, value) in GENERAL.iter().zip(self.general) {
            write!(f, "{register:?}={value:x} ")?;
        }
        write!(f, "flags={:x} vectors ", self.flags)?;
        self.extended.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        write!(f, " stack ")?;
        self.stack.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Registers {
    /// All of them zero.
    pub(super) fn new() -> Registers {
        let mut extended = vec![0; EXTENDED_LEN];
        // The x87 control word and MXCSR as after FNINIT: all exceptions masked.
        extended[..2].copy_from_slice(&0x37f_u16.to_le_bytes());
        extended[24..28].copy_from_slice(&0x1f80_u32.to_le_bytes());
        let avx = std::arch::is_x86_feature_detected!("avx");
        extended[512] = if avx { 7 } else { 3 };
        Registers { general: [0; 16], flags: 0, extended, stack: vec![0; 128] }
    }

    /// Any that code can be run with, but for the stack pointer.
    pub(super) fn random(rng: &mut Rng) -> Registers {
        let mut registers = Registers::new();
        // Small numbers and large ones.
        registers.general.fill_with(|| rng.u64(..) >> rng.u32(0..64));
        registers.flags = rng.u64(..) & ARITHMETIC & !DIRECTION;
        registers.extended[VECTORS].fill_with(|| rng.u8(..));
        registers.extended[UPPER_VECTORS].fill_with(|| rng.u8(..));
        registers
    }

    pub(super) fn set(&mut self, register: Register, value: u64) {
        self.general[GENERAL.iter().position(|other| *other == register).unwrap()] = value;
    }

    pub(super) fn value(&self, register: Register) -> u64 {
        self.general[GENERAL.iter().position(|other| *other == register).unwrap()]
    }
}

/// The machine.
pub(super) struct Machine(&'static mut [u8]);

impl Machine {
    pub(super) fn new() -> Machine {
        let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: new memory, all zeros, which is never unmapped.
        let memory = unsafe {
            let start = libc::mmap(ptr::null_mut(), LEN, all, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            std::slice::from_raw_parts_mut(start.cast::<u8>(), LEN)
        };
        let at = memory.as_ptr().expose_provenance();
        let before = encode(&entry(at), at as u64);
        memory[CODE..before.len()].copy_from_slice(&before);
        Machine(memory)
    }

    /// Where the instruction under test is.
    pub(super) fn ip(&self) -> u64 {
        self.0.as_ptr().addr() as u64 + UNDER_TEST as u64
    }

    /// Where the stack pointer may point.
    pub(super) fn stack(&self) -> u64 {
        self.0.as_ptr().addr() as u64 + STACK as u64
    }

    /// Runs code, with registers that it finds and leaves.
    ///
    /// # Safety
    /// The code does no harm to the test.
    pub(super) unsafe fn run(&mut self, code: &[u8], before: &Registers) -> Registers {
        let at = self.0.as_ptr().addr();
        let exit = encode(&exit(at), self.ip() + code.len() as u64);
        self.0[UNDER_TEST..][..code.len()].copy_from_slice(code);
        self.0[UNDER_TEST + code.len()..][..exit.len()].copy_from_slice(&exit);
        self.0[AFTER..AFTER + EXTENDED + EXTENDED_LEN].fill(0);
        for (place, value) in self.0[BEFORE..].chunks_exact_mut(8).zip(before.general) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        self.0[BEFORE + FLAGS..][..8].copy_from_slice(&(before.flags & ARITHMETIC).to_le_bytes());
        self.0[BEFORE + EXTENDED..][..EXTENDED_LEN].copy_from_slice(&before.extended);
        self.0[STACK - 64..STACK + 64].copy_from_slice(&before.stack);
        // SAFETY: there is a function at the start of the machine's memory.
        let entry: extern "C" fn() =
            unsafe { std::mem::transmute(ptr::with_exposed_provenance::<u8>(at + CODE)) };
        entry();
        let word = |at: usize| u64::from_le_bytes(self.0[AFTER + at..][..8].try_into().unwrap());
        let mut extended = self.0[AFTER + EXTENDED..][..EXTENDED_LEN].to_vec();
        extended[6..24].fill(0);
        extended[464..576].fill(0);
        Registers {
            general: std::array::from_fn(|number| word(number * 8)),
            flags: word(FLAGS) & ARITHMETIC,
            extended,
            stack: self.0[STACK - 64..STACK + 64].to_vec(),
        }
    }
}

/// Instructions that follow each other.
fn encode(instructions: &[Instruction], start: u64) -> Vec<u8> {
    let mut encoder = Encoder::new(64);
    let mut at = start;
    for instruction in instructions {
        at += encoder.encode(instruction, at).unwrap() as u64;
    }
    encoder.take_buffer()
}

fn memory(address: usize) -> MemoryOperand {
    MemoryOperand::with_base_displ(Register::RIP, address as i64)
}

fn load(register: Register, address: usize) -> Instruction {
    Instruction::with2(Code::Mov_r64_rm64, register, memory(address)).unwrap()
}

fn store(register: Register, address: usize) -> Instruction {
    Instruction::with2(Code::Mov_rm64_r64, memory(address), register).unwrap()
}

/// What the callee keeps (System V ABI, 3.2.1).
const KEPT: [Register; 6] =
    [Register::RBX, Register::RBP, Register::R12, Register::R13, Register::R14, Register::R15];

/// From the caller to the code under test.
fn entry(at: usize) -> Vec<Instruction> {
    let mut code = Vec::new();
    for register in KEPT {
        code.push(Instruction::with1(Code::Push_r64, register).unwrap());
    }
    code.push(store(Register::RSP, at + AFTER + OUTSIDE));
    code.extend(extended(Code::Xrstor64_mem, at + BEFORE + EXTENDED));
    code.push(Instruction::with1(Code::Push_rm64, memory(at + BEFORE + FLAGS)).unwrap());
    code.push(Instruction::with(Code::Popfq));
    for (number, register) in GENERAL.iter().enumerate() {
        code.push(load(*register, at + BEFORE + 8 * number));
    }
    code.push(Instruction::with_branch(Code::Jmp_rel32_64, (at + UNDER_TEST) as u64).unwrap());
    code
}

/// From there back to the caller.
fn exit(at: usize) -> Vec<Instruction> {
    let mut code = Vec::new();
    for (number, register) in GENERAL.iter().enumerate() {
        code.push(store(*register, at + AFTER + 8 * number));
    }
    code.push(load(Register::RSP, at + AFTER + OUTSIDE));
    code.push(Instruction::with(Code::Pushfq));
    code.push(Instruction::with1(Code::Pop_rm64, memory(at + AFTER + FLAGS)).unwrap());
    code.push(Instruction::with(Code::Cld));
    code.extend(extended(Code::Xsave64_mem, at + AFTER + EXTENDED));
    code.push(Instruction::with(Code::Emms));
    for register in KEPT.iter().rev() {
        code.push(Instruction::with1(Code::Pop_r64, *register).unwrap());
    }
    code.push(Instruction::with(Code::Retnq));
    code
}

/// XSAVE or XRSTOR of what is compared.
fn extended(code: Code, address: usize) -> Vec<Instruction> {
    vec![
        Instruction::with2(Code::Mov_r32_imm32, Register::EAX, 7_i32).unwrap(),
        Instruction::with2(Code::Mov_r32_imm32, Register::EDX, 0_i32).unwrap(),
        Instruction::with1(code, memory(address)).unwrap(),
    ]
}
