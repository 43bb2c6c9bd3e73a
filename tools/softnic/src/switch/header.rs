//! What the switch looks at in a frame: addresses, as numbers, and the VLAN tag.

use crate::offload::VLAN;

/// Everybody's address.
const BROADCAST: u64 = 0xffff_ffff_ffff;

/// Bytes that hold two addresses and a tag.
const LEN: usize = 16;

/// The begin of a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// To whom and from whom: the first byte of an address is its lowest.
    pub(super) to: u64,
    pub(super) from: u64,
    /// The tag's control information.
    pub(crate) tci: Option<u16>,
}

impl Header {
    /// The header of a frame; of one that is too short to have any, nobody's.
    #[inline]
    pub(crate) fn of(frame: &[u8]) -> Header {
        let Some(&[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]) = frame.first_chunk::<LEN>()
        else {
            return Header::default();
        };
        Header {
            to: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]),
            from: u64::from_le_bytes([g, h, i, j, k, l, 0, 0]),
            tci: (u16::from_be_bytes([m, n]) == VLAN).then(|| u16::from_be_bytes([o, p])),
        }
    }

    /// It is for a group; everybody is one.
    #[inline]
    pub(crate) fn is_to_group(&self) -> bool {
        self.to & 1 == 1
    }

    /// It is for everybody.
    #[inline]
    pub(crate) fn is_broadcast(&self) -> bool {
        self.to == BROADCAST
    }

    /// The hash of its group's address: its upper 12 bits, as Linux's ixgbe has set up the filter
    /// (MCSTCTRL.MO 0, `mc_filter_type`).
    #[inline]
    pub(super) fn hash(&self) -> usize {
        (self.to >> 36 & 0xfff) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_from_frames_of_any_length() {
        let mut frame: Vec<u8> = (1..=12).chain([0x81, 0x00, 0xa0, 0x05]).collect();
        let mut expected =
            Header { to: 0x0605_0403_0201, from: 0x0c0b_0a09_0807, tci: Some(0xa005) };
        assert_eq!(Header::of(&frame), expected);
        assert_eq!(Header::of(&frame[..15]), Header::default());
        frame[12] = 0x88;
        expected.tci = None;
        assert_eq!(Header::of(&frame), expected);
        assert!(expected.is_to_group() && !expected.is_broadcast());
        let everybody = Header::of(&[0xff; 60]);
        assert!(everybody.is_to_group() && everybody.is_broadcast());
    }

    #[test]
    fn the_hash_is_that_of_linux() {
        // ixgbe_mta_vector, case 0: (mc_addr[4] >> 4) | (mc_addr[5] << 4).
        for mac in [[0x01, 0x00, 0x5e, 0x01, 0x02, 0x03], [0x33, 0x33, 0, 0, 0xab, 0xcd]] {
            let mut frame = [0; 60];
            frame[..6].copy_from_slice(&mac);
            let expected = usize::from(mac[4] >> 4) | usize::from(mac[5]) << 4;
            assert_eq!(Header::of(&frame).hash(), expected);
        }
    }
}
