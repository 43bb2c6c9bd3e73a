//! Register dumps.

use super::{RegisterValue, Registers};

/// Registers of one name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    name: &'static str,
    first: u64,
    count: u16,
    /// Bytes from one to the next.
    stride: u64,
}

impl Block {
    /// A register that there is once.
    pub(super) const fn one(name: &'static str, offset: u64) -> Block {
        Block { name, first: offset, count: 1, stride: 0 }
    }

    /// `count` registers, `stride` bytes apart.
    pub(super) const fn of(name: &'static str, first: u64, count: u16, stride: u64) -> Block {
        Block { name, first, count, stride }
    }
}

/// Reads the registers of all blocks, in their order.
pub(super) fn read(
    registers: &Registers,
    blocks: impl IntoIterator<Item = Block>,
) -> Vec<RegisterValue> {
    let mut dump = Vec::new();
    for Block { name, first, count, stride } in blocks {
        for n in 0..count {
            let name = if stride == 0 { name.to_string() } else { format!("{name}[{n}]") };
            let offset = first + stride * u64::from(n);
            dump.push(RegisterValue { name, offset, value: registers.read(offset) });
        }
    }
    dump
}
