//! Which bytes of a piece of memory are handed out.

use std::collections::BTreeMap;

/// Hands out aligned ranges of `0..len`, each byte at most once at a time.
#[derive(Debug)]
pub(super) struct Carver {
    /// Start and length of each free range; disjoint, and never adjacent.
    free: BTreeMap<usize, usize>,
    /// No byte from here on was ever handed out.
    fresh: usize,
}

/// A range that was handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) offset: usize,
    pub(super) len: usize,
    /// How many of its first bytes had an owner before and may hold what that left.
    pub(super) used: usize,
}

impl Carver {
    /// All of `len` bytes are free.
    pub(super) fn new(len: usize) -> Carver {
        Carver { free: BTreeMap::from([(0, len)]), fresh: 0 }
    }

    /// Takes `len` bytes at the lowest free offset that is a multiple of `align`; `None` when there
    /// is none, or when `len` is 0 or `align` no power of two.
    pub(super) fn take(&mut self, len: usize, align: usize) -> Option<Range> {
        if len == 0 || !align.is_power_of_two() {
            return None;
        }
        let (start, room, offset) = self.free.iter().find_map(|(start, room)| {
            let offset = start.checked_next_multiple_of(align)?;
            let end = offset.checked_add(len)?;
            (end <= start + room).then_some((*start, *room, offset))
        })?;
        self.free.remove(&start);
        if start < offset {
            self.free.insert(start, offset - start);
        }
        let end = offset + len;
        if end < start + room {
            self.free.insert(end, start + room - end);
        }
        let used = self.fresh.clamp(offset, end) - offset;
        self.fresh = self.fresh.max(end);
        Some(Range { offset, len, used })
    }

    /// Takes a range back, and joins it to its free neighbours.
    pub(super) fn give_back(&mut self, range: Range) {
        let Range { mut offset, mut len, .. } = range;
        if let Some((before, room)) = self.free.range(..offset).next_back()
            && before + room == offset
        {
            let before = *before;
            len += self.free.remove(&before).unwrap_or(0);
            offset = before;
        }
        len += self.free.remove(&(offset + len)).unwrap_or(0);
        self.free.insert(offset, len);
    }

    /// How many bytes are free, in however many pieces.
    pub(super) fn free_bytes(&self) -> usize {
        self.free.values().sum()
    }
}

#[cfg(test)]
#[path = "carver_tests.rs"]
mod tests;
