//! Registers of the VF's BAR 0 by the names of the 82599 datasheet (section 8.3), as Linux's ixgbevf
//! spells them.

use std::fmt;

/// One register, or several in a row.
struct Row {
    first: usize,
    /// From one to the next.
    stride: usize,
    count: usize,
    name: &'static str,
}

const fn one(first: usize, name: &'static str) -> Row {
    Row { first, stride: 4, count: 1, name }
}

const fn row(first: usize, stride: usize, count: usize, name: &'static str) -> Row {
    Row { first, stride, count, name }
}

/// A receive or transmit register of the eight queues.
const fn queue(first: usize, name: &'static str) -> Row {
    row(first, 0x40, 8, name)
}

const REGISTERS: &[Row] = &[
    one(0x000, "VFCTRL"),
    one(0x008, "VFSTATUS"),
    one(0x010, "VFLINKS"),
    one(0x048, "VFFRTIMER"),
    one(0x100, "VTEICR"),
    one(0x104, "VTEICS"),
    one(0x108, "VTEIMS"),
    one(0x10c, "VTEIMC"),
    one(0x110, "VTEIAC"),
    one(0x114, "VTEIAM"),
    row(0x120, 4, 4, "VTIVAR"),
    one(0x140, "VTIVAR_MISC"),
    row(0x180, 4, 8, "VTRSCINT"),
    row(0x200, 4, 16, "VFMBMEM"),
    one(0x2fc, "VFMAILBOX"),
    one(0x300, "VFPSRTYPE"),
    row(0x820, 4, 3, "VTEITR"),
    queue(0x1000, "VFRDBAL"),
    queue(0x1004, "VFRDBAH"),
    queue(0x1008, "VFRDLEN"),
    queue(0x100c, "VFDCA_RXCTRL"),
    queue(0x1010, "VFRDH"),
    queue(0x1014, "VFSRRCTL"),
    queue(0x1018, "VFRDT"),
    one(0x101c, "VFGPRC"),
    one(0x1020, "VFGORC_LSB"),
    one(0x1024, "VFGORC_MSB"),
    queue(0x1028, "VFRXDCTL"),
    queue(0x102c, "VFRSCCTL"),
    one(0x1034, "VFMPRC"),
    queue(0x2000, "VFTDBAL"),
    queue(0x2004, "VFTDBAH"),
    queue(0x2008, "VFTDLEN"),
    queue(0x200c, "VFDCA_TXCTRL"),
    queue(0x2010, "VFTDH"),
    queue(0x2018, "VFTDT"),
    one(0x201c, "VFGPTC"),
    one(0x2020, "VFGOTC_LSB"),
    one(0x2024, "VFGOTC_MSB"),
    queue(0x2028, "VFTXDCTL"),
    queue(0x2038, "VFTDWBAL"),
    queue(0x203c, "VFTDWBAH"),
    one(0x3000, "VFMRQC"),
    row(0x3100, 4, 10, "VFRSSRK"),
    row(0x3200, 4, 16, "VFRETA"),
];

/// The name of what is at an offset; `-` if it is no register. Those in a row have a number.
pub(super) struct Name(pub(super) usize);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.0 & !3;
        let found = REGISTERS.iter().find_map(|row| {
            let from_first = word.checked_sub(row.first)?;
            let number = from_first / row.stride;
            (from_first % row.stride == 0 && number < row.count).then_some((row, number))
        });
        match found {
            None => f.write_str("-"),
            Some((row, _)) if row.count == 1 => f.write_str(row.name),
            Some((row, number)) => write!(f, "{}({number})", row.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_have_their_names_and_numbers() {
        for (offset, name) in [
            (0x000, "VFCTRL"),
            (0x004, "-"),
            (0x2ff, "VFMAILBOX"),
            (0x23c, "VFMBMEM(15)"),
            (0x240, "-"),
            (0x1058, "VFRDT(1)"),
            (0x11d8, "VFRDT(7)"),
            (0x1218, "-"),
            (0x101c, "VFGPRC"),
            (0x105c, "-"),
            (0x2018, "VFTDT(0)"),
            (0x3124, "VFRSSRK(9)"),
            (0x3fff, "-"),
        ] {
            assert_eq!(Name(offset).to_string(), name, "{offset:#x}");
        }
    }
}
