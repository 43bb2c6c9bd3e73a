//! Where the functions' BARs are. They are addresses of no machine: nobody reaches them, and programs
//! that print them have something to print.

use std::fmt::Write;

/// Bytes of a VF's BAR 0 and of its BAR 3 (82599 datasheet 9.4.4.8).
const VF_BAR_LEN: u64 = 16 * 1024;
/// VFs that the PF's SR-IOV capability has room for.
const VF_BARS: u64 = 64;

pub(super) const PF_BAR0: u32 = 0xdf80_0000;
pub(super) const PF_BAR2: u32 = 0xe020;
pub(super) const PF_BAR4: u32 = 0xdf88_0000;
pub(super) const VF_BAR0: u32 = 0xdfa0_0000;
pub(super) const VF_BAR3: u32 = 0xdfb0_0000;

// IORESOURCE_ of Linux `ioport.h`, and the low bits of the BAR.
const MEMORY: u64 = 0x200 | 0x40000;
const WIDE: u64 = 0x10_0000 | 0x4;
const PREFETCH: u64 = 0x2000 | 0x8;
const PORTS: u64 = 0x100 | 0x40000 | 0x1;
const WINDOW: u64 = 0x20_0000;

/// The lines of `resource`: six BARs, the ROM, and what follows.
struct Lines([(u64, u64, u64); 17]);

impl Lines {
    fn put(&mut self, line: usize, start: u32, len: u64, flags: u64) {
        let start = u64::from(start);
        self.0[line] = (start, start + len - 1, flags);
    }

    fn text(&self, lines: usize) -> String {
        let mut text = String::new();
        for (start, end, flags) in &self.0[..lines] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{start:#018x} {end:#018x} {flags:#018x}");
        }
        text
    }
}

/// An endpoint shows 13 lines, the last six being the BARs of its VFs.
const ENDPOINT: usize = 13;
/// A bridge shows four more, its windows.
const BRIDGE: usize = 17;

pub(super) fn of_vf(vf: usize) -> String {
    let mut lines = Lines(Default::default());
    // An adapter has at most 63 VFs.
    let offset = vf as u32 * VF_BAR_LEN as u32;
    lines.put(0, VF_BAR0 + offset, VF_BAR_LEN, MEMORY | WIDE | PREFETCH);
    lines.put(3, VF_BAR3 + offset, VF_BAR_LEN, MEMORY | WIDE | PREFETCH);
    lines.text(ENDPOINT)
}

pub(super) fn of_pf() -> String {
    let mut lines = Lines(Default::default());
    lines.put(0, PF_BAR0, 512 * 1024, MEMORY | WIDE | PREFETCH);
    lines.put(2, PF_BAR2, 32, PORTS);
    lines.put(4, PF_BAR4, 16 * 1024, MEMORY | WIDE | PREFETCH);
    lines.put(7, VF_BAR0, VF_BARS * VF_BAR_LEN, MEMORY | WIDE | PREFETCH);
    lines.put(10, VF_BAR3, VF_BARS * VF_BAR_LEN, MEMORY | WIDE | PREFETCH);
    lines.text(ENDPOINT)
}

pub(super) fn of_root_port() -> String {
    let mut lines = Lines(Default::default());
    lines.put(13, 0xe000, 0x1000, WINDOW | 0x101);
    lines.put(14, PF_BAR0, 0x40_0000, WINDOW | 0x200);
    lines.text(BRIDGE)
}
