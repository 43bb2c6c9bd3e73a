//! What is written into a frame whose way is timed, and how it is known again.

use barline::MacAddress;

use super::super::frame::{self, HEADER};

/// Bytes behind the headers: round, place in the burst, time. They fill the smallest frame.
const STAMP: usize = 8 + 2 + 8;

/// A frame's place among those that were sent, and when that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Which burst.
    pub round: u64,
    /// Which frame of it.
    pub place: u16,
    /// When it was pushed, in nanoseconds of the sender's clock.
    pub sent: u64,
}

/// Writes and knows the frames of one measurement.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    header: [u8; HEADER],
}

impl Probe {
    /// Frames of `len` bytes (without FCS, 60 or more) from one address to another.
    pub fn new(len: usize, to: MacAddress, from: MacAddress) -> Probe {
        Probe { header: frame::header(len, to, from, 0) }
    }

    /// Writes a frame's first bytes; the others may be anything. False if it has fewer.
    #[must_use]
    pub fn write(&self, frame: &mut [u8], stamp: Stamp) -> bool {
        let Some(bytes) = frame.first_chunk_mut::<{ HEADER + STAMP }>() else { return false };
        bytes[..HEADER].copy_from_slice(&self.header);
        bytes[HEADER..HEADER + 8].copy_from_slice(&stamp.round.to_be_bytes());
        bytes[HEADER + 8..HEADER + 10].copy_from_slice(&stamp.place.to_be_bytes());
        bytes[HEADER + 10..].copy_from_slice(&stamp.sent.to_be_bytes());
        true
    }

    /// A frame's place in the burst of this round, which was pushed at that time; `None` of a frame of
    /// another one, or of somebody else's.
    pub fn place(&self, frame: &[u8], round: u64, sent: u64) -> Option<usize> {
        let stamp = self.read(frame)?;
        ((stamp.round, stamp.sent) == (round, sent)).then_some(stamp.place.into())
    }

    /// What a frame says; `None` of somebody else's.
    fn read(&self, frame: &[u8]) -> Option<Stamp> {
        let stamp = frame.strip_prefix(&self.header)?;
        let (round, rest) = stamp.split_first_chunk()?;
        let (place, rest) = rest.split_first_chunk()?;
        let (sent, _) = rest.split_first_chunk()?;
        let [round, sent] = [round, sent].map(|bytes| u64::from_be_bytes(*bytes));
        Some(Stamp { round, place: u16::from_be_bytes(*place), sent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_frame_holds_a_stamp_and_others_are_not_taken_for_one() {
        let probe = Probe::new(60, MacAddress([2; 6]), MacAddress([4; 6]));
        let stamp = Stamp { round: 1 << 40, place: 255, sent: u64::MAX - 1 };
        let mut frame = [0xaa; 60];
        assert!(probe.write(&mut frame, stamp));
        assert_eq!(probe.read(&frame), Some(stamp));
        assert_eq!(probe.read(&frame[..59]), None);
        assert_eq!(probe.place(&frame, 1 << 40, u64::MAX - 1), Some(255));
        for (round, sent) in [(1, u64::MAX - 1), (1 << 40, 5)] {
            assert_eq!(probe.place(&frame, round, sent), None, "a time that it was not sent at");
        }
        assert!(!probe.write(&mut frame[..59], stamp));
        frame[6] ^= 1;
        assert_eq!(probe.read(&frame), None);
        assert_eq!(probe.read(&[]), None);
    }
}
