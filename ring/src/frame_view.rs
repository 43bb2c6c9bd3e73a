//! Views of the frames in a batch: where bytes are reached.
#![allow(unsafe_code)]

use crate::Arena;
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

    /// What stands in the batch.
    pub(crate) fn raw(&self) -> &'b Frame {
        self.frame
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
    ///
    /// A request to the device ([`PacketMut::set_offload`](crate::PacketMut::set_offload)) stays right:
    /// the bytes are part of its L2 header. False also when that would be over 127 bytes long, or the
    /// headers of a packet that is to be segmented over 240 together.
    #[must_use]
    pub fn prepend(&mut self, n: usize) -> bool {
        if n > self.headroom() || !self.move_l2(n as isize) {
            return false;
        }
        self.frame.offset -= n as u16;
        self.frame.len += n as u16;
        true
    }

    /// Takes `n` bytes off the front; false, and nothing changed, when no byte would be left.
    ///
    /// A request to the device stays right: the bytes are taken off its L2 header. False also when
    /// less than 14 bytes would be left of that.
    #[must_use]
    pub fn trim_front(&mut self, n: usize) -> bool {
        if n >= usize::from(self.frame.len) || !self.move_l2(-(n as isize)) {
            return false;
        }
        self.frame.offset += n as u16;
        self.frame.len -= n as u16;
        true
    }

    /// Sets the length to `len`; bytes gained hold anything. False, and nothing changed, when it is 0
    /// or more than the buffer has room for, or cuts off headers that a request to the device is
    /// about.
    #[must_use]
    pub fn set_len(&mut self, len: usize) -> bool {
        let least = match self.frame.requested() {
            Some(lengths) => lengths.headers(),
            None => 1,
        };
        if len < least || len > usize::from(self.frame.len) + self.tailroom() {
            return false;
        }
        self.frame.len = len as u16;
        true
    }

    /// Makes the L2 header of a request longer by `by`; false when it cannot have that length.
    fn move_l2(&mut self, by: isize) -> bool {
        let Some(lengths) = self.frame.requested() else {
            return true;
        };
        let moved = lengths.l2().checked_add_signed(by).and_then(|len| lengths.with_l2(len));
        if let Some(lengths) = moved {
            self.frame.meta = lengths.0;
        }
        moved.is_some()
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
