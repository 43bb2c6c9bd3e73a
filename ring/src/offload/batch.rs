//! The same requests for all packets of a batch.

use super::plain_ipv4;
#[cfg(target_arch = "x86_64")]
use super::{by_four, four_udp};
use crate::batch::chain_len;
use crate::frame::{Flags, Frame};
use crate::{Arena, FrameBatch, FrameMut, PacketMut, Simd};

impl FrameBatch<'_> {
    /// Asks the device that will send them for all checksums of each packet:
    /// [`PacketMut::request_checksums`]. Returns how many packets were refused, which are as they were.
    #[inline]
    pub fn request_checksums(&mut self) -> usize {
        self.request_checksums_by(Simd::best())
    }

    /// Sets the 802.1Q tag control information that the device inserts into each packet; `None` for no tag:
    /// [`FrameMut::set_vlan`] of all frames.
    #[inline]
    pub fn set_vlan(&mut self, tci: Option<u16>) {
        self.set_vlan_by(tci, Simd::best());
    }

    /// The same by these instructions, which the CPU has.
    #[allow(unsafe_code)]
    pub(crate) fn set_vlan_by(&mut self, tci: Option<u16>, simd: Simd) {
        let (frames, arena) = self.raw_with_arena();
        let rest = match simd {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => {
                // Tag and flags are neighbours.
                let set = tci.map_or(0, |tci| u32::from(tci) | u32::from(Flags::VLAN.0) << 16);
                let kept = !(u32::from(u16::MAX) | u32::from(Flags::VLAN.0) << 16);
                let kept = [u32::MAX, u32::MAX, kept, u32::MAX];
                // SAFETY: the CPU has the instructions.
                unsafe { by_four::change_all(frames, kept, [0, 0, set, 0]) }
            }
            _ => frames,
        };
        for frame in rest {
            FrameMut::new(frame, arena).set_vlan(tci);
        }
    }

    /// [`FrameBatch::request_checksums`] by these instructions, which the CPU has.
    pub(crate) fn request_checksums_by(&mut self, simd: Simd) -> usize {
        let (frames, arena) = self.raw_with_arena();
        let (mut at, mut refused) = (0, 0);
        while at < frames.len() {
            at += several(&mut frames[at..], arena, simd);
            // What is not alike may go on for a while.
            for _ in 0..PATIENCE {
                if at == frames.len() {
                    break;
                }
                let end = at + chain_len(&frames[at..]);
                refused += usize::from(!one(&mut frames[at..end], arena));
                at = end;
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
        // SAFETY: the CPU has the instructions; the frames are of this arena.
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
