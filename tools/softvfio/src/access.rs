//! Accesses of any width to a BAR whose registers have 32 bits.
//!
//! A read or write of another width is what a PCI Express device sees of it: 32-bit words with byte
//! enables (PCI Express Base 4.0, 2.2.5), in ascending order.

use std::ops::Range;

/// The registers of a BAR 0: words of 32 bits.
pub trait Registers: Send + Sync {
    /// Whose they are.
    fn vf(&self) -> usize;

    /// Reads the register at `offset`, a multiple of 4, with the effects that reading has.
    fn read(&self, offset: usize) -> u32;

    /// Writes the register at `offset`, a multiple of 4, with the effects that writing has.
    fn write(&self, offset: usize, value: u32);
}

/// Reads bytes from `offset` on. Each register of which a byte is asked for is read once.
pub fn read(registers: &dyn Registers, offset: usize, into: &mut [u8]) {
    for (word, bytes, place) in words(offset, into.len()) {
        let value = registers.read(word).to_le_bytes();
        into[place].copy_from_slice(&value[bytes]);
    }
}

/// Writes bytes from `offset` on. Each register of which a byte is given is written once. Bytes that are
/// not given keep what the register has, if it is one that can be read without an effect; of the others
/// they are written as zeros, which say nothing.
pub fn write(registers: &dyn Registers, offset: usize, from: &[u8]) {
    for (word, bytes, place) in words(offset, from.len()) {
        let whole = bytes.len() == 4;
        let mut value =
            if whole || !is_kept(word) { [0; 4] } else { registers.read(word).to_le_bytes() };
        value[bytes].copy_from_slice(&from[place]);
        registers.write(word, u32::from_le_bytes(value));
    }
}

/// Registers that keep what is written, and tell it with no effect: VTEIAC and VTEIAM, VTIVAR and
/// VTIVAR_MISC, VTRSCINT, VFMBMEM, VFPSRTYPE, VTEITR, and all beyond page 0 (82599 datasheet 8.3.5).
fn is_kept(word: usize) -> bool {
    const KEPT: [Range<usize>; 6] =
        [0x110..0x118, 0x120..0x144, 0x180..0x1a0, 0x200..0x240, 0x300..0x304, 0x820..0x82c];
    word >= softnic::PLAIN_START || KEPT.iter().any(|kept| kept.contains(&word))
}

/// The words that `len` bytes at `offset` are in: which bytes of each, and which of the `len` these are.
fn words(offset: usize, len: usize) -> impl Iterator<Item = (usize, Range<usize>, Range<usize>)> {
    let end = offset.saturating_add(len);
    let first = offset & !3;
    (first..end).step_by(4).map(move |word| {
        let bytes = offset.max(word) - word..end.min(word.saturating_add(4)) - word;
        let place = word + bytes.start - offset;
        (word, bytes.clone(), place..place + bytes.len())
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Remembers what was asked of it.
    #[derive(Default)]
    struct Log(Mutex<Vec<(usize, Option<u32>)>>);

    impl Log {
        fn taken(&self) -> Vec<(usize, Option<u32>)> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl Registers for Log {
        fn vf(&self) -> usize {
            0
        }

        fn read(&self, offset: usize) -> u32 {
            self.0.lock().unwrap().push((offset, None));
            0xa3a2_a100 | offset as u32 & 0xff
        }

        fn write(&self, offset: usize, value: u32) {
            self.0.lock().unwrap().push((offset, Some(value)));
        }
    }

    #[test]
    fn each_register_is_read_once() {
        let log = Log::default();
        for (offset, len, bytes, words) in [
            (0x10, 4, &[0x10, 0xa1, 0xa2, 0xa3][..], &[0x10][..]),
            (0x11, 1, &[0xa1], &[0x10]),
            (0x12, 2, &[0xa2, 0xa3], &[0x10]),
            (0x13, 2, &[0xa3, 0x14], &[0x10, 0x14]),
            (0x10, 8, &[0x10, 0xa1, 0xa2, 0xa3, 0x14, 0xa1, 0xa2, 0xa3], &[0x10, 0x14]),
            (0x10, 0, &[], &[]),
        ] {
            let mut got = vec![0; len];
            read(&log, offset, &mut got);
            assert_eq!(got, bytes, "{len} at {offset:#x}");
            let expected: Vec<_> = words.iter().map(|word| (*word, None)).collect();
            assert_eq!(log.taken(), expected, "{len} at {offset:#x}");
        }
    }

    #[test]
    fn bytes_that_are_not_given_are_kept_or_say_nothing() {
        let log = Log::default();
        write(&log, 0x200, &[1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(log.taken(), [(0x200, Some(0x0403_0201)), (0x204, Some(0x0807_0605))]);
        write(&log, 0x202, &[9]);
        assert_eq!(log.taken(), [(0x200, None), (0x200, Some(0xa309_a100))]);
        // VTEICR is cleared by reading, and by writing ones.
        write(&log, 0x101, &[9]);
        assert_eq!(log.taken(), [(0x100, Some(0x0900))]);
        write(&log, 0x2ff, &[1, 2]);
        assert_eq!(
            log.taken(),
            [(0x2fc, Some(0x0100_0000)), (0x300, None), (0x300, Some(0xa3a2_a102))]
        );
    }
}
