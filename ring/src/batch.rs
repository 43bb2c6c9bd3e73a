//! Frames in the application's hands.

use crate::frame::{Flags, Frame};
use crate::frames::Frames;
use crate::packet::{Packets, PacketsMut};
use crate::{Arena, BLOCK, FrameMut, FrameRef, PacketMut, Pool};

/// A burst of frames that the application owns, in order.
///
/// Packets are chains of frames: every frame of a packet but its last has [`Flags::MORE`]. All that
/// moves frames moves whole packets. Dropping a batch frees its frames into the pool it borrows.
#[derive(Debug)]
pub struct FrameBatch<'p> {
    pool: &'p Pool,
    /// Holds as many as the capacity says, or as the arena has buffers. The last frame never has `MORE`.
    frames: Frames,
    capacity: usize,
}

impl<'p> FrameBatch<'p> {
    pub(crate) fn new(pool: &'p Pool, capacity: usize) -> FrameBatch<'p> {
        FrameBatch { pool, frames: Frames::new(capacity.min(pool.arena().total())), capacity }
    }

    /// Frames in the batch.
    #[inline]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Frames that the batch can hold.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Frames that still fit.
    #[inline]
    pub fn room(&self) -> usize {
        self.capacity - self.frames.len()
    }

    /// The pool that frames return to.
    #[inline]
    pub fn pool(&self) -> &'p Pool {
        self.pool
    }

    /// The arena that the frames belong to.
    #[inline]
    pub fn arena(&self) -> &'p Arena {
        self.pool.arena()
    }

    /// The frames one by one, chains not told apart.
    #[inline]
    pub fn frames(&self) -> impl ExactSizeIterator<Item = FrameRef<'_>> {
        self.frames.iter().map(|frame| FrameRef::new(frame, self.pool.arena()))
    }

    /// The frames one by one, to change.
    #[inline]
    pub fn frames_mut(&mut self) -> impl ExactSizeIterator<Item = FrameMut<'_>> {
        let arena = self.pool.arena();
        self.frames.iter_mut().map(|frame| FrameMut::new(frame, arena))
    }

    /// The packets, each a chain of one or more frames.
    #[inline]
    pub fn packets(&self) -> Packets<'_> {
        Packets::new(&self.frames, self.pool.arena())
    }

    /// The packets, to change.
    #[inline]
    pub fn packets_mut(&mut self) -> PacketsMut<'_> {
        PacketsMut::new(&mut self.frames, self.pool.arena())
    }

    /// Appends a packet of `len` bytes, from as many buffers as that takes. The bytes are whatever
    /// the buffers held before.
    ///
    /// `None`, and nothing changed, when `len` is 0, the batch has no room for the frames or the
    /// pool no buffers for them.
    pub fn alloc(&mut self, len: usize) -> Option<PacketMut<'_>> {
        let layout = self.arena().layout();
        let count = len.div_ceil(layout.data_room);
        if count == 0 || count > self.room() {
            return None;
        }
        let start = self.frames.len();
        let mut left = len;
        while left > 0 {
            let mut index = [0];
            if self.pool.take_some(&mut index) == 0 {
                self.truncate(start);
                return None;
            }
            let part = left.min(layout.data_room);
            left -= part;
            self.frames.push(Frame {
                index: index[0],
                offset: layout.headroom as u16,
                len: part as u16,
                vlan: 0,
                flags: if left > 0 { Flags::MORE } else { Flags::empty() },
                meta: 0,
            });
        }
        Some(PacketMut::new(&mut self.frames[start..], self.pool.arena()))
    }

    /// Appends up to `count` packets of `len` bytes each, as many as the batch has room and the pool
    /// buffers for; returns how many. The bytes are whatever the buffers held before.
    ///
    /// Buffers come from the pool a block at a time where one holds a packet, which is as cheap as to
    /// receive them.
    #[inline]
    pub fn alloc_many(&mut self, len: usize, count: usize) -> usize {
        let layout = self.arena().layout();
        if len == 0 || len > layout.data_room {
            return (0..count).take_while(|_| self.alloc(len).is_some()).count();
        }
        let count = count.min(self.room());
        let mut left = count;
        while left > 0 {
            let mut block = [0; BLOCK];
            let got = self.pool.take_some(&mut block[..left.min(BLOCK)]);
            self.frames.extend(block[..got].iter().map(|&index| Frame {
                index,
                offset: layout.headroom as u16,
                len: len as u16,
                vlan: 0,
                flags: Flags::empty(),
                meta: 0,
            }));
            left -= got;
            if got == 0 {
                break;
            }
        }
        count - left
    }

    /// Moves up to `packets` packets from the front to the end of `to`, as many as fit; returns how
    /// many.
    ///
    /// # Panics
    /// `to` belongs to another arena.
    pub fn move_to(&mut self, to: &mut FrameBatch<'_>, packets: usize) -> usize {
        self.check_arena(to.arena());
        let mut moved = 0;
        let mut end = 0;
        for packet in self.packets().take(packets) {
            if end + packet.frame_count() > to.room() {
                break;
            }
            end += packet.frame_count();
            moved += 1;
        }
        to.frames.extend(self.frames[..end].iter().copied());
        self.frames.remove_front(end);
        moved
    }

    /// Keeps the packets that `keep` says yes to, in order, and frees the others.
    pub fn retain(&mut self, mut keep: impl FnMut(PacketMut<'_>) -> bool) {
        let arena = self.pool.arena();
        let (mut read, mut write) = (0, 0);
        while read < self.frames.len() {
            let end = read + chain_len(&self.frames[read..]);
            if keep(PacketMut::new(&mut self.frames[read..end], arena)) {
                // Swapped, not copied: the frames to be freed gather between, each still listed once,
                // so that a panic in `keep` loses none.
                for i in read..end {
                    self.frames.swap(write, i);
                    write += 1;
                }
            } else {
                // They will not stay in order, and must not chain up with others.
                for frame in &mut self.frames[read..end] {
                    frame.flags = frame.flags.difference(Flags::MORE);
                }
            }
            read = end;
        }
        self.truncate(write);
    }

    /// Frees all frames.
    #[inline]
    pub fn clear(&mut self) {
        self.pool.put_frames(&self.frames);
        self.frames.forget();
    }

    /// Frees the frames from `len` on.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.pool.put_frames(&self.frames[len..]);
        self.frames.truncate(len);
    }

    /// The frames, for the rings.
    #[inline]
    pub(crate) fn raw(&self) -> &[Frame] {
        &self.frames
    }

    /// The frames, for the rings: whoever adds one gives up the buffer, whoever takes one out owns
    /// it.
    #[inline]
    pub(crate) fn raw_mut(&mut self) -> &mut Frames {
        &mut self.frames
    }

    /// The frames, to change what is known of them and asked for them, and their arena.
    #[inline]
    pub(crate) fn raw_with_arena(&mut self) -> (&mut [Frame], &Arena) {
        (&mut self.frames, self.pool.arena())
    }

    /// Panics if `arena` is not this batch's.
    #[inline]
    pub(crate) fn check_arena(&self, arena: &Arena) {
        self.pool.check_arena(arena);
    }
}

/// Frames of the packet that starts `frames`. A chain that never ends (there is none) ends with them.
#[inline]
pub(crate) fn chain_len(frames: &[Frame]) -> usize {
    match frames.first() {
        // Most packets have one.
        Some(frame) if !frame.flags.contains(Flags::MORE) => 1,
        _ => long_chain_len(frames),
    }
}

#[cold]
#[inline(never)]
fn long_chain_len(frames: &[Frame]) -> usize {
    let last = frames.iter().position(|frame| !frame.flags.contains(Flags::MORE));
    last.map_or(frames.len(), |last| last + 1)
}

impl Drop for FrameBatch<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
