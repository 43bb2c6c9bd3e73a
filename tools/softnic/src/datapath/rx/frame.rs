//! A frame on its way into a VF's buffers: all of its bytes, or all but a VLAN tag.

use std::ops::Range;

use crate::Memory;
use crate::memory::Fault;
use crate::offload::{TAG, TAG_AT};

/// The bytes that a VF gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    /// Up to the tag that is left out, or all.
    head: &'a [u8],
    /// Behind it.
    tail: &'a [u8],
}

impl<'a> Frame<'a> {
    /// All of a frame.
    #[inline]
    pub(super) fn whole(bytes: &'a [u8]) -> Frame<'a> {
        Frame { head: bytes, tail: &[] }
    }

    /// A frame without its tag, which it must have.
    #[inline]
    pub(super) fn without_tag(bytes: &'a [u8]) -> Frame<'a> {
        Frame { head: &bytes[..TAG_AT], tail: &bytes[TAG_AT + TAG..] }
    }

    /// How many bytes.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    /// Copies all of it to I/O memory.
    #[inline]
    pub(super) fn copy_all(&self, memory: &Memory, iova: u64) -> Result<(), Fault> {
        memory.write(iova, self.head)?;
        if self.tail.is_empty() {
            return Ok(());
        }
        memory.write(iova.wrapping_add(self.head.len() as u64), self.tail)
    }

    /// Copies a piece to I/O memory.
    pub(super) fn copy(
        &self,
        memory: &Memory,
        iova: u64,
        piece: Range<usize>,
    ) -> Result<(), Fault> {
        let split = self.head.len();
        if piece.end <= split {
            return memory.write(iova, &self.head[piece]);
        }
        let from_head = &self.head[piece.start.min(split)..];
        memory.write(iova, from_head)?;
        let from_tail = &self.tail[piece.start.saturating_sub(split)..piece.end - split];
        memory.write(iova.wrapping_add(from_head.len() as u64), from_tail)
    }
}
