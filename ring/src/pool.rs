//! A worker's own stack of free buffers.

use std::cell::RefCell;

use crate::frame::Frame;
use crate::{Arena, BLOCK, FrameBatch};

/// One worker's free buffers: a plain last-in first-out stack, so that the buffer used next is the
/// one touched last. When it runs empty it fetches a block from the arena's depot, and gives back
/// half of itself when it is full; only these two take a lock, and a worker that receives and sends
/// the same frames meets neither.
///
/// A pool belongs to one thread at a time: it is `Send` and not `Sync`. Batches borrow it.
#[derive(Debug)]
pub struct Pool {
    arena: Arena,
    free: RefCell<Vec<u32>>,
    limit: usize,
}

impl Pool {
    /// A pool on `arena` that keeps at most `limit` free buffers (at least 64) to itself.
    pub fn new(arena: &Arena, limit: usize) -> Pool {
        let limit = limit.min(arena.total()).max(2 * BLOCK);
        Pool { arena: arena.clone(), free: RefCell::new(Vec::with_capacity(limit)), limit }
    }

    /// The arena whose buffers these are.
    #[inline]
    pub fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Buffers that are free here now.
    #[inline]
    pub fn free(&self) -> usize {
        self.free.borrow().len()
    }

    /// An empty batch of at most `capacity` frames, which returns its frames here when dropped.
    pub fn batch(&self, capacity: usize) -> FrameBatch<'_> {
        FrameBatch::new(self, capacity)
    }

    /// Panics if `arena` is not this pool's: one check a batch is what keeps the buffers of two
    /// arenas apart.
    #[inline]
    pub(crate) fn check_arena(&self, arena: &Arena) {
        if !self.arena.same(arena) {
            foreign_arena();
        }
    }

    /// Takes a block of buffers, all of it or none, and hands it to `user` where it lies.
    #[inline]
    pub(crate) fn take_block(&self, user: impl FnOnce(&[u32; BLOCK])) -> bool {
        let mut free = self.free.borrow_mut();
        if free.len() < BLOCK {
            self.fetch(&mut free, BLOCK);
        }
        let Some(block) = free.last_chunk() else { return false };
        user(block);
        let left = free.len() - BLOCK;
        free.truncate(left);
        true
    }

    /// Takes up to as many buffers as `block` has places; returns how many.
    #[inline]
    pub(crate) fn take_some(&self, block: &mut [u32]) -> usize {
        let mut free = self.free.borrow_mut();
        if free.len() < block.len() {
            self.fetch(&mut free, block.len());
        }
        let count = block.len().min(free.len());
        let from = free.len() - count;
        block[..count].copy_from_slice(&free[from..]);
        free.truncate(from);
        count
    }

    /// Frees buffers.
    #[inline]
    pub(crate) fn put(&self, buffers: &[u32]) {
        let mut free = self.free.borrow_mut();
        if free.len() + buffers.len() > self.limit {
            return self.spill(&mut free, buffers);
        }
        // Copies of a known size take a few instructions, others a call.
        let (blocks, rest) = buffers.as_chunks::<BLOCK>();
        blocks.iter().for_each(|block| free.extend_from_slice(block));
        free.extend_from_slice(rest);
    }

    /// Frees the buffers of frames.
    #[inline]
    pub(crate) fn put_frames(&self, frames: &[Frame]) {
        for block in frames.chunks(BLOCK) {
            let mut buffers = [0; BLOCK];
            for (buffer, frame) in buffers.iter_mut().zip(block) {
                *buffer = frame.index;
            }
            self.put(&buffers[..block.len()]);
        }
    }

    /// Fills up to half the limit, and to `need` at least, from the depot.
    #[cold]
    fn fetch(&self, free: &mut Vec<u32>, need: usize) {
        let want = need.max(self.limit / 2) - free.len();
        self.arena.take(want, free);
    }

    /// Gives half the stack, the part that is cold, and what does not fit to the depot.
    #[cold]
    fn spill(&self, free: &mut Vec<u32>, buffers: &[u32]) {
        let cold = free.len() / 2;
        self.arena.give(free.drain(..cold));
        let keep = buffers.len().min(self.limit - free.len());
        free.extend_from_slice(&buffers[..keep]);
        self.arena.give(buffers[keep..].iter().copied());
    }
}

#[cold]
fn foreign_arena() -> ! {
    panic!("frames of one arena cannot go to a ring, batch, pool or hand-off of another")
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.arena.give(self.free.get_mut().drain(..));
    }
}
