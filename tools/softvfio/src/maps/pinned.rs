//! Memory of the program's that devices reach.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::kernel;

/// Pages that the program has taken from their place while a device reached them. They are ours, and go
/// when no device reaches them any more.
pub(super) struct Kept(Range<usize>);

impl Kept {
    /// # Safety
    /// The memory is this one's from now on.
    pub(super) unsafe fn new(range: Range<usize>) -> Kept {
        Kept(range)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: nobody else knows of the memory, and no device reaches it any more. What cannot be
        // unmapped is lost.
        _ = unsafe { kernel::munmap(&self.0) };
    }
}

/// Part of what was mapped for devices, by one call.
#[derive(Clone)]
pub(super) struct Pinned {
    /// The address space.
    pub(super) space: u64,
    /// The I/O address.
    pub(super) iova: u64,
    /// Where it is in this process.
    pub(super) at: Range<usize>,
    /// It is not in its place in the program's memory any more.
    pub(super) kept: Option<Arc<Kept>>,
}

impl Pinned {
    /// The part of it that is in a range.
    fn part(&self, range: &Range<usize>) -> Option<Pinned> {
        let at = self.at.start.max(range.start)..self.at.end.min(range.end);
        let iova = self.iova + at.start.wrapping_sub(self.at.start) as u64;
        (!at.is_empty()).then(|| Pinned { iova, at, ..self.clone() })
    }
}

/// All that is mapped for devices, by space and I/O address.
pub(super) struct Pins(BTreeMap<(u64, u64), Pinned>);

impl Pins {
    pub(super) const fn new() -> Pins {
        Pins(BTreeMap::new())
    }

    /// Whether any of it is in its place in the program's memory, in a range.
    pub(super) fn touch(&self, range: &Range<usize>) -> bool {
        let touches = |at: &Range<usize>| at.start < range.end && range.start < at.end;
        self.0.values().any(|pinned| pinned.kept.is_none() && touches(&pinned.at))
    }

    pub(super) fn add(&mut self, space: u64, iova: u64, at: Range<usize>) {
        self.insert(Pinned { space, iova, at, kept: None });
    }

    fn insert(&mut self, pinned: Pinned) {
        self.0.insert((pinned.space, pinned.iova), pinned);
    }

    /// Takes out what a space has in a range of I/O addresses.
    pub(super) fn remove(&mut self, space: u64, iovas: &Range<u64>) -> Vec<Pinned> {
        let inside = self.0.range((space, iovas.start)..(space, iovas.end));
        let keys: Vec<(u64, u64)> = inside.map(|(key, _)| *key).collect();
        keys.iter().filter_map(|key| self.0.remove(key)).collect()
    }

    /// Takes everything out.
    pub(super) fn clear(&mut self) -> impl Drop + use<> {
        std::mem::take(&mut self.0)
    }

    /// Whether devices reach an address.
    pub(super) fn reach(&self, address: usize) -> bool {
        self.0.values().any(|pinned| pinned.at.contains(&address))
    }

    /// The parts of the program's memory in a range that devices reach: disjoint, ascending.
    pub(super) fn places(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = self.theirs(range).map(|pinned| pinned.at).collect();
        places.sort_by_key(|place| place.start);
        let mut merged: Vec<Range<usize>> = Vec::new();
        for place in places {
            match merged.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => merged.push(place),
            }
        }
        merged
    }

    /// The parts of a range that devices do not reach there: disjoint, ascending.
    pub(super) fn others(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let places = self.places(range);
        let ends = places.iter().map(|place| place.start).chain([range.end]);
        let starts = [range.start].into_iter().chain(places.iter().map(|place| place.end));
        starts.zip(ends).map(|(start, end)| start..end).filter(|part| !part.is_empty()).collect()
    }

    /// Notes that memory of the program's is elsewhere now, and returns what that concerns. With
    /// `kept` it is not the program's any more.
    pub(super) fn shift(
        &mut self,
        from: &Range<usize>,
        to: usize,
        kept: Option<&Arc<Kept>>,
    ) -> Vec<Pinned> {
        let whole = self.0.values().filter(|pinned| pinned.kept.is_none());
        let whole: Vec<Pinned> =
            whole.filter(|pinned| pinned.part(from).is_some()).cloned().collect();
        let mut moved = Vec::new();
        for pinned in whole {
            self.0.remove(&(pinned.space, pinned.iova));
            let outside = [0..from.start, from.end..usize::MAX];
            outside
                .iter()
                .filter_map(|outside| pinned.part(outside))
                .for_each(|rest| self.insert(rest));
            let Some(part) = pinned.part(from) else { continue };
            let start = part.at.start - from.start + to;
            let part = Pinned { at: start..start + part.at.len(), kept: kept.cloned(), ..part };
            moved.push(part.clone());
            self.insert(part);
        }
        moved
    }

    /// The parts in a range that are where the program had them.
    fn theirs(&self, range: &Range<usize>) -> impl Iterator<Item = Pinned> {
        self.0.values().filter(|p| p.kept.is_none()).filter_map(|pinned| pinned.part(range))
    }
}
