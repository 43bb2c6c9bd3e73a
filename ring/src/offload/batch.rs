//! The same request for all packets of a batch.

#[cfg(target_arch = "x86_64")]
use super::four_udp;
use super::plain_ipv4;
use crate::batch::chain_len;
use crate::frame::Frame;
use crate::{Arena, FrameBatch, FrameMut, PacketMut, Simd};

impl FrameBatch<'_> {
    /// Asks the device that will send them for all checksums of each packet:
    /// [`PacketMut::request_checksums`]. Returns how many packets were refused, which are as they were.
    #[inline]
    pub fn request_checksums(&mut self) -> usize {
        self.request_checksums_by(Simd::best())
    }

    /// The same by these instructions, which the CPU has.
    pub(crate) fn request_checksums_by(&mut self, simd: Simd) -> usize {
        let (frames, arena) = self.raw_with_arena();
        let (mut at, mut refused) = (0, 0);
        while at < frames.len() {
            at += several(&mut frames[at..], arena, simd);
            // What is not alike may go on for a while.
            for _ in 0..PATIENCE {
                let Some(packet) = frames.get_mut(at..).filter(|rest| !rest.is_empty()) else {
                    break;
                };
                let count = chain_len(packet);
                refused += usize::from(!one(&mut packet[..count], arena));
                at += count;
            }
        }
        refused
    }
}

/// Packets that are looked at one by one before several are tried again.
const PATIENCE: usize = 4;

/// As many packets as can be made ready several at a time; returns how many, of one frame each.
#[inline]
#[allow(unsafe_code)]
fn several(frames: &mut [Frame], arena: &Arena, simd: Simd) -> usize {
    match simd {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the CPU has the instructions.
        Simd::Avx512 => unsafe { four_udp::prepare(frames, arena.extent()) },
        _ => 0,
    }
}

/// One packet; false if it was refused.
#[inline]
fn one(packet: &mut [Frame], arena: &Arena) -> bool {
    if let [frame] = packet
        && let Some((flags, lengths)) = plain_ipv4::prepare(FrameMut::new(frame, arena).into_data())
    {
        frame.request(flags, lengths);
        return true;
    }
    PacketMut::new(packet, arena).request(None).is_ok()
}
