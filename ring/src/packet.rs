//! Views of the packets and frames in a batch: where bytes are reached.
#![allow(unsafe_code)]

use crate::Arena;
use crate::batch::chain_len;
use crate::frame::{Flags, Frame};

/// One frame of a batch.
#[derive(Clone, Copy, Debug)]
pub struct FrameRef<'b> {
    frame: &'b Frame,
    arena: &'b Arena,
}

impl<'b> FrameRef<'b> {
    #[inline]
    pub(crate) fn new(frame: &'b Frame, arena: &'b Arena) -> FrameRef<'b> {
        FrameRef { frame, arena }
    }

    /// The frame's bytes.
    #[inline]
    pub fn data(&self) -> &'b [u8] {
        let Frame { index, offset, len, .. } = *self.frame;
        // SAFETY: the batch owns the frame and is borrowed for `'b`; a mutable view would need it
        // borrowed mutably.
        unsafe { self.arena.bytes(index, offset, len) }
    }

    /// What is known of the frame.
    #[inline]
    pub fn flags(&self) -> Flags {
        self.frame.flags
    }

    /// The 802.1Q tag control information (priority, drop eligible, VLAN id) that is not among the
    /// bytes.
    #[inline]
    pub fn vlan(&self) -> Option<u16> {
        self.flags().contains(Flags::VLAN).then_some(self.frame.vlan)
    }

    /// The RSS hash that the device computed.
    #[inline]
    pub fn rss_hash(&self) -> Option<u32> {
        self.flags().contains(Flags::RSS).then_some(self.frame.meta)
    }

    /// The buffer's number within its arena (its place, in cache lines): the same as long as the frame
    /// is not copied.
    #[inline]
    pub fn buffer(&self) -> u32 {
        self.frame.index
    }
}

/// One frame of a batch, to change.
#[derive(Debug)]
pub struct FrameMut<'b> {
    frame: &'b mut Frame,
    arena: &'b Arena,
}

impl<'b> FrameMut<'b> {
    #[inline]
    pub(crate) fn new(frame: &'b mut Frame, arena: &'b Arena) -> FrameMut<'b> {
        FrameMut { frame, arena }
    }

    /// The frame, to read.
    #[inline]
    pub fn as_ref(&self) -> FrameRef<'_> {
        FrameRef::new(self.frame, self.arena)
    }

    /// The frame's bytes.
    #[inline]
    pub fn data(&mut self) -> &mut [u8] {
        let Frame { index, offset, len, .. } = *self.frame;
        // SAFETY: the batch owns the frame and is borrowed mutably, and so is this view of it.
        unsafe { self.arena.bytes_mut(index, offset, len) }
    }

    /// The frame's bytes, for as long as the batch is borrowed.
    #[inline]
    pub fn into_data(self) -> &'b mut [u8] {
        let Frame { index, offset, len, .. } = *self.frame;
        // SAFETY: as in `data`; the view ends here, so the slice is the only one left.
        unsafe { self.arena.bytes_mut(index, offset, len) }
    }

    /// Bytes free before the data.
    #[inline]
    pub fn headroom(&self) -> usize {
        usize::from(self.frame.offset)
    }

    /// Bytes free behind the data.
    #[inline]
    pub fn tailroom(&self) -> usize {
        self.arena.stride() - usize::from(self.frame.offset) - usize::from(self.frame.len)
    }

    /// Moves the start of the data `n` bytes to the front, over bytes that hold anything; false, and
    /// nothing changed, when the headroom is shorter.
    #[must_use]
    pub fn prepend(&mut self, n: usize) -> bool {
        if n > self.headroom() {
            return false;
        }
        self.frame.offset -= n as u16;
        self.frame.len += n as u16;
        true
    }

    /// Takes `n` bytes off the front; false, and nothing changed, when no byte would be left.
    #[must_use]
    pub fn trim_front(&mut self, n: usize) -> bool {
        if n >= usize::from(self.frame.len) {
            return false;
        }
        self.frame.offset += n as u16;
        self.frame.len -= n as u16;
        true
    }

    /// Sets the length to `len`; bytes gained hold anything. False, and nothing changed, when it is 0
    /// or more than the buffer has room for.
    #[must_use]
    pub fn set_len(&mut self, len: usize) -> bool {
        if len == 0 || len > usize::from(self.frame.len) + self.tailroom() {
            return false;
        }
        self.frame.len = len as u16;
        true
    }

    /// Sets the 802.1Q tag control information that the device inserts on transmit; `None` for no
    /// tag. Of a packet in several frames the first one's counts.
    pub fn set_vlan(&mut self, tci: Option<u16>) {
        self.frame.vlan = tci.unwrap_or(0);
        self.frame.flags = match tci {
            Some(_) => self.frame.flags.union(Flags::VLAN),
            None => self.frame.flags.difference(Flags::VLAN),
        };
    }
}

/// One packet of a batch: a chain of one or more frames.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'b> {
    frames: &'b [Frame],
    arena: &'b Arena,
}

impl<'b> Packet<'b> {
    /// Number of frames, one at least.
    #[inline]
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// Bytes of the whole packet.
    #[inline]
    pub fn len(&self) -> usize {
        self.frames.iter().map(|frame| usize::from(frame.len)).sum()
    }

    /// Whether it has no bytes; a received packet always has.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first frame, which carries what is known of the packet.
    #[inline]
    pub fn head(&self) -> FrameRef<'b> {
        FrameRef::new(&self.frames[0], self.arena)
    }

    /// The frames, in order.
    #[inline]
    pub fn frames(&self) -> impl ExactSizeIterator<Item = FrameRef<'b>> + use<'b> {
        let arena = self.arena;
        self.frames.iter().map(move |frame| FrameRef::new(frame, arena))
    }
}

/// One packet of a batch, to change.
#[derive(Debug)]
pub struct PacketMut<'b> {
    frames: &'b mut [Frame],
    arena: &'b Arena,
}

impl<'b> PacketMut<'b> {
    #[inline]
    pub(crate) fn new(frames: &'b mut [Frame], arena: &'b Arena) -> PacketMut<'b> {
        PacketMut { frames, arena }
    }

    /// The packet, to read.
    #[inline]
    pub fn as_ref(&self) -> Packet<'_> {
        Packet { frames: self.frames, arena: self.arena }
    }

    /// The first frame.
    #[inline]
    pub fn head(&mut self) -> FrameMut<'_> {
        FrameMut::new(&mut self.frames[0], self.arena)
    }

    /// The frames, in order.
    #[inline]
    pub fn frames(&mut self) -> impl ExactSizeIterator<Item = FrameMut<'_>> {
        let arena = self.arena;
        self.frames.iter_mut().map(move |frame| FrameMut::new(frame, arena))
    }

    /// Fills the packet from `bytes`, which is as long as the packet.
    ///
    /// # Panics
    /// It is not.
    pub fn copy_from(&mut self, mut bytes: &[u8]) {
        assert_eq!(bytes.len(), self.as_ref().len(), "as many bytes as the packet has");
        for mut frame in self.frames() {
            let data = frame.data();
            let (part, rest) = bytes.split_at(data.len());
            data.copy_from_slice(part);
            bytes = rest;
        }
    }
}

/// The packets of a batch.
#[derive(Clone, Debug)]
pub struct Packets<'b> {
    frames: &'b [Frame],
    arena: &'b Arena,
}

impl<'b> Packets<'b> {
    #[inline]
    pub(crate) fn new(frames: &'b [Frame], arena: &'b Arena) -> Packets<'b> {
        Packets { frames, arena }
    }
}

impl<'b> Iterator for Packets<'b> {
    type Item = Packet<'b>;

    #[inline]
    fn next(&mut self) -> Option<Packet<'b>> {
        if self.frames.is_empty() {
            return None;
        }
        let (packet, rest) = self.frames.split_at(chain_len(self.frames));
        self.frames = rest;
        Some(Packet { frames: packet, arena: self.arena })
    }
}

/// The packets of a batch, to change.
#[derive(Debug)]
pub struct PacketsMut<'b> {
    frames: &'b mut [Frame],
    arena: &'b Arena,
}

impl<'b> PacketsMut<'b> {
    #[inline]
    pub(crate) fn new(frames: &'b mut [Frame], arena: &'b Arena) -> PacketsMut<'b> {
        PacketsMut { frames, arena }
    }
}

impl<'b> Iterator for PacketsMut<'b> {
    type Item = PacketMut<'b>;

    #[inline]
    fn next(&mut self) -> Option<PacketMut<'b>> {
        if self.frames.is_empty() {
            return None;
        }
        let count = chain_len(self.frames);
        let (packet, rest) = std::mem::take(&mut self.frames).split_at_mut(count);
        self.frames = rest;
        Some(PacketMut { frames: packet, arena: self.arena })
    }
}
