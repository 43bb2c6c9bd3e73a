//! What is mapped in an address space, by I/O address.

use std::collections::BTreeMap;

/// Most mappings of a container (`dma_entry_limit` of the module `vfio_iommu_type1`).
const LIMIT: usize = 65535;

/// Mappings: disjoint.
#[derive(Debug)]
pub(super) struct Mappings(BTreeMap<u64, u64>);

impl Mappings {
    pub(super) fn new() -> Mappings {
        Mappings(BTreeMap::new())
    }

    /// How many more there can be.
    pub(super) fn left(&self) -> u32 {
        (LIMIT - self.0.len()) as u32
    }

    /// Whether anything is mapped from `first` to `last`.
    pub(super) fn overlaps(&self, first: u64, last: u64) -> bool {
        self.0.range(..=last).next_back().is_some_and(|(iova, size)| iova + (size - 1) >= first)
    }

    /// Notes that `size` bytes at `iova` are mapped, where nothing was.
    pub(super) fn insert(&mut self, iova: u64, size: u64) {
        self.0.insert(iova, size);
    }

    /// Whether a range begins or ends within a mapping.
    pub(super) fn is_cut_by(&self, first: u64, last: u64) -> bool {
        let cut = |at: u64| {
            let before = self.0.range(..at).next_back();
            before.is_some_and(|(iova, size)| iova + (size - 1) >= at)
        };
        cut(first) || last.checked_add(1).is_some_and(cut)
    }

    /// Takes out those that `first` to `last` unmaps. If it begins within one, as the first version of
    /// type 1 allows, that is none; one that it ends in is among them.
    pub(super) fn take(&mut self, first: u64, last: u64) -> Vec<(u64, u64)> {
        if self.overlaps(first, first) && !self.0.contains_key(&first) {
            return Vec::new();
        }
        let taken: Vec<(u64, u64)> = self.0.range(first..=last).map(|(k, v)| (*k, *v)).collect();
        for (iova, _) in &taken {
            self.0.remove(iova);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mappings: &[(u64, u64)]) -> Mappings {
        Mappings(mappings.iter().copied().collect())
    }

    #[test]
    fn overlaps_are_seen_on_every_side() {
        let mappings = of(&[(4, 4), (10, 1)]);
        for (first, last, overlaps) in [
            (0, 3, false),
            (0, 4, true),
            (5, 6, true),
            (7, 9, true),
            (8, 9, false),
            (8, 10, true),
            (11, u64::MAX, false),
            (0, u64::MAX, true),
        ] {
            assert_eq!(mappings.overlaps(first, last), overlaps, "{first} to {last}");
        }
    }

    #[test]
    fn what_is_cut_and_what_is_taken() {
        for (first, last, cut, taken) in [
            (0, 20, false, &[(4, 4), (10, 1)][..]),
            (4, 7, false, &[(4, 4)]),
            (4, 6, true, &[(4, 4)]),
            (5, 10, true, &[]),
            (6, 6, true, &[]),
            (8, 9, false, &[]),
            (8, 10, false, &[(10, 1)]),
            (0, u64::MAX, false, &[(4, 4), (10, 1)]),
        ] {
            let mut mappings = of(&[(4, 4), (10, 1)]);
            assert_eq!(mappings.is_cut_by(first, last), cut, "{first} to {last}");
            assert_eq!(mappings.take(first, last), taken, "{first} to {last}");
            assert_eq!(mappings.left() as usize, LIMIT - 2 + taken.len());
        }
        let mut end = of(&[(u64::MAX - 3, 4)]);
        assert!(end.overlaps(u64::MAX, u64::MAX) && !end.is_cut_by(0, u64::MAX));
        assert_eq!(end.take(0, u64::MAX).len(), 1);
    }
}
