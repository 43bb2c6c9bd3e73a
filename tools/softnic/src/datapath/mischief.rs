//! What the datapath does wrong on purpose, so that drivers and checkers can be tested.

use std::num::NonZeroU64;

/// Which frames on their way to a VF something happens to: one in so many, none with `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mischief {
    /// Dropped.
    pub(crate) drop: OneIn,
    /// Delivered twice.
    pub(crate) duplicate: OneIn,
    /// Delivered after the next one for the same VF.
    pub(crate) swap: OneIn,
    /// A bit of its last byte is flipped, behind the checks of checksums.
    pub(crate) corrupt: OneIn,
}

/// Every so-manieth time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OneIn {
    every: Option<NonZeroU64>,
    count: u64,
}

impl OneIn {
    /// Every `every`th time from now on.
    pub(crate) fn new(every: Option<NonZeroU64>) -> OneIn {
        OneIn { every, count: 0 }
    }

    /// Counts a time. True if it is one of those.
    fn strikes(&mut self) -> bool {
        let Some(every) = self.every else { return false };
        self.count += 1;
        self.count.is_multiple_of(every.get())
    }
}

/// What happens to one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Blow {
    pub(super) drop: bool,
    pub(super) duplicate: bool,
    pub(super) swap: bool,
    pub(super) corrupt: bool,
}

impl Mischief {
    /// Whether anything happens at all.
    pub(super) fn is_on(&self) -> bool {
        [self.drop, self.duplicate, self.swap, self.corrupt].iter().any(|it| it.every.is_some())
    }

    /// What happens to the next frame.
    pub(super) fn strike(&mut self) -> Blow {
        Blow {
            drop: self.drop.strikes(),
            duplicate: self.duplicate.strikes(),
            swap: self.swap.strikes(),
            corrupt: self.corrupt.strikes(),
        }
    }
}

/// What is wrong with a VF's write-backs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lies {
    /// They say what cannot be.
    pub(crate) absurd: bool,
    /// They are not made, though the descriptors are used.
    pub(crate) lost: bool,
    /// Each is made once more, on the descriptor behind.
    pub(crate) repeated: bool,
}

/// Who makes write-backs, honest or not.
#[derive(Clone, Debug)]
pub(super) struct Scribe {
    pub(super) lies: Lies,
    state: u64,
}

/// DD of a receive write-back, and of a transmit one.
const RX_DD: u64 = 1 << 0;
const TX_DD: u64 = 1 << 32;

impl Scribe {
    /// An honest one; if it is to lie, it says the same every time for each seed.
    pub(super) fn new(seed: u64) -> Scribe {
        Scribe { lies: Lies::default(), state: seed }
    }

    /// What to say instead of a receive write-back: if absurd, lengths, ends, errors, types, tags and
    /// hashes at random, but for one in eight.
    #[inline]
    pub(super) fn receive(&mut self, words: [u64; 2]) -> [u64; 2] {
        if self.lies.absurd { self.distort(words, RX_DD) } else { words }
    }

    /// What to say instead of a transmit write-back.
    pub(super) fn transmit(&mut self, words: [u64; 2]) -> [u64; 2] {
        if self.lies.absurd { self.distort(words, TX_DD) } else { words }
    }

    #[cold]
    fn distort(&mut self, words: [u64; 2], done: u64) -> [u64; 2] {
        if self.next().is_multiple_of(8) { words } else { [self.next(), self.next() | done] }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}
