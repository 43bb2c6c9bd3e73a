//! Which bit of a PF's multicast table stands for a group.

use crate::MacAddress;

/// The number of a group's bit, of 4096. `filter` is what the PF has in MCSTCTRL.MO: where in the
/// address the 12 bits begin, 0 to 3 for bit 36, 35, 34 or 32 (82576 datasheet 7.1.1.2, 82599
/// datasheet 7.1.1.1.2).
pub(super) fn hash(group: MacAddress, filter: u32) -> u16 {
    let [.., e, f] = group.0;
    let first = match filter & 3 {
        0 => 4,
        1 => 3,
        2 => 2,
        _ => 0,
    };
    (u16::from_le_bytes([e, f]) >> first) & 0xfff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_begin_where_the_pf_says() {
        let group = MacAddress([0x01, 0x00, 0x5e, 0x00, 0x00, 0xfb]);
        assert_eq!(hash(group, 0), 0xfb0);
        let group = MacAddress([0x33, 0x33, 0, 0, 0xab, 0xcd]);
        assert_eq!([0, 1, 2, 3].map(|filter| hash(group, filter)), [0xcda, 0x9b5, 0x36a, 0xdab]);
    }
}
