//! Frames that prove themselves: every byte follows from who sent it as which of its frames.
//!
//! | bytes | what |
//! |---|---|
//! | 0 to 13 | Ethernet header, with the EtherType for experiments |
//! | 14, 15 | length of the frame without FCS |
//! | 16 to 19 | the stream |
//! | 20 to 23 | check of stream and number |
//! | 24 to 31 | number in the stream |
//! | 32 and on | a pattern that no other frame has |
//!
//! All numbers are little-endian.

use std::ops::RangeInclusive;

use barline::{MacAddress, Packet, PacketMut};

/// Bytes before the pattern.
pub(super) const HEADER: usize = 32;

/// EtherType for local experiments (IEEE 802): no protocol of anybody else is disturbed.
const ETHERTYPE: [u8; 2] = [0x88, 0xb5];

/// What makes the frames of one run different from those of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maker {
    pub(super) seed: u64,
    /// Lengths without FCS, the shortest with room for the header.
    pub(super) lengths: (usize, usize),
}

/// Between whom a stream runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) stream: u32,
    pub(super) from: MacAddress,
    pub(super) to: MacAddress,
}

impl Maker {
    pub(super) fn new(seed: u64, sizes: &RangeInclusive<usize>) -> Maker {
        const FCS: usize = 4;
        Maker { seed, lengths: (sizes.start() - FCS, sizes.end() - FCS) }
    }

    /// What everything in a frame but its addresses comes from.
    fn key(&self, stream: u32, number: u64) -> u64 {
        mix(self.seed ^ mix(u64::from(stream) ^ mix(number)))
    }

    /// Bytes of a frame.
    pub(super) fn len(&self, stream: u32, number: u64) -> usize {
        let (least, most) = self.lengths;
        least + (self.key(stream, number) >> 32) as usize % (most - least + 1)
    }

    /// Fills a packet of that length.
    pub(super) fn fill(&self, way: Way, number: u64, packet: &mut PacketMut<'_>) {
        let key = self.key(way.stream, number);
        let mut at = 0;
        for mut frame in packet.frames() {
            let data = frame.data();
            write(key, at, data);
            at += data.len();
        }
        if let Some(header) = packet.head().data().first_chunk_mut() {
            *header = self.header(way, number, at);
        }
    }

    /// What a received packet is, if all of its bytes are right.
    pub(super) fn read(&self, ways: &[Way], packet: Packet<'_>) -> Option<(Way, u64)> {
        let len = packet.len();
        let header: &[u8; HEADER] = packet.head().data().first_chunk()?;
        let stream = u32::from_le_bytes(*header[16..].first_chunk()?);
        let number = u64::from_le_bytes(*header[24..].first_chunk()?);
        let way = *ways.get(stream as usize)?;
        let mut right = len == self.len(stream, number);
        right &= *header == self.header(way, number, len);
        let key = self.key(stream, number);
        let mut at = 0;
        for frame in packet.frames() {
            let data = frame.data();
            let skipped = HEADER.saturating_sub(at).min(data.len());
            right &= is_pattern(key, at + skipped, &data[skipped..]);
            at += data.len();
        }
        right.then_some((way, number))
    }

    fn header(&self, way: Way, number: u64, len: usize) -> [u8; HEADER] {
        let check = mix(self.key(way.stream, number)) as u32;
        let mut header = [0; HEADER];
        header[..6].copy_from_slice(&way.to.0);
        header[6..12].copy_from_slice(&way.from.0);
        header[12..14].copy_from_slice(&ETHERTYPE);
        header[14..16].copy_from_slice(&(len as u16).to_le_bytes());
        header[16..20].copy_from_slice(&way.stream.to_le_bytes());
        header[20..24].copy_from_slice(&check.to_le_bytes());
        header[24..].copy_from_slice(&number.to_le_bytes());
        header
    }
}

/// SplitMix64's output function (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}

/// Bytes `8 * index` to `8 * index + 7` of a pattern.
fn word(key: u64, index: usize) -> [u8; 8] {
    key.wrapping_add((index as u64).wrapping_mul(0xd6e8_feb8_6659_fd93)).to_le_bytes()
}

/// How many of `len` bytes from `at` on come before a whole word.
fn lead(at: usize, len: usize) -> usize {
    (at.next_multiple_of(8) - at).min(len)
}

/// Writes the pattern's bytes from `at` on.
fn write(key: u64, at: usize, data: &mut [u8]) {
    let (lead, rest) = data.split_at_mut(lead(at, data.len()));
    lead.copy_from_slice(&word(key, at / 8)[at % 8..][..lead.len()]);
    let first = (at + lead.len()) / 8;
    let (words, tail) = rest.as_chunks_mut();
    for (i, bytes) in words.iter_mut().enumerate() {
        *bytes = word(key, first + i);
    }
    tail.copy_from_slice(&word(key, first + words.len())[..tail.len()]);
}

/// Whether these are the pattern's bytes from `at` on.
fn is_pattern(key: u64, at: usize, data: &[u8]) -> bool {
    let (lead, rest) = data.split_at(lead(at, data.len()));
    let first = (at + lead.len()) / 8;
    let (words, tail) = rest.as_chunks();
    // All are looked at, so that the compiler can take several at once.
    let difference = words.iter().enumerate().fold(0, |difference, (i, bytes)| {
        difference | u64::from_le_bytes(*bytes) ^ u64::from_le_bytes(word(key, first + i))
    });
    difference == 0
        && lead == &word(key, at / 8)[at % 8..][..lead.len()]
        && tail == &word(key, first + words.len())[..tail.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_same_however_it_is_cut() {
        let mut whole = [0; 301];
        write(7, 0, &mut whole);
        assert!(is_pattern(7, 0, &whole) && !is_pattern(8, 0, &whole));
        for cut in 0..whole.len() {
            let (left, right) = whole.split_at(cut);
            assert!(is_pattern(7, 0, left) && is_pattern(7, cut, right), "{cut}");
            let mut again = [0; 301];
            write(7, cut, &mut again[cut..]);
            assert_eq!(again[cut..], *right);
        }
    }

    #[test]
    fn each_wrong_byte_shows() {
        let mut bytes = [0; 131];
        write(1, 3, &mut bytes);
        for i in 0..bytes.len() {
            bytes[i] ^= 0x10;
            assert!(!is_pattern(1, 3, &bytes), "{i}");
            bytes[i] ^= 0x10;
        }
    }

    #[test]
    fn lengths_are_spread_over_what_is_allowed() {
        let maker = Maker::new(1, &(64..=67));
        let lengths: Vec<_> = (0..100).map(|number| maker.len(0, number)).collect();
        assert!((60..=63).all(|len| lengths.contains(&len)));
        assert!(lengths.iter().all(|len| (60..=63).contains(len)));
    }
}
