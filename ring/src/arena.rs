//! An arena: equal buffers in one piece of DMA memory, and the depot of those that nobody uses.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use crate::sync::{Mutex, lock};
use crate::{BLOCK, CACHE_LINE, DmaSlice};

/// How an arena's memory is cut into buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes that a device may fill in each buffer: a multiple of 1024, from 1024 to 16384, since
    /// Intel's SRRCTL counts buffer sizes in KiB.
    pub data_room: usize,
    /// Bytes before the data, free for headers that the application prepends: an even number up to
    /// 1024. In an odd address Intel's devices take the lowest bit for "no snoop".
    pub headroom: usize,
}

impl Default for Layout {
    fn default() -> Layout {
        Layout { data_room: 2048, headroom: 128 }
    }
}

impl Layout {
    /// Bytes from one buffer to the next: headroom and data room, rounded up to an odd number of
    /// cache lines, so that the headers of consecutive buffers spread over all sets of a cache.
    pub fn stride(&self) -> usize {
        ((self.headroom + self.data_room).div_ceil(CACHE_LINE) | 1) * CACHE_LINE
    }

    /// Bytes of memory that `buffers` buffers take, on pages of `page` bytes from the start of one on:
    /// see [`Arena::on_pages`].
    pub fn bytes(&self, buffers: usize, page: usize) -> usize {
        let stride = self.stride();
        match page / stride {
            0 => buffers * stride,
            each => match (buffers / each, buffers % each) {
                (pages, 0) => pages * page,
                (pages, rest) => pages * page + rest * stride + page % stride,
            },
        }
    }

    /// Checks that the values are in range.
    ///
    /// # Errors
    /// The one that is not.
    pub fn check(&self) -> Result<(), ArenaError> {
        let Layout { data_room, headroom } = *self;
        if !data_room.is_multiple_of(1024) || !(1024..=16384).contains(&data_room) {
            return Err(ArenaError::DataRoom(data_room));
        }
        if headroom > 1024 || headroom % 2 != 0 {
            return Err(ArenaError::Headroom(headroom));
        }
        Ok(())
    }
}

/// Why memory could not become an arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArenaError {
    /// The data room is not a multiple of 1024 from 1024 to 16384.
    DataRoom(usize),
    /// The headroom is odd or over 1024.
    Headroom(usize),
    /// The memory holds fewer than 32 buffers or 2^31 and more, or does not start on a cache line, in
    /// the process or for devices.
    Memory(usize),
}

impl fmt::Display for ArenaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArenaError::DataRoom(n) => {
                write!(f, "data room {n}: it must be a multiple of 1024 from 1024 to 16384")
            }
            ArenaError::Headroom(n) => {
                write!(f, "headroom {n}: it must be an even number from 0 to 1024")
            }
            ArenaError::Memory(n) => write!(
                f,
                "{n} bytes of memory: an arena needs at least 32 and less than 2^31 buffers, from a multiple of 64 on in the addresses of the process and of devices"
            ),
        }
    }
}

impl std::error::Error for ArenaError {}

/// Where an arena's buffers are, as far as the arena itself knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// All buffers.
    pub total: usize,
    /// Free, in the arena's depot.
    pub depot: usize,
    /// Held by rings that were dropped while their device might still write: never used again.
    pub quarantined: usize,
}

/// Equal buffers in one piece of memory. Cloning gives another handle to the same arena.
///
/// Every frame of an arena lies at one I/O virtual address for all devices that map it, so a frame
/// received by one device can be sent by another without a copy.
#[derive(Clone)]
pub struct Arena(Arc<Inner>);

struct Inner {
    memory: DmaSlice,
    layout: Layout,
    stride: usize,
    total: usize,
    /// The highest number that a buffer has.
    last: u32,
    depot: Mutex<Depot>,
}

struct Depot {
    free: Vec<u32>,
    quarantined: usize,
}

impl Arena {
    /// Cuts `memory` into buffers, one behind the other.
    ///
    /// # Errors
    /// The layout is out of range, or the memory too small, too large or not aligned to 64 bytes.
    pub fn new(memory: DmaSlice, layout: Layout) -> Result<Arena, ArenaError> {
        Arena::on_pages(memory, layout, usize::MAX)
    }

    /// Cuts `memory` into buffers of which none crosses the boundary of a page of `page` bytes, as
    /// long as one fits into a page.
    ///
    /// Devices see the memory as contiguous, but a buffer on two pages costs the IOMMU a second
    /// translation, and QEMU's emulated devices drop what they would have to gather from pages that
    /// are not neighbours in its memory.
    ///
    /// # Errors
    /// As for [`Arena::new`].
    pub fn on_pages(memory: DmaSlice, layout: Layout, page: usize) -> Result<Arena, ArenaError> {
        layout.check()?;
        let (base, len) = (memory.base().as_ptr().addr(), memory.len());
        let aligned = base.is_multiple_of(CACHE_LINE)
            && memory.iova().is_multiple_of(CACHE_LINE as u64)
            && (page == usize::MAX || page > 0 && page.is_multiple_of(CACHE_LINE));
        if !aligned || len / CACHE_LINE > u32::MAX as usize {
            return Err(ArenaError::Memory(len));
        }
        let stride = layout.stride();
        let mut free = place(base, len, stride, page);
        let total = free.len();
        if !(BLOCK..1 << 31).contains(&total) {
            return Err(ArenaError::Memory(len));
        }
        let last = free[total - 1];
        // Low numbers last: the LIFO hands them out first.
        free.reverse();
        let depot = Mutex::new(Depot { free, quarantined: 0 });
        Ok(Arena(Arc::new(Inner { memory, layout, stride, total, last, depot })))
    }

    /// How the buffers are laid out.
    pub fn layout(&self) -> Layout {
        self.0.layout
    }

    /// Where the buffers are now.
    pub fn census(&self) -> Census {
        let depot = lock(&self.0.depot);
        Census { total: self.0.total, depot: depot.free.len(), quarantined: depot.quarantined }
    }

    /// Whether both are handles to one arena.
    #[inline]
    pub fn same(&self, other: &Arena) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Number of buffers.
    #[inline]
    pub(crate) fn total(&self) -> usize {
        self.0.total
    }

    /// Bytes from a buffer's start to its end.
    #[inline]
    pub(crate) fn stride(&self) -> usize {
        self.0.stride
    }

    /// The I/O virtual address of byte `offset` of buffer `index`.
    #[inline]
    pub(crate) fn iova(&self, index: u32, offset: u16) -> u64 {
        debug_assert!(index <= self.0.last);
        self.0.memory.iova() + u64::from(index) * CACHE_LINE as u64 + u64::from(offset)
    }

    /// Appends up to `n` free buffers to `to`; returns how many.
    pub(crate) fn take(&self, n: usize, to: &mut Vec<u32>) -> usize {
        let mut depot = lock(&self.0.depot);
        let from = depot.free.len().saturating_sub(n);
        let taken = depot.free.len() - from;
        to.extend(depot.free.drain(from..));
        taken
    }

    /// Takes buffers back.
    pub(crate) fn give(&self, buffers: impl IntoIterator<Item = u32>) {
        lock(&self.0.depot).free.extend(buffers);
    }

    /// Counts buffers that a device may still write, and which are lost therefore.
    pub(crate) fn quarantine(&self, count: usize) {
        lock(&self.0.depot).quarantined += count;
    }

    /// The bytes `offset..offset + len` of a buffer.
    ///
    /// # Safety
    /// The caller owns a frame of buffer `index`, holds it borrowed for `'b`, and hands out no
    /// mutable view of the range at the same time.
    #[inline]
    pub(crate) unsafe fn bytes<'b>(&self, index: u32, offset: u16, len: u16) -> &'b [u8] {
        // SAFETY: `span` is inside the arena's memory, which is initialised (promised to
        // `DmaSlice::new`) and lives while the frame's batch holds its pool, and the pool this arena; the caller
        // owns the frame, so neither this process nor the device writes the bytes meanwhile.
        unsafe { std::slice::from_raw_parts(self.span(index, offset, len), usize::from(len)) }
    }

    /// The bytes `offset..offset + len` of a buffer, to change.
    ///
    /// # Safety
    /// As for [`Arena::bytes`], and no other view of the range exists during `'b`.
    #[inline]
    pub(crate) unsafe fn bytes_mut<'b>(&self, index: u32, offset: u16, len: u16) -> &'b mut [u8] {
        // SAFETY: as in `bytes`, and the caller grants that this view is the only one.
        unsafe { std::slice::from_raw_parts_mut(self.span(index, offset, len), usize::from(len)) }
    }

    /// Start of a range within a buffer, checked to lie in it.
    #[inline]
    fn span(&self, index: u32, offset: u16, len: u16) -> *mut u8 {
        assert!(
            index <= self.0.last && usize::from(offset) + usize::from(len) <= self.0.stride,
            "a frame lies outside its arena: this is a bug in barline"
        );
        let start = index as usize * CACHE_LINE + usize::from(offset);
        // SAFETY: `last` is where a whole buffer still fits, so by the check above the range lies in
        // the memory.
        unsafe { self.0.memory.base().as_ptr().add(start) }
    }
}

/// The buffers' numbers, ascending: where each starts, in cache lines from the memory's start.
fn place(base: usize, len: usize, stride: usize, page: usize) -> Vec<u32> {
    let mut starts = Vec::with_capacity(len / stride);
    let (mut at, mut pages) = (0, 0);
    // Buffers that are alone on a page do not all start at its first line, which would be the same
    // set of a cache for each.
    let colours = if page >= stride { page % stride / CACHE_LINE + 1 } else { 1 };
    while at + stride <= len {
        let left = page - (base + at) % page;
        if left >= stride || page < stride {
            starts.push((at / CACHE_LINE) as u32);
            at += stride;
        } else {
            pages += 1;
            at += left + pages % colours * CACHE_LINE;
        }
    }
    starts
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("layout", &self.0.layout)
            .field("census", &self.census())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_do_not_cross_pages_and_do_not_overlap() {
        for data_room in [1024, 2048, 3072, 8192, 16384] {
            let layout = Layout { data_room, headroom: 128 };
            let stride = layout.stride();
            for page in [4096, 16384, 2 << 20, 1 << 30] {
                for count in [1, 31, 500, 5000] {
                    // From a page on, and from the middle of one.
                    let starts = place(1 << 40, layout.bytes(count, page), stride, page);
                    assert!(
                        starts.len() >= count,
                        "{} of {count}: {layout:?} {page}",
                        starts.len()
                    );
                    let offset = 17 * CACHE_LINE;
                    let inner = place((1 << 40) + offset, layout.bytes(count, page), stride, page);
                    for (base, starts) in [(0, &starts), (offset, &inner)] {
                        let places = starts.iter().map(|&start| base + start as usize * CACHE_LINE);
                        let mut end = 0;
                        for at in places {
                            assert!(at >= end, "overlap at {at}");
                            end = at + stride;
                            let crosses = at / page != (end - 1) / page;
                            assert!(!crosses || page < stride, "{at} crosses a page of {page}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn buffers_alone_on_their_pages_start_on_different_lines() {
        let layout = Layout::default();
        let starts = place(0, 4096 * 64, layout.stride(), 4096);
        assert!(starts.len() >= 60, "{} buffers on 64 pages", starts.len());
        let lines: std::collections::BTreeSet<_> = starts.iter().map(|start| start % 64).collect();
        assert!(lines.len() > 20, "only {} different lines", lines.len());
    }
}
