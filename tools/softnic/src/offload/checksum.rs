//! The Internet checksum (RFC 1071) and SCTP's CRC32c (RFC 9260, appendix A).

/// A sum of 16-bit words that is not folded yet. Any number of frames fits.
///
/// Words are added in the machine's byte order, since a ones' complement sum is the same in either but
/// for the order of its two bytes (RFC 1071, section 2).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// Adds bytes, a zero after an odd one.
    #[inline]
    pub(crate) fn bytes(self, bytes: &[u8]) -> Sum {
        let mut sum = self.0;
        let mut words = bytes.chunks_exact(4);
        for word in &mut words {
            sum += u64::from(u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
        }
        let mut rest = [0; 4];
        for (to, from) in rest.iter_mut().zip(words.remainder()) {
            *to = *from;
        }
        Sum(sum + u64::from(u32::from_ne_bytes(rest)))
    }

    /// Adds a number as it stands in a header.
    #[inline]
    pub(crate) fn number(self, number: u32) -> Sum {
        Sum(self.0 + u64::from(number.to_be()))
    }

    /// The ones' complement sum, not inverted, as a number.
    #[inline]
    pub(crate) fn folded(self) -> u16 {
        let sum = (self.0 & 0xffff_ffff) + (self.0 >> 32);
        // Always as often as it may take: below 2^33, then 2^18, then 2^16 + 2, so that no processor
        // has to guess.
        let sum = (0..3).fold(sum, |sum, _| (sum & 0xffff) + (sum >> 16));
        u16::from_be(sum as u16)
    }

    /// What goes into the checksum field.
    #[inline]
    pub(crate) fn checksum(self) -> u16 {
        !self.folded()
    }

    /// The sum went over a checksum field as well, and that was right.
    #[inline]
    pub(crate) fn is_right(self) -> bool {
        self.folded() == 0xffff
    }
}

/// CRC32c as SCTP has it in its header: least significant byte first.
pub(crate) fn crc32c(parts: [&[u8]; 3]) -> [u8; 4] {
    parts.into_iter().fold(0, crc32c::crc32c_append).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1071, section 3: a numerical example.
    #[test]
    fn the_sum_of_the_rfc_comes_out() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::default().bytes(&bytes).folded(), 0xddf2);
        for cut in [2, 4, 6] {
            let (a, b) = bytes.split_at(cut);
            assert_eq!(Sum::default().bytes(a).bytes(b).folded(), 0xddf2, "in parts at {cut}");
        }
        assert_eq!(Sum::default().number(0x0001_f203).number(0xf4f5_f6f7).checksum(), !0xddf2);
    }

    #[test]
    fn an_odd_byte_is_the_upper_half_of_a_word() {
        assert_eq!(Sum::default().bytes(&[0x12]).folded(), 0x1200);
        assert_eq!(Sum::default().bytes(&[0, 0, 0x12, 0x34, 0x56]).folded(), 0x6834);
    }

    #[test]
    fn a_sum_over_its_own_checksum_is_right() {
        let mut bytes = [0xab; 1501];
        bytes[16..18].copy_from_slice(&[0, 0]);
        let checksum = Sum::default().bytes(&bytes).checksum();
        bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
        assert!(Sum::default().bytes(&bytes).is_right());
        bytes[700] ^= 1;
        assert!(!Sum::default().bytes(&bytes).is_right());
    }

    /// RFC 3720, appendix B.4: the CRC32c of 32 bytes of zeros, and of ones.
    #[test]
    fn the_crc_of_the_rfc_comes_out() {
        assert_eq!(crc32c([&[0; 10], &[0; 20], &[0; 2]]), [0xaa, 0x36, 0x91, 0x8a]);
        assert_eq!(crc32c([&[], &[0xff; 32], &[]]), [0x43, 0xab, 0xa8, 0x62]);
    }
}
