//! VLAN tags put in and taken out.

use super::headers::VLAN;

/// Bytes of a tag.
pub(crate) const TAG: usize = 4;

/// Where a tag is: behind the two addresses.
pub(crate) const TAG_AT: usize = 12;

/// Puts a tag into the frame that starts [`TAG`] bytes into `bytes`. The frame starts at the first byte
/// then. Nothing happens to what is shorter than its addresses.
pub(crate) fn insert(bytes: &mut [u8], tci: u16) {
    if bytes.len() < TAG + TAG_AT {
        return;
    }
    bytes.copy_within(TAG..TAG + TAG_AT, 0);
    let [high, low] = VLAN.to_be_bytes();
    let [tag_high, tag_low] = tci.to_be_bytes();
    bytes[TAG_AT..TAG_AT + TAG].copy_from_slice(&[high, low, tag_high, tag_low]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offload::headers::tag;

    #[test]
    fn a_tag_goes_between_addresses_and_type() {
        let mut bytes = [0xee; 4 + 20];
        for (i, byte) in bytes[4..].iter_mut().enumerate() {
            *byte = i as u8;
        }
        insert(&mut bytes, 0xabcd);
        assert_eq!(bytes[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(bytes[12..16], [0x81, 0x00, 0xab, 0xcd]);
        assert_eq!(bytes[16..], [12, 13, 14, 15, 16, 17, 18, 19]);
        assert_eq!(tag(&bytes), Some(0xabcd));
        let mut short = [1; 15];
        insert(&mut short, 1);
        assert_eq!(short, [1; 15]);
    }
}
