//! The same request for all packets of a batch.

use super::plain_ipv4;
use crate::batch::chain_len;
use crate::frame::Flags;
use crate::{FrameBatch, FrameMut, PacketMut};

impl FrameBatch<'_> {
    /// Asks the device that will send them for all checksums of each packet:
    /// [`PacketMut::request_checksums`]. Returns how many packets were refused, which are as they were.
    #[inline]
    pub fn request_checksums(&mut self) -> usize {
        let (frames, arena) = self.raw_with_arena();
        let (mut at, mut refused) = (0, 0);
        while let Some(frame) = frames.get_mut(at) {
            if !frame.flags.contains(Flags::MORE)
                && let Some((flags, lengths)) =
                    plain_ipv4::prepare(FrameMut::new(frame, arena).into_data())
            {
                frame.request(flags, lengths);
                at += 1;
                continue;
            }
            let packet = &mut frames[at..];
            let count = chain_len(packet);
            refused +=
                usize::from(PacketMut::new(&mut packet[..count], arena).request(None).is_err());
            at += count;
        }
        refused
    }
}
