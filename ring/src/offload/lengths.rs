//! The lengths of a request, packed into a frame's `meta` word.

use super::TxOffload;

/// Largest L2 header: MACLEN has 7 bits.
pub(crate) const MAX_L2: usize = 127;

/// Longest headers of a packet that is segmented: devices keep them in 240 bytes (82599 datasheet
/// 7.2.4.7).
pub(super) const MAX_SEGMENT_HEADERS: usize = 240;

/// Lengths of headers and segments in 32 bits: L2 in bits 0 to 6, L3 in units of 4 bytes in 7 to 13,
/// L4 likewise in 14 to 17, MSS in 18 to 31. IPLEN and L4LEN of a context descriptor have more bits
/// than that, but every header is a multiple of 4 bytes long, and none is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths(pub(crate) u32);

impl Lengths {
    /// Packs lengths that are in the ranges of [`TxOffload`].
    pub(crate) fn pack(offload: &TxOffload) -> Lengths {
        let mss = u32::from(offload.mss.unwrap_or(0));
        let Lengths(headers) = Lengths::of(offload.l2_len, offload.l3_len, offload.l4_len);
        Lengths(headers | mss << 18)
    }

    /// Packs lengths of a packet that is not segmented.
    #[inline]
    pub(super) fn of(l2: usize, l3: usize, l4: usize) -> Lengths {
        Lengths(l2 as u32 | (l3 as u32 / 4) << 7 | (l4 as u32 / 4) << 14)
    }

    /// Bytes before the IP header.
    #[inline]
    pub(crate) fn l2(self) -> usize {
        (self.0 & 0x7f) as usize
    }

    /// Bytes of the IP header.
    #[inline]
    pub(crate) fn l3(self) -> usize {
        (self.0 >> 7 & 0x7f) as usize * 4
    }

    /// Bytes of the header above IP.
    #[inline]
    pub(crate) fn l4(self) -> usize {
        (self.0 >> 14 & 0xf) as usize * 4
    }

    /// Bytes of all headers.
    #[inline]
    pub(crate) fn headers(self) -> usize {
        self.l2() + self.l3() + self.l4()
    }

    /// Payload of a segment; 0 without segmentation.
    #[inline]
    pub(crate) fn mss(self) -> usize {
        (self.0 >> 18) as usize
    }

    /// With another L2 header; `None` when it would be too short for one or too long, or all headers
    /// of a packet that is segmented would be.
    pub(crate) fn with_l2(self, len: usize) -> Option<Lengths> {
        let lengths = Lengths(self.0 & !0x7f | len as u32);
        let fits = lengths.mss() == 0 || lengths.headers() <= MAX_SEGMENT_HEADERS;
        ((super::MIN_L2..=MAX_L2).contains(&len) && fits).then_some(lengths)
    }
}
