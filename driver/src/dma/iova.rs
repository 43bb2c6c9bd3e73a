//! Which I/O virtual addresses are in use: one allocator for the whole process, so that memory can
//! have the same address in every address space.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Addresses that are taken before others, where they are allowed: above the first 4 GiB, whose
/// windows and reservations differ from machine to machine, and within the 39 bits that every IOMMU
/// translates.
pub(super) const PREFERRED: RangeInclusive<u64> = 1 << 32..=(1 << 39) - 1;

static PROCESS: Mutex<Allocator> = Mutex::new(Allocator::new());

/// The process's allocator.
pub(super) fn process() -> MutexGuard<'static, Allocator> {
    // The map is changed in single steps.
    PROCESS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hands out ranges that overlap no other range it handed out.
#[derive(Debug, Default)]
pub(super) struct Allocator {
    /// First byte to last byte of each range in use; disjoint.
    used: BTreeMap<u64, u64>,
}

impl Allocator {
    /// One with nothing in use.
    pub(super) const fn new() -> Allocator {
        Allocator { used: BTreeMap::new() }
    }

    /// Takes `len` bytes inside one of `ranges`, at the lowest free address, with the largest
    /// alignment in `aligns` (powers of two, tried in turn) that can be had; in [`PREFERRED`] first.
    /// Address 0 is never given, since descriptors use it for "none".
    ///
    /// `None` when there is no such address, or `len` is 0.
    pub(super) fn take(
        &mut self,
        len: u64,
        aligns: &[u64],
        ranges: &[RangeInclusive<u64>],
    ) -> Option<u64> {
        if len == 0 {
            return None;
        }
        let preferred = intersect(ranges, &[PREFERRED]);
        let windows = [preferred.as_slice(), ranges];
        let at = windows.into_iter().find_map(|ranges| {
            aligns
                .iter()
                .find_map(|align| ranges.iter().find_map(|range| self.find(len, *align, range)))
        })?;
        self.used.insert(at, at + (len - 1));
        Some(at)
    }

    /// Gives a range back.
    pub(super) fn free(&mut self, start: u64) {
        self.used.remove(&start);
    }

    /// The lowest free and aligned address of `len` bytes in a range.
    fn find(&self, len: u64, align: u64, range: &RangeInclusive<u64>) -> Option<u64> {
        if !align.is_power_of_two() {
            return None;
        }
        let lowest = (*range.start()).max(1);
        let mut at = lowest.checked_next_multiple_of(align)?;
        // The one range that starts at or below `at` and may reach over it.
        if let Some((_, last)) = self.used.range(..=at).next_back()
            && *last >= at
        {
            at = last.checked_add(1)?.checked_next_multiple_of(align)?;
        }
        loop {
            let last = at.checked_add(len - 1)?;
            if last > *range.end() {
                return None;
            }
            // Ranges that start below `at` end below it, too.
            match self.used.range(at..=last).next() {
                None => match self.used.range(..at).next_back() {
                    Some((_, before)) if *before >= at => {
                        at = before.checked_add(1)?.checked_next_multiple_of(align)?;
                    }
                    _ => return Some(at),
                },
                Some((_, taken)) => {
                    at = taken.checked_add(1)?.checked_next_multiple_of(align)?;
                }
            }
        }
    }
}

/// What two ascending lists of disjoint ranges have in common.
pub(super) fn intersect(
    one: &[RangeInclusive<u64>],
    other: &[RangeInclusive<u64>],
) -> Vec<RangeInclusive<u64>> {
    one.iter()
        .flat_map(|a| other.iter().map(move |b| (a, b)))
        .map(|(a, b)| *a.start().max(b.start())..=*a.end().min(b.end()))
        .filter(|range| !range.is_empty())
        .collect()
}

/// Whether `len` bytes from `start` lie in one of the ranges.
pub(super) fn contains(ranges: &[RangeInclusive<u64>], start: u64, len: u64) -> bool {
    let last = len.checked_sub(1).and_then(|more| start.checked_add(more));
    last.is_some_and(|last| {
        ranges.iter().any(|range| *range.start() <= start && last <= *range.end())
    })
}

#[cfg(test)]
#[path = "iova_tests.rs"]
mod tests;
