//! An arena: equal buffers in one piece of DMA memory, and the depot of those that nobody uses.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use crate::layout::place;
use crate::sync::{Mutex, lock};
use crate::{ArenaError, BLOCK, CACHE_LINE, DmaSlice, Layout};

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

    /// Where devices see the buffers.
    #[inline]
    pub(crate) fn iovas(&self) -> Iovas {
        Iovas(self.0.memory.iova())
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

    /// Where the buffers are, for those who look at several frames at once.
    #[inline]
    pub(crate) fn extent(&self) -> Extent {
        let Inner { memory, last, stride, .. } = &*self.0;
        Extent { base: memory.base().as_ptr(), last: *last, stride: *stride as u32 }
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

/// Where the buffers of an arena are: a frame lies in one if its buffer's number is not above `last`, and it
/// ends at `stride` at the latest.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) base: *mut u8,
    pub(crate) last: u32,
    pub(crate) stride: u32,
}

/// Where devices see the buffers of an arena, for loops over them.
#[derive(Clone, Copy)]
pub(crate) struct Iovas(u64);

impl Iovas {
    /// Those of the arena whose buffer 0 is there.
    #[inline]
    pub(crate) fn at(base: u64) -> Iovas {
        Iovas(base)
    }

    /// The I/O virtual address of byte `offset` of buffer `index`.
    #[inline]
    pub(crate) fn of(self, index: u32, offset: u16) -> u64 {
        self.0 + u64::from(index) * CACHE_LINE as u64 + u64::from(offset)
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena")
            .field("layout", &self.0.layout)
            .field("census", &self.census())
            .finish()
    }
}
