//! Several descriptors by atomics, one by one, in the place of instructions that ThreadSanitizer does
//! not see.

use super::Descriptors;

impl Descriptors<'_> {
    /// Reads the `N` descriptors from a position on.
    pub(super) fn read<const N: usize>(self, position: u32) -> [[u64; 2]; N] {
        std::array::from_fn(|i| {
            let slot = self.one(position.wrapping_add(i as u32));
            let second = slot.status();
            [slot.first(), second]
        })
    }

    /// Writes the descriptors from a position on.
    pub(super) fn write(self, position: u32, words: &[[u64; 2]]) {
        for (i, &words) in words.iter().enumerate() {
            self.store(position.wrapping_add(i as u32), words);
        }
    }
}
