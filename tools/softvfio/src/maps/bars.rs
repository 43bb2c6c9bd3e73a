//! Registers that are mapped in this process.

use std::ops::Range;
use std::sync::Arc;

use libc::c_int;

use crate::access::Registers;

/// Pages of one BAR 0.
#[derive(Clone)]
pub(crate) struct Mapped {
    /// Where they are.
    pub(crate) at: Range<usize>,
    /// Where they start in the BAR.
    pub(crate) offset: usize,
    /// Each access is trapped.
    pub(crate) trapped: bool,
    /// What the program may do there.
    pub(crate) protection: c_int,
    /// Kept as long as they are mapped.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "only who traps reads them")
    )]
    pub(crate) registers: Arc<dyn Registers>,
}

impl Mapped {
    /// The part of it that is in a range.
    fn part(&self, range: &Range<usize>) -> Option<Mapped> {
        let at = self.at.start.max(range.start)..self.at.end.min(range.end);
        let offset = self.offset + at.start.wrapping_sub(self.at.start);
        (!at.is_empty()).then(|| Mapped { at, offset, ..self.clone() })
    }
}

/// All of them: ascending, disjoint.
pub(super) struct Bars(Vec<Mapped>);

impl Bars {
    pub(super) const fn new() -> Bars {
        Bars(Vec::new())
    }

    /// Whether any are in a range.
    pub(super) fn touch(&self, range: &Range<usize>) -> bool {
        self.0.iter().any(|mapped| mapped.at.start < range.end && range.start < mapped.at.end)
    }

    /// The pages with an address.
    pub(super) fn at(&self, address: usize) -> Option<&Mapped> {
        let after = self.0.partition_point(|mapped| mapped.at.start <= address);
        self.0.get(after.checked_sub(1)?).filter(|mapped| mapped.at.contains(&address))
    }

    /// The parts of them that are in a range.
    pub(super) fn within(&self, range: &Range<usize>) -> Vec<Mapped> {
        self.0.iter().filter_map(|mapped| mapped.part(range)).collect()
    }

    /// Takes the parts of them that are in a range out.
    pub(super) fn remove(&mut self, range: &Range<usize>) -> Vec<Mapped> {
        let taken = self.within(range);
        if !taken.is_empty() {
            let outside = [0..range.start, range.end..usize::MAX];
            let left = self
                .0
                .iter()
                .flat_map(|mapped| outside.iter().filter_map(|outside| mapped.part(outside)));
            self.0 = left.collect();
        }
        taken
    }

    /// Adds some in a place where none are.
    pub(super) fn insert(&mut self, mapped: Mapped) {
        let place = self.0.partition_point(|other| other.at.start < mapped.at.start);
        self.0.insert(place, mapped);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Registers for Nothing {
        fn vf(&self) -> usize {
            0
        }

        fn read(&self, _: usize) -> u32 {
            0
        }

        fn write(&self, _: usize, _: u32) {}
    }

    fn mapped(at: Range<usize>, offset: usize) -> Mapped {
        let registers = Arc::new(Nothing);
        Mapped { at, offset, trapped: true, protection: libc::PROT_READ, registers }
    }

    fn shown(of: &[Mapped]) -> Vec<(Range<usize>, usize)> {
        of.iter().map(|mapped| (mapped.at.clone(), mapped.offset)).collect()
    }

    #[test]
    fn a_part_that_is_taken_out_leaves_the_rest() {
        let mut bars = Bars::new();
        bars.insert(mapped(0x9000..0xa000, 0));
        bars.insert(mapped(0x1000..0x5000, 0));
        assert_eq!(bars.at(0x4fff).map(|found| found.offset), Some(0));
        assert!(bars.at(0x5000).is_none() && bars.at(0xfff).is_none());
        assert_eq!(shown(&bars.remove(&(0x2000..0x3000))), [(0x2000..0x3000, 0x1000)]);
        assert!(bars.at(0x2000).is_none());
        assert_eq!(
            shown(&bars.within(&(0..usize::MAX))),
            [(0x1000..0x2000, 0), (0x3000..0x5000, 0x2000), (0x9000..0xa000, 0)]
        );
        assert_eq!(
            shown(&bars.remove(&(0x4000..0x10000))),
            [(0x4000..0x5000, 0x3000), (0x9000..0xa000, 0)]
        );
        assert!(shown(&bars.remove(&(0x6000..0x7000))).is_empty());
        assert_eq!(bars.remove(&(0..0x10000)).len(), 2);
        assert!(!bars.touch(&(0..usize::MAX)));
    }
}
