//! Which packets are sent like the one before, and what their descriptors have in common.

use crate::Format;
use crate::arena::Iovas;
use crate::frame::Frame;
use crate::tx::MIN_PACKET;

/// A frame's length is on top of its first word.
const LEN_SHIFT: u32 = 48;

/// What frames have to say of themselves to be sent alike, and what is common to their descriptors. Each
/// pair is of the two words that a frame and a descriptor have, as registers take them.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(16))]
pub(crate) struct TxTerms {
    /// What of a frame's words counts: the length, and of what it is about ([`Frame::about`]) these bits.
    pub(crate) mask: [u64; 2],
    /// What is subtracted from that: the least length, and what it has to be about.
    pub(crate) wanted: [u64; 2],
    /// What may be left then.
    pub(crate) over: [u64; 2],
    /// What is added to a descriptor's words: the address of buffer 0, and all but the lengths.
    pub(crate) common: [u64; 2],
}

impl TxTerms {
    /// For frames of up to `max_packet` bytes which say of themselves what is `wanted` in the bits of
    /// `mask`, and whose descriptors have these bits in `common`.
    pub(crate) fn new(
        iovas: Iovas,
        max_packet: usize,
        [mask, wanted, common]: [u64; 3],
    ) -> TxTerms {
        let most = max_packet.min(u16::MAX.into()) as u64;
        let common = [iovas.of(0, 0), common];
        let Some(over) = most.checked_sub(MIN_PACKET.into()) else {
            // No length is good, and nothing is 1 where no bit counts.
            return TxTerms { mask: [0, 0], wanted: [0, 1], over: [0, 0], common };
        };
        TxTerms {
            mask: [0xffff << LEN_SHIFT, mask],
            wanted: [u64::from(MIN_PACKET) << LEN_SHIFT, wanted & mask],
            over: [over << LEN_SHIFT, 0],
            common,
        }
    }

    /// Whether a frame may be sent so.
    #[inline]
    pub(crate) fn allow(&self, frame: &Frame) -> bool {
        let least = (self.wanted[0] >> LEN_SHIFT) as u16;
        let over = (self.over[0] >> LEN_SHIFT) as u16;
        frame.about() & self.mask[1] == self.wanted[1] && frame.len.wrapping_sub(least) <= over
    }

    /// The second word of the descriptor of such a frame.
    #[inline]
    pub(crate) fn second<F: Format>(&self, frame: &Frame) -> u64 {
        self.common[1] | F::tx_lengths(frame.len.into(), frame.len.into())
    }

    /// Where devices see the buffers.
    #[inline]
    pub(crate) fn iovas(&self) -> Iovas {
        Iovas::at(self.common[0])
    }
}
