//! Where packets are put together: a copy of what the driver has, which it cannot change any more.

use std::fmt;

use super::packet::PACKET_MAX;
use crate::Memory;
use crate::memory::Fault;
use crate::offload::{self, Layer4, Segmentation, TAG};
use crate::plane::FRAME_MAX;

/// Shortest frame on the wire, without FCS; shorter ones are padded (IEEE 802.3, 4.2.3.3).
const FRAME_MIN: usize = 60;

/// Longest packet that is sent as one frame: the switch may put a tag in.
pub(super) const PLAIN_MAX: usize = FRAME_MAX - TAG;

/// Room for the longest packet and for one of its segments, each with a tag in front.
pub(crate) struct Scratch {
    packet: Vec<u8>,
    segment: Vec<u8>,
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scratch").finish_non_exhaustive()
    }
}

/// A frame to be sent: its bytes, behind room for a tag.
pub(super) struct Outgoing<'a> {
    room: &'a mut [u8],
    len: usize,
}

impl<'a> Outgoing<'a> {
    /// The frame as the VF has it.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.room[TAG..TAG + self.len]
    }

    /// The frame as it leaves the VF: with a tag, if it is to have one, and padded to what a frame has
    /// at least.
    #[inline]
    pub(super) fn finish(self, tci: Option<u16>) -> &'a [u8] {
        let (start, mut end) = (if tci.is_some() { 0 } else { TAG }, TAG + self.len);
        if let Some(tci) = tci {
            offload::insert_tag(&mut self.room[..end], tci);
        }
        if end - start < FRAME_MIN {
            self.room[end..start + FRAME_MIN].fill(0);
            end = start + FRAME_MIN;
        }
        &self.room[start..end]
    }
}

impl Scratch {
    /// Nothing in it.
    pub(crate) fn new() -> Scratch {
        Scratch { packet: vec![0; TAG + PACKET_MAX], segment: vec![0; TAG + FRAME_MAX] }
    }

    /// Reads a packet of one piece.
    #[inline]
    pub(super) fn read(&mut self, memory: &Memory, iova: u64, len: usize) -> Result<(), Fault> {
        memory.read(iova, &mut self.packet[TAG..TAG + len])
    }

    /// Reads the pieces of a packet, no longer than [`PACKET_MAX`] together.
    pub(super) fn gather(
        &mut self,
        memory: &Memory,
        pieces: impl Iterator<Item = (u64, usize)>,
    ) -> Result<(), Fault> {
        let mut at = TAG;
        for (iova, len) in pieces {
            memory.read(iova, &mut self.packet[at..at + len])?;
            at += len;
        }
        Ok(())
    }

    /// Puts checksums into the packet that was read.
    pub(super) fn put_checksums(
        &mut self,
        len: usize,
        ip: Option<(usize, usize)>,
        l4: Option<(usize, Layer4)>,
    ) {
        let packet = &mut self.packet[TAG..TAG + len];
        if let Some((from, to)) = ip {
            offload::ipv4_checksum(&mut packet[from..to]);
        }
        if let Some((from, kind)) = l4 {
            offload::layer4_checksum(&mut packet[from..], kind, 0);
        }
    }

    /// All of the packet that was read.
    #[inline]
    pub(super) fn whole(&mut self, len: usize) -> Outgoing<'_> {
        Outgoing { room: &mut self.packet, len }
    }

    /// One segment of the packet that was read.
    pub(super) fn segment(&mut self, len: usize, how: &Segmentation, at: usize) -> Outgoing<'_> {
        let len = how.write(&self.packet[TAG..TAG + len], at, &mut self.segment[TAG..]);
        Outgoing { room: &mut self.segment, len }
    }
}
