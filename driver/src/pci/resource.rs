//! The `resource` table of sysfs: where the device's memory and ports are.

/// One region of a device, as one line of `resource` gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// First bus address as the CPU sees it; 0 is possible where the kernel has not placed it.
    pub start: u64,
    /// Length in bytes, at least 1.
    pub len: u64,
    /// What kind of region it is.
    pub kind: ResourceKind,
    /// Reads have no side effects, and writes may be merged (`IORESOURCE_PREFETCH`).
    pub prefetchable: bool,
    /// A 64-bit BAR, which takes two slots (`IORESOURCE_MEM_64`).
    pub wide: bool,
}

/// The kind of a [`Resource`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// Memory-mapped (`IORESOURCE_MEM`).
    Memory,
    /// Ports (`IORESOURCE_IO`).
    Io,
}

/// The regions of one device. Slots without a region are `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// BARs 0 to 5.
    pub bars: [Option<Resource>; 6],
    /// The expansion ROM.
    pub rom: Option<Resource>,
    /// Of a PF: VF BARs 0 to 5, each the room of *all* VFs that it can have. See
    /// [`Resources::vf_bar_len`].
    pub vf_bars: [Option<Resource>; 6],
}

// include/linux/ioport.h
const IO: u64 = 0x100;
const MEM: u64 = 0x200;
const PREFETCH: u64 = 0x2000;
const MEM_64: u64 = 0x0010_0000;

impl Resources {
    /// Length in bytes of BAR `index` of one VF, of a PF that can have `total` VFs. 0 where there
    /// is none, or the kernel found no room for it.
    pub fn vf_bar_len(&self, index: usize, total: u16) -> u64 {
        let region = self.vf_bars.get(index).copied().flatten();
        region.and_then(|region| region.len.checked_div(u64::from(total))).unwrap_or(0)
    }

    /// Reads the table: one line `start end flags` for each of BAR 0 to 5, the ROM, and VF BAR 0 to
    /// 5 (kernels without SR-IOV leave those out; bridges have more lines). `None` if it is
    /// malformed.
    pub(super) fn parse(text: &str) -> Option<Resources> {
        let mut regions = [None; 13];
        let mut lines = 0;
        for (slot, line) in regions.iter_mut().zip(text.lines()) {
            *slot = region(line)?;
            lines += 1;
        }
        if lines < 7 {
            return None;
        }
        let mut resources = Resources { rom: regions[6], ..Resources::default() };
        resources.bars.copy_from_slice(&regions[..6]);
        resources.vf_bars.copy_from_slice(&regions[7..]);
        Some(resources)
    }
}

/// `Some(None)` is an empty slot, `None` a malformed line.
fn region(line: &str) -> Option<Option<Resource>> {
    let mut words = line.split_ascii_whitespace().map(super::attribute::hexadecimal::<u64>);
    let (start, end, flags) = (words.next()??, words.next()??, words.next()??);
    if words.next().is_some() {
        return None;
    }
    let kind = match flags {
        flags if flags & MEM != 0 => ResourceKind::Memory,
        flags if flags & IO != 0 => ResourceKind::Io,
        _ => return Some(None),
    };
    // The kernel writes a region of length 0 as end = start - 1.
    let Some(len) = end.checked_sub(start).and_then(|last| last.checked_add(1)) else {
        return Some(None);
    };
    Some(Some(Resource {
        start,
        len,
        kind,
        prefetchable: flags & PREFETCH != 0,
        wide: flags & MEM_64 != 0,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY: &str = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

    #[test]
    fn a_pf_with_vf_bars() {
        let mut text = String::from("0x00000000fe000000 0x00000000fe01ffff 0x0000000000040200\n");
        text += "0x000000000000c000 0x000000000000c01f 0x0000000000040101\n";
        for _ in 2..7 {
            text += EMPTY;
        }
        text += "0x000000fe00000000 0x000000fe0001ffff 0x000000000014220c\n";
        for _ in 8..13 {
            text += EMPTY;
        }
        let resources = Resources::parse(&text).unwrap();
        let bar = resources.bars[0].unwrap();
        assert_eq!((bar.len, bar.kind, bar.wide), (0x2_0000, ResourceKind::Memory, false));
        assert_eq!(resources.bars[1].unwrap().kind, ResourceKind::Io);
        assert_eq!(resources.rom, None);
        let vf_bar = resources.vf_bars[0].unwrap();
        assert!(vf_bar.prefetchable && vf_bar.wide);
        assert_eq!(resources.vf_bar_len(0, 8), 0x4000);
        assert_eq!(resources.vf_bar_len(0, 0), 0);
        assert_eq!(resources.vf_bar_len(1, 8), 0);
        assert_eq!(resources.vf_bar_len(9, 8), 0);
    }

    #[test]
    fn a_kernel_without_sriov_shows_seven_lines() {
        assert_eq!(Resources::parse(&EMPTY.repeat(7)), Some(Resources::default()));
        assert_eq!(Resources::parse(&EMPTY.repeat(6)), None);
    }

    #[test]
    fn an_unplaced_region_has_no_length() {
        let text = format!("0x0 0xffffffffffffffff 0x200\n{}", EMPTY.repeat(6));
        assert_eq!(Resources::parse(&text).unwrap().bars[0], None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([0-9a-fx \\n]{0,80}\\n){0,14}") {
            let _ = Resources::parse(&text);
        }
    }
}
