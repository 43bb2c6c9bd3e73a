//! Views of the packets in a batch: chains of frames.

use crate::batch::chain_len;
use crate::frame::Frame;
use crate::{Arena, FrameMut, FrameRef};

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

    /// What stands in the batch of the first frame.
    pub(crate) fn head_raw(&mut self) -> &mut Frame {
        &mut self.frames[0]
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
