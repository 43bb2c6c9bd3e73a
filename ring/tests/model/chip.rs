//! The devices that the model can be, and the bits in which they differ: 82576 datasheet 7.1.5 and
//! 7.2.2, 82599 7.1.6 and 7.2.3; errata as Linux's igb and ixgbe work around them.

use barline_ring::{Adv82576, Adv82599, AdvI350, AdvX540, Format};

/// Which device the model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// 82576.
    I82576,
    /// I350.
    I350,
    /// 82599.
    I82599,
    /// X540 and later.
    X540,
}

/// A descriptor format and the chip that speaks it.
pub trait Model: Format + std::fmt::Debug {
    /// The chip.
    const CHIP: Chip;
}

impl Model for Adv82576 {
    const CHIP: Chip = Chip::I82576;
}

impl Model for AdvI350 {
    const CHIP: Chip = Chip::I350;
}

impl Model for Adv82599 {
    const CHIP: Chip = Chip::I82599;
}

impl Model for AdvX540 {
    const CHIP: Chip = Chip::X540;
}

impl Chip {
    /// 82599 or later.
    pub fn is_ten_gigabit(self) -> bool {
        matches!(self, Chip::I82599 | Chip::X540)
    }

    /// Bits of L4E, IPE and RXE in the second word.
    pub fn errors(self) -> (u32, u32, u32) {
        if self.is_ten_gigabit() { (30, 31, 29) } else { (29, 30, 31) }
    }

    /// Further bits of the second word that say that a packet is damaged.
    pub fn other_errors(self) -> &'static [u32] {
        if self.is_ten_gigabit() { &[24, 25, 27, 28] } else { &[24, 25, 26, 28] }
    }

    /// Bits that say that a TCP and a UDP checksum was looked at.
    pub fn l4_checked(self) -> (u32, u32) {
        if self.is_ten_gigabit() { (5, 5) } else { (5, 4) }
    }

    /// The packet type, as in [`super::Report::types`], whose checksum may be right when it is said to
    /// be wrong.
    pub fn doubtful(self) -> u8 {
        match self {
            Chip::I82576 | Chip::I350 => 0b100_0000,
            Chip::I82599 => 0b10_0000,
            Chip::X540 => 0,
        }
    }

    /// The tag as it stands in the descriptor, or is meant by it.
    pub fn tag(self, tag: u16, looped: bool) -> u16 {
        if looped && self == Chip::I350 { tag.swap_bytes() } else { tag }
    }
}
