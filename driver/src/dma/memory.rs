//! One piece of memory, one IOVA, any number of address spaces.
#![allow(unsafe_code)]

use std::io;
use std::mem::ManuallyDrop;
use std::ops::RangeInclusive;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use barline_ring::DmaSlice;

use super::backing::{Backing, PagePreference, PageSize};
use super::carver::{Carver, Range};
use super::left::{self, Attachment, Left};
use super::{iova, view};
use crate::home::Home;
use crate::transport::DmaSpace;
use crate::{Error, Result};

/// Memory for DMA, at one IOVA in every address space that it is attached to.
///
/// It is dropped when its last [`Arc`] is, and each carved slice holds one. Dropping it unmaps it
/// everywhere first; memory that cannot be unmapped is kept rather than freed under a device, until it
/// can be or its address spaces have ended.
#[derive(Debug)]
pub struct Memory {
    /// There until the drop.
    backing: ManuallyDrop<Backing>,
    state: Mutex<State>,
    home: Home,
}

#[derive(Debug)]
struct State {
    carver: Carver,
    /// Chosen when it is first needed.
    iova: Option<u64>,
    attached: Vec<Attachment>,
}

impl Memory {
    /// Takes at least `size` bytes of zeroed memory, rounded up to whole pages.
    ///
    /// No page of it is left to be faulted in later.
    ///
    /// # Errors
    /// [`Error::Config`] for a size of 0 or an absurd one; [`Error::Kernel`] when the machine has not
    /// that much memory, or not the pages that `pages` insists on.
    pub fn allocate(size: usize, pages: PagePreference) -> Result<Arc<Memory>> {
        let backing = Backing::take(size, pages)?;
        tracing::debug!(size = backing.len(), pages = %backing.pages(), "took DMA memory");
        let carver = Carver::new(backing.len());
        Ok(Arc::new(Memory {
            backing: ManuallyDrop::new(backing),
            state: Mutex::new(State { carver, iova: None, attached: Vec::new() }),
            home: Home::here(),
        }))
    }

    /// Length in bytes, whole pages.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.backing.len()
    }

    /// The pages that it is made of.
    pub fn page_size(&self) -> PageSize {
        self.backing.pages()
    }

    /// Bytes that can still be carved, in however many pieces.
    pub fn free_bytes(&self) -> usize {
        self.lock().carver.free_bytes()
    }

    /// The IOVA of the first byte: the same in every address space. `None` until the memory is
    /// attached or carved for the first time.
    pub fn iova(&self) -> Option<u64> {
        self.lock().iova
    }

    /// Maps all of the memory in an address space; does nothing where it is mapped already.
    ///
    /// # Errors
    /// The space cannot have the memory's IOVA, which is fixed when the first slice is carved
    /// ([`Error::Kernel`]); the locked-memory limit is too low ([`Error::Memlock`]); the kernel
    /// refused. Nothing is mapped then.
    pub fn attach(&self, space: &Arc<dyn DmaSpace>) -> Result<()> {
        let mut state = self.lock();
        left::sweep();
        // What has ended needs no unmapping, and would only pile up.
        state.attached.retain(|other| !other.space.is_closed());
        let known = |other: &Attachment| is_same(&other.space, space);
        if let Some(at) = state.attached.iter().position(known) {
            if state.attached[at].complete {
                return Ok(());
            }
            if let Some(iova) = state.iova {
                state.attached[at].unmap(iova)?;
            }
            state.attached.remove(at);
        }
        let ranges = space.iova_ranges();
        let granule = smallest_page(space.page_sizes());
        let iova = self.place(&mut state, &ranges, granule)?;
        let mut parts = Vec::new();
        let mapped = self.map(&**space, iova, 0, self.len(), &mut parts);
        tracing::debug!(
            len = self.len(),
            iova = format_args!("{iova:#x}"),
            mappings = parts.len(),
            complete = mapped.is_ok(),
            "DMA memory attached"
        );
        let mut attachment = Attachment { space: space.clone(), parts, complete: mapped.is_ok() };
        // What cannot be undone of a failure half-way stays on record.
        if mapped.is_ok() || attachment.unmap(iova).is_err() {
            state.attached.push(attachment);
        }
        mapped
    }

    /// Hands out `len` zeroed bytes whose address and IOVA are multiples of `align`, a power of two
    /// (of which no more than the memory's page size is kept). They come back when the slice and
    /// all that was split from it is dropped: a queue must be stopped before it drops its slices,
    /// and one that cannot be stopped must `mem::forget` them.
    ///
    /// `None` when there is no such piece left, `len` is 0, or `align` is no power of two up to the
    /// page size.
    pub fn carve(self: &Arc<Self>, len: usize, align: usize) -> Option<DmaSlice> {
        if align > self.page_size().bytes() {
            return None;
        }
        let mut state = self.lock();
        let start = match state.iova {
            Some(iova) => iova,
            None => self.place(&mut state, &[iova::PREFERRED], 1).ok()?,
        };
        let range = state.carver.take(len, align)?;
        drop(state);
        let owner = Arc::new(Carved { memory: self.clone(), range });
        let iova = start + range.offset as u64;
        let cut = |offset: usize, len: usize| {
            let base = self.at(range.offset + offset);
            // SAFETY: the carver gives each byte to one owner at a time, and `owner` keeps both the
            // bytes from other owners and the memory alive. It is reached by pointers only.
            unsafe { DmaSlice::new(base, len, iova + offset as u64, owner.clone()) }
        };
        if range.used > 0 {
            view::zero(&mut cut(0, range.used));
        }
        Some(cut(0, range.len))
    }

    /// The memory's IOVA, chosen among `ranges` if that has not been done. `granule` is the smallest
    /// page of the address space.
    fn place(
        &self,
        state: &mut State,
        ranges: &[RangeInclusive<u64>],
        granule: u64,
    ) -> Result<u64> {
        let len = self.len() as u64;
        let refused = |what: String, remedy: &str| Error::Kernel {
            device: "DMA memory".to_owned(),
            action: "choose an IOVA".to_owned(),
            source: io::Error::new(io::ErrorKind::AddrNotAvailable, what),
            remedy: remedy.to_owned(),
        };
        if !len.is_multiple_of(granule) {
            let what = format!("the IOMMU's pages are {granule} bytes, the memory has {len}");
            return Err(refused(what, "ask for a multiple, from hugepages"));
        }
        if let Some(iova) = state.iova {
            if iova::contains(ranges, iova, len) && iova.is_multiple_of(granule) {
                return Ok(iova);
            }
            if state.is_in_use(self.len()) {
                let what = format!("{iova:#x} is not among {ranges:#x?}");
                let remedy = "open this device before the others, or give it memory of its own";
                return Err(refused(what, remedy));
            }
            iova::process().free(iova);
            state.iova = None;
        }
        // A superpage of the IOMMU needs memory and IOVA aligned alike.
        let page = self.page_size().bytes() as u64;
        let align = [1 << 30, 2 << 20, page]
            .map(|size: u64| size.min(len.next_power_of_two()).max(page).max(granule));
        let iova = iova::process().take(len, &align, ranges).ok_or_else(|| {
            let what = format!("no {len} bytes are free in {ranges:#x?}");
            refused(what, "ask for a smaller arena")
        })?;
        state.iova = Some(iova);
        Ok(iova)
    }

    /// Maps a part, in halves where the space refuses it whole, down to single pages.
    fn map(
        &self,
        space: &dyn DmaSpace,
        iova: u64,
        offset: usize,
        len: usize,
        parts: &mut Vec<(usize, usize)>,
    ) -> Result<()> {
        // SAFETY: the part lies in the memory, which is kept until `unmap` succeeded for it, or for
        // ever; it is handed out as `DmaSlice`s only, to whose bytes no reference is made.
        let mapped = unsafe { space.map(self.at(offset), len, iova + offset as u64) };
        let Err(error) = mapped else {
            parts.push((offset, len));
            return Ok(());
        };
        let page = self.page_size().bytes();
        if len <= page || !is_about_size(&error) {
            return Err(error);
        }
        let half = (len / 2).next_multiple_of(page);
        self.map(space, iova, offset, half, parts)?;
        self.map(space, iova, offset + half, len - half, parts)
    }

    /// The address of a byte; `offset` is within the memory.
    fn at(&self, offset: usize) -> NonNull<u8> {
        debug_assert!(offset <= self.len());
        // SAFETY: callers pass offsets of ranges that lie in the memory.
        unsafe { self.backing.base().add(offset) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change is made in an order that leaves nothing mapped unrecorded.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether anybody knows the IOVA.
    fn is_in_use(&self, len: usize) -> bool {
        !self.attached.is_empty() || self.carver.free_bytes() < len
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.home.is_elsewhere() {
            // A child has neither the pages nor a device; the mappings are its parent's.
            return;
        }
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(iova) = state.iova else {
            // SAFETY: never used again; without an IOVA it was never mapped.
            return unsafe { ManuallyDrop::drop(&mut self.backing) };
        };
        let attached = std::mem::take(&mut state.attached);
        // SAFETY: never used again: this is the drop.
        let backing = unsafe { ManuallyDrop::take(&mut self.backing) };
        left::release(Left { backing, iova, attached, home: self.home });
    }
}

/// Whether a smaller piece may be accepted where this one was refused.
fn is_about_size(error: &Error) -> bool {
    let Error::Kernel { source, .. } = error else {
        return false;
    };
    matches!(source.raw_os_error(), Some(libc::EINVAL | libc::ENOSPC | libc::E2BIG))
}

/// The smallest page of a bit mask of page sizes.
fn smallest_page(sizes: u64) -> u64 {
    match sizes {
        0 => super::granule(),
        _ => 1 << sizes.trailing_zeros(),
    }
}

/// Whether both are the same address space.
fn is_same(one: &Arc<dyn DmaSpace>, other: &Arc<dyn DmaSpace>) -> bool {
    Arc::as_ptr(one).cast::<()>() == Arc::as_ptr(other).cast::<()>()
}

/// Gives a range back to the memory, which it keeps alive, when its last slice is dropped.
struct Carved {
    memory: Arc<Memory>,
    range: Range,
}

impl Drop for Carved {
    fn drop(&mut self) {
        self.memory.lock().carver.give_back(self.range);
    }
}
