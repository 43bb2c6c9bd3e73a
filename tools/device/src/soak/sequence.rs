//! What came of a stream's frames, each of which has its number.

use std::collections::BTreeSet;
use std::ops::AddAssign;

/// Numbers that are kept of those that did not come in their turn.
const MISSING_MAX: usize = 1 << 16;

/// What was wrong with what came; all zero if nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Frames that did not come.
    pub lost: u64,
    /// Frames that came again.
    pub duplicated: u64,
    /// Frames that came after a later one.
    pub reordered: u64,
    /// Frames with a wrong byte, a wrong length, or to the wrong receiver. Each is lost, too, as far as
    /// its stream knows.
    pub corrupted: u64,
}

impl Faults {
    /// Whether nothing was wrong.
    pub fn is_none(&self) -> bool {
        *self == Faults::default()
    }
}

impl AddAssign for Faults {
    fn add_assign(&mut self, more: Faults) {
        self.lost += more.lost;
        self.duplicated += more.duplicated;
        self.reordered += more.reordered;
        self.corrupted += more.corrupted;
    }
}

/// The receiver's side of one stream.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    next: u64,
    missing: BTreeSet<u64>,
    faults: Faults,
}

impl Sequence {
    /// Takes note of a frame; returns of how many frames it is known now what became of them.
    pub(super) fn note(&mut self, number: u64) -> u64 {
        if number >= self.next {
            let skipped = number - self.next;
            let kept = skipped.min((MISSING_MAX - self.missing.len()) as u64);
            self.missing.extend(self.next..self.next + kept);
            self.faults.lost += skipped;
            self.next = number.saturating_add(1);
            return skipped.saturating_add(1);
        }
        if self.missing.remove(&number) {
            self.faults.lost -= 1;
            self.faults.reordered += 1;
        } else {
            self.faults.duplicated += 1;
        }
        0
    }

    /// What was wrong, when so many frames had been sent.
    pub(super) fn faults(&self, sent: u64) -> Faults {
        Faults { lost: self.faults.lost + sent.saturating_sub(self.next), ..self.faults }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(numbers: &[u64], sent: u64) -> Faults {
        let mut sequence = Sequence::default();
        for number in numbers {
            sequence.note(*number);
        }
        sequence.faults(sent)
    }

    #[test]
    fn each_fault_is_told_from_the_others() {
        let none = Faults::default();
        assert_eq!(faults(&[0, 1, 2], 3), none);
        assert_eq!(faults(&[0, 2], 3), Faults { lost: 1, ..none });
        assert_eq!(faults(&[0, 1], 3), Faults { lost: 1, ..none });
        assert_eq!(faults(&[0, 1, 1, 2], 3), Faults { duplicated: 1, ..none });
        assert_eq!(faults(&[0, 2, 1], 3), Faults { reordered: 1, ..none });
        assert_eq!(faults(&[0, 2, 1, 1], 3), Faults { reordered: 1, duplicated: 1, ..none });
        assert_eq!(faults(&[], 0), none);
    }

    #[test]
    fn a_number_from_nowhere_takes_no_memory() {
        let mut sequence = Sequence::default();
        sequence.note(u64::MAX - 1);
        assert_eq!(sequence.missing.len(), MISSING_MAX);
        assert_eq!(sequence.faults(3).lost, u64::MAX - 1);
    }
}
