//! Which accesses the device sees of an instruction, and what it leaves in registers.

use iced_x86::Register;
use softnic::BAR_LEN;

use super::device::{Access, Bar, Device};
use super::machine::{Machine, Registers};

/// A device each of whose registers has the bytes of its offset, of their complement in the upper half.
fn device() -> std::sync::Arc<Device> {
    let mut bytes = [0; BAR_LEN];
    for (at, word) in bytes.chunks_exact_mut(4).enumerate() {
        word.copy_from_slice(&value(4 * at).to_le_bytes());
    }
    Device::new(&bytes)
}

/// What the register at an offset is.
const fn value(offset: usize) -> u32 {
    !(offset as u32) << 16 | offset as u32
}

fn read(offset: usize) -> Access {
    (offset, None)
}

fn write(offset: usize, value: u32) -> Access {
    (offset, Some(value))
}

/// Runs code with RBX at an offset and RAX a value; returns the registers after it, and the accesses.
fn run(code: &[u8], offset: usize, rax: u64) -> (Registers, Vec<Access>) {
    run_with(code, |registers, bar, _| {
        registers.set(Register::RBX, (bar + offset) as u64);
        registers.set(Register::RAX, rax);
    })
}

/// Runs code with registers that are told where the BAR and the machine are.
fn run_with(
    code: &[u8],
    set: impl FnOnce(&mut Registers, usize, &Machine),
) -> (Registers, Vec<Access>) {
    let device = device();
    let bar = Bar::new(&device);
    let mut machine = Machine::new();
    let mut before = Registers::new();
    before.set(Register::RSP, machine.stack());
    set(&mut before, bar.at, &machine);
    // SAFETY: the code of these tests reaches the BAR and the machine's stack.
    let after = unsafe { machine.run(code, &before) };
    (after, device.accesses())
}

#[test]
fn a_load_reads_each_register_once() {
    const MAILBOX: u64 = value(0x2fc) as u64;
    const OLD: u64 = 0x1111_2222_3333_4444;
    for (name, code, offset, rax, accesses) in [
        ("mov eax", &[0x8b, 0x03][..], 0x2fc, MAILBOX, &[0x2fc][..]),
        ("mov ax", &[0x66, 0x8b, 0x03], 0x2fc, OLD & !0xffff | 0x2fc, &[0x2fc]),
        ("mov al", &[0x8a, 0x03], 0x2fd, OLD & !0xff | 0x02, &[0x2fc]),
        ("mov ah", &[0x8a, 0x23], 0x2fc, OLD & !0xff00 | 0xfc00, &[0x2fc]),
        ("movzx eax, byte", &[0x0f, 0xb6, 0x03], 0x2ff, MAILBOX >> 24, &[0x2fc]),
        ("movzx rax, word", &[0x48, 0x0f, 0xb7, 0x03], 0x2fe, MAILBOX >> 16, &[0x2fc]),
        ("movsx eax, byte", &[0x0f, 0xbe, 0x03], 0x2fc, 0xffff_fffc, &[0x2fc]),
        ("movsx rax, word", &[0x48, 0x0f, 0xbf, 0x03], 0x2fe, 0xffff_ffff_ffff_fd03, &[0x2fc]),
        ("movsxd rax", &[0x48, 0x63, 0x03], 0x2fc, 0xffff_ffff_fd03_02fc, &[0x2fc]),
        ("movbe eax", &[0x0f, 0x38, 0xf0, 0x03], 0x2fc, 0xfc02_03fd, &[0x2fc]),
        ("mov rax", &[0x48, 0x8b, 0x03], 0x100, 0xfefb_0104_feff_0100, &[0x100, 0x104]),
        // Not aligned: the registers of which a byte is wanted.
        ("mov eax over two", &[0x8b, 0x03], 0x102, 0x0104_feff, &[0x100, 0x104]),
        (
            "mov rax into page 1",
            &[0x48, 0x8b, 0x03],
            0xffc,
            0xefff_1000_f003_0ffc,
            &[0xffc, 0x1000],
        ),
        ("add eax", &[0x03, 0x03], 0x2fc, (OLD + MAILBOX) & 0xffff_ffff, &[0x2fc]),
        // Whatever the condition is, the processor reads.
        ("cmovz eax", &[0x0f, 0x44, 0x03], 0x2fc, OLD & 0xffff_ffff, &[0x2fc]),
        ("test", &[0xf7, 0x03, 1, 0, 0, 0], 0x2fc, OLD, &[0x2fc]),
        ("push, pop rax", &[0xff, 0x33, 0x58], 0x100, 0xfefb_0104_feff_0100, &[0x100, 0x104]),
        ("lodsd", &[0x48, 0x89, 0xde, 0xad], 0x2fc, MAILBOX, &[0x2fc]),
    ] {
        let (after, seen) = run(code, offset, OLD);
        assert_eq!(after.value(Register::RAX), rax, "{name}: {after:?}");
        assert_eq!(seen, accesses.iter().copied().map(read).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_store_writes_each_register_once() {
    const RAX: u64 = 0x8877_6655_4433_2211;
    for (name, code, offset, accesses) in [
        ("mov eax", &[0x89, 0x03][..], 0x100, &[write(0x100, 0x4433_2211)][..]),
        (
            "mov rax",
            &[0x48, 0x89, 0x03],
            0x100,
            &[write(0x100, 0x4433_2211), write(0x104, 0x8877_6655)],
        ),
        ("mov imm", &[0xc7, 0x03, 1, 2, 3, 0x84], 0x2fc, &[write(0x2fc, 0x8403_0201)]),
        (
            "mov imm, signed",
            &[0x48, 0xc7, 0x03, 1, 2, 3, 0x84],
            0x100,
            &[write(0x100, 0x8403_0201), write(0x104, !0)],
        ),
        ("movnti", &[0x0f, 0xc3, 0x03], 0x2fc, &[write(0x2fc, 0x4433_2211)]),
        // Bytes that are not written are zeros for a register that clears what is written as ones.
        ("mov al", &[0x88, 0x03], 0x101, &[write(0x100, 0x1100)]),
        ("mov ah", &[0x88, 0x23], 0x102, &[write(0x100, 0x0022_0000)]),
        ("mov ax", &[0x66, 0x89, 0x03], 0x102, &[write(0x100, 0x2211_0000)]),
        ("setb", &[0x0f, 0x92, 0x03], 0x100, &[write(0x100, 0)]),
        (
            "pop",
            &[0x50, 0x8f, 0x03],
            0x100,
            &[write(0x100, 0x4433_2211), write(0x104, 0x8877_6655)],
        ),
        ("stosd", &[0x48, 0x89, 0xdf, 0xab], 0x2fc, &[write(0x2fc, 0x4433_2211)]),
    ] {
        let (after, seen) = run(code, offset, RAX);
        assert_eq!(after.value(Register::RAX), RAX, "{name}");
        assert_eq!(seen, accesses, "{name}");
    }
}

#[test]
fn an_instruction_that_does_both_reads_once_and_writes_once() {
    const RAX: u64 = 0x0001_0000;
    let old = value(0x2fc);
    for (name, code, new) in [
        ("or", &[0x09, 0x03][..], old | 0x0001_0000),
        ("lock or", &[0xf0, 0x09, 0x03], old | 0x0001_0000),
        ("and imm", &[0x81, 0x23, 0xff, 0, 0, 0], old & 0xff),
        ("inc", &[0xff, 0x03], old + 1),
        ("xchg", &[0x87, 0x03], 0x0001_0000),
        ("lock xadd", &[0xf0, 0x0f, 0xc1, 0x03], old + 0x0001_0000),
        ("shl", &[0xc1, 0x23, 4], old << 4),
        ("bts imm", &[0x0f, 0xba, 0x2b, 10], old | 1 << 10),
        // It does not hold what is in EAX: the same is written back, as the processor does.
        ("lock cmpxchg", &[0xf0, 0x0f, 0xb1, 0x1b], old),
    ] {
        let (_, seen) = run(code, 0x2fc, RAX);
        assert_eq!(seen, [read(0x2fc), write(0x2fc, new)], "{name}");
    }
}

#[test]
fn a_bit_may_be_far_from_its_operand() {
    // btr [rbx], eax
    let code = [0x0f, 0xb3, 0x03];
    for (bit, word) in [(5_i32, 0x210_usize), (32 * 4 + 5, 0x220), (-32 * 3 + 5, 0x204)] {
        let (after, seen) = run(&code, 0x210, bit as u32 as u64);
        assert_eq!(seen, [read(word), write(word, value(word) & !(1 << 5))], "{bit}");
        assert_eq!(after.flags & 1 != 0, value(word) & 1 << 5 != 0, "{bit}");
    }
    // bt [rbx], rax
    let (_, seen) = run(&[0x48, 0x0f, 0xa3, 0x03], 0x210, -64_i64 as u64);
    assert_eq!(seen, [read(0x208), read(0x20c)]);
}

#[test]
fn vectors_are_as_many_registers() {
    // movups xmm0, [rbx]; movups [rbx + 16], xmm0
    let (after, seen) = run(&[0x0f, 0x10, 0x03, 0x0f, 0x11, 0x43, 0x10], 0x200, 0);
    let words = [0x200, 0x204, 0x208, 0x20c];
    let expected: Vec<u8> = words.iter().flat_map(|word| value(*word).to_le_bytes()).collect();
    assert_eq!(after.extended[160..176], expected);
    let writes = words.map(|word| write(word + 0x10, value(word)));
    assert_eq!(seen, words.map(read).into_iter().chain(writes).collect::<Vec<_>>());
}

#[test]
fn string_instructions_go_on_element_by_element() {
    let with = |code: &[u8], rsi: i64, rdi: i64, rcx: u64| {
        run_with(code, |registers, bar, machine| {
            // Offsets below 0 are those into the machine's stack.
            let place = |offset: i64| match offset {
                0.. => bar as u64 + offset as u64,
                _ => machine.stack().wrapping_add_signed(offset),
            };
            registers.set(Register::RSI, place(rsi));
            registers.set(Register::RDI, place(rdi));
            registers.set(Register::RCX, rcx);
            registers.set(Register::RAX, value(0x208).into());
        })
    };
    let words = [0x200, 0x204, 0x208, 0x20c];
    // rep movsd from registers, and to them; from registers to registers.
    let (after, seen) = with(&[0xf3, 0xa5], 0x200, -32, 4);
    assert_eq!(seen, words.map(read));
    let stored: Vec<u8> = words.iter().flat_map(|word| value(*word).to_le_bytes()).collect();
    assert_eq!(after.stack[32..48], stored);
    assert_eq!(after.value(Register::RCX), 0);
    let (_, seen) = with(&[0xf3, 0xa5], -32, 0x200, 4);
    assert_eq!(seen, words.map(|word| write(word, 0)));
    let (after, seen) = with(&[0xf3, 0xa5], 0x200, 0x210, 4);
    let both = words.iter().flat_map(|word| [read(*word), write(word + 0x10, value(*word))]);
    assert_eq!(seen, both.collect::<Vec<_>>());
    assert_eq!(after.value(Register::RDI) - after.value(Register::RSI), 0x10);
    // std; rep stosd; cld
    let (_, seen) = with(&[0xfd, 0xf3, 0xab, 0xfc], 0, 0x20c, 2);
    assert_eq!(seen, [write(0x20c, value(0x208)), write(0x208, value(0x208))]);
    // repne scasd ends where it finds EAX.
    let (after, seen) = with(&[0xf2, 0xaf], 0, 0x200, 16);
    assert_eq!(seen, words[..3].iter().copied().map(read).collect::<Vec<_>>());
    assert_eq!((after.value(Register::RCX), after.flags & 0x40), (13, 0x40));
    // repe cmpsd ends where they differ.
    let (after, seen) = with(&[0xf3, 0xa7], 0x200, -32, 16);
    assert_eq!((seen, after.value(Register::RCX)), (vec![read(0x200)], 15));
    // None at all.
    let (_, seen) = with(&[0xf3, 0xa5], 0x200, -32, 0);
    assert_eq!(seen, []);
}

#[test]
fn addresses_of_all_kinds_are_understood() {
    let device = device();
    let bar = Bar::new(&device);
    let mut machine = Machine::new();
    let target = bar.at + 0x2fc;
    let mut before = Registers::new();
    before.set(Register::RSP, machine.stack());
    // [rax + rcx * 4 - 8]
    before.set(Register::RAX, target as u64 - 40);
    before.set(Register::RCX, 12);
    let relative = |code: &[u8], ip: u64| {
        let distance = (target as u64).wrapping_sub(ip + code.len() as u64 + 4) as i64;
        let distance = i32::try_from(distance).expect("mappings are near each other");
        [code, &distance.to_le_bytes()].concat()
    };
    let ip = machine.ip();
    for (name, code) in [
        ("base and index", vec![0x8b, 0x54, 0x88, 0xf8]),
        ("absolute", [&[0x48, 0xa1][..], &target.to_le_bytes(), &[0x89, 0xc2]].concat()),
        ("relative", relative(&[0x8b, 0x15], ip)),
        ("relative, elsewhere", relative(&[0x33, 0x15], ip)),
    ] {
        // SAFETY: it reads a register.
        let after = unsafe { machine.run(&code, &before) };
        assert_eq!(after.value(Register::RDX), value(0x2fc).into(), "{name}");
        let wide = name == "absolute";
        let expected = if wide { vec![read(0x2fc), read(0x300)] } else { vec![read(0x2fc)] };
        assert_eq!(device.accesses(), expected, "{name}");
    }
}

#[test]
fn pages_that_are_not_trapped_are_memory() {
    let device = device();
    let bar = Bar::new(&device);
    let doorbell = bar.pointer::<u32>(0x1018);
    // SAFETY: a register that is memory.
    unsafe {
        doorbell.write_volatile(7);
        assert_eq!(doorbell.read_volatile(), 7);
    }
    assert_eq!(device.accesses(), []);
}
