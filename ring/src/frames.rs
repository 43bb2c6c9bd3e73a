//! The frames of a batch, where wide instructions can write them.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::frame::{Flags, Frame};

/// Frames in one cache line.
const IN_LINE: usize = crate::CACHE_LINE / size_of::<Frame>();

/// How many frames may be written behind the last, whatever the capacity: what the widest instructions
/// write at once.
pub(crate) const SLACK: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([Frame; IN_LINE]);

const _: () = assert!(size_of::<Line>() == crate::CACHE_LINE);

/// No frame: buffer 0 is only ever reached by a frame that is counted.
const NONE: Frame = Frame { index: 0, offset: 0, len: 0, vlan: 0, flags: Flags::empty(), meta: 0 };

/// A list of at most so many frames, on cache lines of its own, with room for [`SLACK`] frames behind
/// the last that it can hold.
pub(crate) struct Frames {
    lines: Box<[Line]>,
    /// At most `capacity`.
    len: usize,
    /// At most what `lines` hold, less the slack.
    capacity: usize,
}

impl Frames {
    pub(crate) fn new(capacity: usize) -> Frames {
        let lines = (capacity + SLACK).div_ceil(IN_LINE);
        Frames { lines: vec![Line([NONE; IN_LINE]); lines].into_boxed_slice(), len: 0, capacity }
    }

    /// Appends a frame.
    #[inline]
    pub(crate) fn push(&mut self, frame: Frame) {
        assert!(self.len < self.capacity, "more frames than a batch has room for");
        // SAFETY: the place is inside the lines, by the assertion.
        unsafe { self.end().write(frame) }
        self.len += 1;
    }

    /// Appends frames.
    #[inline]
    pub(crate) fn extend(&mut self, frames: impl IntoIterator<Item = Frame>) {
        frames.into_iter().for_each(|frame| self.push(frame));
    }

    /// Leaves the first `len`; those behind are forgotten.
    #[inline]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets all.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.len = 0;
    }

    /// Forgets the first `count`, of which there are so many.
    #[inline]
    pub(crate) fn remove_front(&mut self, count: usize) {
        assert!(count <= self.len, "more frames than there are");
        if count > 0 && count < self.len {
            self.copy_within(count.., 0);
        }
        self.len -= count;
    }

    /// How many more fit.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.capacity - self.len
    }

    /// Where the next frame goes. Writing frames there is sound up to [`SLACK`] more than there is room for.
    #[inline]
    pub(crate) fn end(&mut self) -> *mut Frame {
        // SAFETY: `len` frames are inside the lines.
        unsafe { self.lines.as_mut_ptr().cast::<Frame>().add(self.len) }
    }

    /// Places for as many frames as fit, as two words each: buffer in bits 0 to 31 of the first, offset in
    /// 32 to 47, length in 48 to 63; the second is [`Frame::about`].
    #[inline]
    pub(crate) fn spare(&mut self) -> &mut [[u64; 2]] {
        const { assert!(cfg!(target_endian = "little")) };
        // SAFETY: they are inside the lines, and initialised; whatever is written there is a frame.
        unsafe { std::slice::from_raw_parts_mut(self.end().cast(), self.room()) }
    }

    /// Counts `count` frames more that were written to [`Frames::end`] or [`Frames::spare`].
    ///
    /// # Safety
    /// They were, and the capacity allows for them.
    #[inline]
    pub(crate) unsafe fn added(&mut self, count: usize) {
        debug_assert!(self.len + count <= self.capacity);
        self.len += count;
    }
}

impl Deref for Frames {
    type Target = [Frame];

    #[inline]
    fn deref(&self) -> &[Frame] {
        // SAFETY: lines are frames one behind the other, all initialised, and `len` of them are there.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Frames {
    #[inline]
    fn deref_mut(&mut self) -> &mut [Frame] {
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
