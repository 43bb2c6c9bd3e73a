//! Memory that its program has moved while it was mapped.

use std::cell::Cell;
use std::ptr::NonNull;

use super::{MapError, Mapping, Memory, PAGE};

impl Memory {
    /// The pages of part of a mapping, or of several, are elsewhere in this process now. What of the range
    /// is not mapped stays so; a mapping is unmapped as it was mapped, whole.
    ///
    /// # Safety
    /// As for [`Memory::map_for`], from now on.
    ///
    /// # Errors
    /// The range or the memory is misaligned.
    pub unsafe fn rebase(
        &mut self,
        iova: u64,
        len: u64,
        base: NonNull<u8>,
    ) -> Result<(), MapError> {
        let end = iova.checked_add(len).filter(|_| iova.is_multiple_of(PAGE));
        let (Some(end), true) = (end, len.is_multiple_of(PAGE)) else {
            return Err(MapError::Range { iova, len });
        };
        let address = base.addr().get();
        if !address.is_multiple_of(PAGE as usize) {
            return Err(MapError::Base { base: address });
        }
        let mut mappings = Vec::with_capacity(self.mappings.len() + 2);
        for mapping in &std::mem::take(&mut self.mappings) {
            let last = mapping.iova + mapping.len;
            let (from, to) = (mapping.iova.clamp(iova, end), last.clamp(iova, end));
            if from >= to {
                mappings.push(*mapping);
                continue;
            }
            if (from, to) != (mapping.iova, last) {
                self.note_split(mapping);
            }
            let before = Mapping { len: from - mapping.iova, ..*mapping };
            // SAFETY: as far into the new memory as the mapping is into the range, for which it is there.
            let base = unsafe { base.add((from - iova) as usize) };
            let moved = Mapping { iova: from, len: to - from, base, ..*mapping };
            let after = Mapping { iova: to, len: last - to, base: mapping.at(to), ..*mapping };
            mappings.extend([before, moved, after].into_iter().filter(|part| part.len > 0));
        }
        self.mappings = mappings;
        self.last = Cell::default();
        Ok(())
    }

    /// Remembers what a mapping was when it was mapped.
    fn note_split(&mut self, mapping: &Mapping) {
        if self.split_around(mapping.iova).is_none() {
            self.split.push((mapping.iova, mapping.len));
        }
    }

    /// The mapping with an I/O address, as it was mapped, if it is in parts.
    pub(super) fn split_around(&self, iova: u64) -> Option<(u64, u64)> {
        self.split.iter().copied().find(|(start, len)| iova.wrapping_sub(*start) < *len)
    }

    /// Takes back a mapping that is in parts.
    pub(super) fn unmap_split(&mut self, iova: u64, len: u64) -> Result<(), MapError> {
        let at = self.split.iter().position(|split| *split == (iova, len));
        self.split.swap_remove(at.ok_or(MapError::Absent { iova, len })?);
        self.mappings.retain(|mapping| mapping.iova.wrapping_sub(iova) >= len);
        self.last = Cell::default();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Anonymous memory full of a byte.
    fn filled(pages: u64, byte: u8) -> (memmap2::MmapRaw, NonNull<u8>) {
        let mut map = memmap2::MmapMut::map_anon((pages * PAGE) as usize).unwrap();
        map.fill(byte);
        let map = memmap2::MmapRaw::from(map);
        let base = NonNull::new(map.as_mut_ptr()).unwrap();
        (map, base)
    }

    fn first_bytes(memory: &Memory, pages: &[u64]) -> Vec<Option<u8>> {
        let read = |page: &u64| {
            let mut byte = [0];
            memory.read(page * PAGE, &mut byte).ok().map(|()| byte[0])
        };
        pages.iter().map(read).collect()
    }

    #[test]
    fn moved_pages_are_found_and_a_mapping_in_parts_is_unmapped_whole() {
        let mut memory = Memory::default();
        let ((_one, one), (_two, two)) = (filled(4, 1), filled(2, 2));
        let ((_new, new), (_other, other)) = (filled(4, 3), filled(1, 4));
        // SAFETY: the pages are kept to the end of the test.
        unsafe {
            memory.map(one, 4 * PAGE, 4 * PAGE).unwrap();
            memory.map(two, 2 * PAGE, 8 * PAGE).unwrap();
            memory.rebase(6 * PAGE, 4 * PAGE, new).unwrap();
        }
        assert_eq!(first_bytes(&memory, &[4, 5, 6, 7, 8, 9]), [1, 1, 3, 3, 3, 3].map(Some));
        // SAFETY: as above.
        unsafe { memory.rebase(5 * PAGE, PAGE, other) }.unwrap();
        assert_eq!(first_bytes(&memory, &[3, 4, 5, 6]), [None, Some(1), Some(4), Some(3)]);
        for part in [(4, 1), (5, 1), (4, 6), (6, 2)] {
            let refused = memory.unmap(part.0 * PAGE, part.1 * PAGE);
            assert!(matches!(refused, Err(MapError::Absent { .. })), "{part:?}: {refused:?}");
        }
        memory.unmap(4 * PAGE, 4 * PAGE).unwrap();
        assert_eq!(first_bytes(&memory, &[4, 5, 6, 7, 8]), [None, None, None, None, Some(3)]);
        memory.unmap(8 * PAGE, 2 * PAGE).unwrap();
        assert_eq!(first_bytes(&memory, &[8, 9]), [None, None]);
        // SAFETY: as above.
        unsafe { memory.map(one, 4 * PAGE, 4 * PAGE) }.unwrap();
        assert_eq!(first_bytes(&memory, &[4]), [Some(1)]);
    }

    #[test]
    fn what_is_not_mapped_stays_so() {
        let mut memory = Memory::default();
        let (_new, new) = filled(2, 3);
        // SAFETY: the pages are kept to the end of the test.
        unsafe {
            memory.rebase(4 * PAGE, 2 * PAGE, new).unwrap();
            assert!(memory.rebase(4 * PAGE + 1, PAGE, new).is_err());
            assert!(memory.rebase(4 * PAGE, PAGE, new.add(1)).is_err());
        }
        assert_eq!(first_bytes(&memory, &[4, 5]), [None, None]);
    }
}
