//! Every instruction that this processor has, and that has an operand in memory, does on trapped
//! registers what it does on ordinary memory.

use std::collections::BTreeMap;
use std::ptr;

use fastrand::Rng;
use iced_x86::{
    CpuidFeature, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory,
    Mnemonic, OpAccess, OpKind, Register,
};
use softnic::BAR_LEN;

use super::device::{Bar, Device};
use super::machine::{Machine, Registers};
use crate::maps;

/// VFMBMEM: 64 bytes of registers that can be written in part.
const FIRST: usize = 0x200;
const ROOM: usize = 64;

/// What this processor has of what instructions need.
fn has(feature: CpuidFeature) -> bool {
    use std::arch::is_x86_feature_detected as detected;

    use CpuidFeature::*;
    match feature {
        INTEL8086 | INTEL186 | INTEL286 | INTEL386 | INTEL486 | X64 | CMOV | CX8 | FPU | FPU287
        | FPU387 | MMX | SSE | SSE2 => true,
        SSE3 => detected!("sse3"),
        SSSE3 => detected!("ssse3"),
        SSE4_1 => detected!("sse4.1"),
        SSE4_2 => detected!("sse4.2"),
        CMPXCHG16B => detected!("cmpxchg16b"),
        POPCNT => detected!("popcnt"),
        LZCNT => detected!("lzcnt"),
        BMI1 => detected!("bmi1"),
        BMI2 => detected!("bmi2"),
        MOVBE => detected!("movbe"),
        ADX => detected!("adx"),
        AES => detected!("aes"),
        PCLMULQDQ => detected!("pclmulqdq"),
        SHA => detected!("sha"),
        AVX => detected!("avx"),
        AVX2 => detected!("avx2"),
        FMA => detected!("fma"),
        F16C => detected!("f16c"),
        _ => false,
    }
}

/// Whether an instruction can be tried like this. Others would raise an exception with random
/// registers, tell where they ran, need no memory, or have more of it than an operand (`forms` has
/// those of them that matter).
fn is_fit(instruction: &Instruction, access: OpAccess) -> bool {
    use Mnemonic::*;
    let untried = matches!(
        instruction.mnemonic(),
        Div | Idiv
            | Lds
            | Les
            | Lss
            | Lfs
            | Lgs
            | Ldmxcsr
            | Vldmxcsr
            | Fldcw
            | Fldenv
            | Fnstenv
            | Frstor
            | Fnsave
            | Sgdt
            | Sidt
            | Sldt
            | Smsw
            | Str
            | Vmaskmovps
            | Vmaskmovpd
            | Vpmaskmovd
            | Vpmaskmovq
            | Bt
            | Bts
            | Btr
            | Btc
    );
    let mut operands = 0..instruction.op_count();
    let segment = operands.any(|operand| instruction.op_register(operand).is_segment_register());
    !untried
        && !segment
        && (1..=32).contains(&instruction.memory_size().size())
        && instruction.flow_control() == FlowControl::Next
        && !instruction.is_privileged()
        && !instruction.is_vsib()
        && !matches!(access, OpAccess::None | OpAccess::NoMemAccess | OpAccess::CondWrite)
        && instruction.cpuid_features().iter().all(|feature| has(*feature))
}

/// An encoding: prefixes, opcode, ModRM.reg.
type Encoding = (Vec<u8>, Vec<u8>, u8);

/// All prefixes, maps and opcodes; each ModRM.reg, since that may be part of the opcode.
fn encodings() -> impl Iterator<Item = Encoding> {
    let maps: [&[u8]; 4] = [&[], &[0x0f], &[0x0f, 0x38], &[0x0f, 0x3a]];
    let prefixes: [&[u8]; 5] = [&[], &[0x66], &[0xf2], &[0xf3], &[0xf0]];
    let rex: [&[u8]; 4] = [&[], &[0x48], &[0x45], &[0x4f]];
    let legacy = maps.into_iter().flat_map(move |map| {
        prefixes.into_iter().flat_map(move |prefix| {
            rex.into_iter().flat_map(move |rex| {
                (0..=255_u8).flat_map(move |opcode| {
                    (0..8).map(move |reg| ([prefix, rex].concat(), [map, &[opcode]].concat(), reg))
                })
            })
        })
    });
    let vex = (1..=3_u8).flat_map(|map| {
        // W, L and the prefix; the second source is register 6.
        (0..16_u8).flat_map(move |bits| {
            let third = (bits & 8) << 4 | 0x48 | bits & 7;
            (0..=255_u8)
                .map(move |opcode| (vec![0xc4, 0xe0 | map, third], vec![opcode], opcode & 7))
        })
    });
    legacy.chain(vex)
}

/// Its bytes. How the operand is addressed is left to chance.
fn bytes((prefixes, opcode, reg): &Encoding, rng: &mut Rng) -> Vec<u8> {
    let modrm = rng.u8(0..3) << 6 | reg << 3 | rng.u8(0..8);
    // SIB, displacement and immediates; those that it has not belong to no instruction.
    let rest = (0..12).map(|_| rng.u8(..));
    prefixes.iter().chain(opcode).copied().chain([modrm]).chain(rest).collect()
}

#[test]
fn every_instruction_does_what_it_does_on_memory() {
    let mut rng = Rng::with_seed(1);
    let mut machine = Machine::new();
    let place = Place::new();
    let mut factory = InstructionInfoFactory::new();
    let mut tried = BTreeMap::<String, usize>::new();
    for encoding in encodings() {
        let bytes = bytes(&encoding, &mut rng);
        let mut decoder = Decoder::with_ip(64, &bytes, machine.ip(), DecoderOptions::NONE);
        let instruction = decoder.decode();
        let operand = (0..instruction.op_count())
            .find(|operand| instruction.op_kind(*operand) == OpKind::Memory);
        let Some(operand) = operand.filter(|_| !instruction.is_invalid()) else { continue };
        if !is_fit(&instruction, factory.info(&instruction).op_access(operand)) {
            continue;
        }
        let size = instruction.memory_size().size();
        let aligned = if size >= 16 { 16 } else { 1 };
        let offset = FIRST + rng.usize(0..=(ROOM - size) / aligned) * aligned;
        let target = place.0 + offset;
        let Some(before) = registers(&instruction, operand, target, &machine, &mut rng) else {
            continue;
        };
        if place.compare(&mut machine, &bytes[..instruction.len()], &before, &mut rng) {
            *tried.entry(format!("{:?}", instruction.mnemonic())).or_default() += 1;
        }
    }
    // The 386, x87, MMX and SSE2 alone have more than these.
    assert!(tried.len() > 250, "{} instructions: {tried:?}", tried.len());
    for name in ["Mov", "Add", "Xadd", "Cmpxchg", "Push", "Fld", "Movdqa", "Paddd", "Cvtsi2sd"] {
        assert!(tried.contains_key(name), "{name} was not tried: {tried:?}");
    }
}

/// Random registers, of which the operand's base points to a register of the device. `None`: it has no
/// base that could be set.
fn registers(
    instruction: &Instruction,
    operand: u32,
    target: usize,
    machine: &Machine,
    rng: &mut Rng,
) -> Option<Registers> {
    let (base, index) = (instruction.memory_base(), instruction.memory_index());
    let indexed = index == Register::None || index.is_gpr64();
    if !base.is_gpr64() || base == Register::RSP || base == index || !indexed {
        return None;
    }
    let mut registers = Registers::random(rng);
    registers.set(Register::RSP, machine.stack());
    registers.set(base, 0);
    let value = |register: Register, _: usize, _: usize| match register {
        Register::DS | Register::ES | Register::SS | Register::CS => Some(0),
        // Those of this thread have their own use.
        Register::FS | Register::GS => None,
        _ => Some(registers.value(register)),
    };
    let rest = instruction.virtual_address(operand, 0, value)?;
    registers.set(base, (target as u64).wrapping_sub(rest));
    Some(registers)
}

/// Where there is ordinary memory and registers in turn.
struct Place(usize);

impl Place {
    fn new() -> Place {
        Place(Place::memory(ptr::null_mut(), 0))
    }

    fn memory(at: *mut libc::c_void, flags: i32) -> usize {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags;
        // SAFETY: new memory, or in the place of what is this test's.
        let mapped = unsafe {
            maps::mmap_fixed(at.addr(), BAR_LEN, protection, flags, -1, 0)
                .unwrap_or_else(|| Ok(libc::mmap(at, BAR_LEN, protection, flags, -1, 0)))
        };
        let mapped = mapped.unwrap();
        assert_ne!(mapped, libc::MAP_FAILED);
        mapped.expose_provenance()
    }

    /// Runs an instruction on both. False: it did not reach for the registers.
    fn compare(
        &self,
        machine: &mut Machine,
        code: &[u8],
        before: &Registers,
        rng: &mut Rng,
    ) -> bool {
        let mut content = [0; BAR_LEN];
        content.fill_with(|| rng.u8(..));
        let pointer = ptr::with_exposed_provenance_mut::<u8>(self.0);
        Place::memory(pointer.cast(), libc::MAP_FIXED);
        let mut wanted = vec![0; BAR_LEN];
        // SAFETY: as many bytes of memory are there, and the instruction reaches those only, and the
        // machine's stack.
        let expected = unsafe {
            pointer.copy_from_nonoverlapping(content.as_ptr(), BAR_LEN);
            let expected = machine.run(code, before);
            pointer.copy_to_nonoverlapping(wanted.as_mut_ptr(), BAR_LEN);
            expected
        };
        let device = Device::new(&content);
        // SAFETY: nothing refers to the memory.
        let bar = unsafe { Bar::over(&device, self.0) };
        // SAFETY: as above.
        let got = unsafe { machine.run(code, before) };
        // The next one's memory takes its place.
        std::mem::forget(bar);
        let instruction = Decoder::new(64, code, DecoderOptions::NONE).decode().code();
        assert_eq!(got, expected, "{instruction:?} {code:02x?} from {before:?}");
        assert!(device.bytes() == wanted, "{instruction:?} {code:02x?} from {before:?}");
        !device.accesses().is_empty()
    }
}
