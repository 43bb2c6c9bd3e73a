//! Memory and registers that a device reaches too, as the caller supplies them.
#![allow(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::barrier;

/// Whatever must outlive the use of a piece of memory: its mapping, the device that owns it.
pub type KeepAlive = Arc<dyn Any + Send + Sync>;

/// A piece of memory at a known I/O virtual address, which a device may read and write at any time.
///
/// It is only ever reached through raw pointers: no Rust reference to its bytes is formed while a
/// device may write them. It is not `Clone`: a slice has one owner, who may split it.
pub struct DmaSlice {
    base: NonNull<u8>,
    len: usize,
    iova: u64,
    keep: KeepAlive,
}

// SAFETY: the memory is plain bytes, valid for as long as `keep` lives (promised to `new`); which
// thread may touch which part of it is decided by the owners of the slice's parts.
unsafe impl Send for DmaSlice {}
// SAFETY: as above; `&DmaSlice` gives out addresses only, never access.
unsafe impl Sync for DmaSlice {}

impl DmaSlice {
    /// Describes `len` bytes at `base`, which devices see at `iova`.
    ///
    /// # Safety
    /// - The bytes are initialised, and valid for reads and writes from any thread while `keep`
    ///   lives; neither `base + len` nor `iova + len` overflows.
    /// - No reference to any of them exists or is made elsewhere, no other slice describes them, and
    ///   nobody else in the process accesses them (but for a model of a device, which keeps to what
    ///   is armed for it).
    /// - Dropping `keep` for the last time ends the access of devices to the bytes before anything
    ///   else can use them.
    pub unsafe fn new(base: NonNull<u8>, len: usize, iova: u64, keep: KeepAlive) -> DmaSlice {
        DmaSlice { base, len, iova, keep }
    }

    /// First byte.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The I/O virtual address of the first byte.
    pub fn iova(&self) -> u64 {
        self.iova
    }

    /// Another handle to what keeps the memory valid.
    pub(crate) fn keep(&self) -> KeepAlive {
        self.keep.clone()
    }

    /// Cuts the slice in two at byte `mid`; `None` when it is shorter than that.
    pub fn split_at(self, mid: usize) -> Option<(DmaSlice, DmaSlice)> {
        if mid > self.len {
            return None;
        }
        let tail = DmaSlice {
            // SAFETY: `mid <= len`, so the result is inside the slice or one past its end.
            base: unsafe { self.base.add(mid) },
            len: self.len - mid,
            iova: self.iova + mid as u64,
            keep: self.keep.clone(),
        };
        Some((DmaSlice { len: mid, ..self }, tail))
    }
}

impl fmt::Debug for DmaSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DmaSlice")
            .field("len", &self.len)
            .field("iova", &format_args!("{:#x}", self.iova))
            .finish_non_exhaustive()
    }
}

/// A 32-bit device register that the hot path writes: a ring's tail pointer.
pub struct Doorbell {
    register: NonNull<u32>,
    _keep: KeepAlive,
}

// SAFETY: the register may be written from any thread (promised to `new`).
unsafe impl Send for Doorbell {}

impl Doorbell {
    /// A doorbell at `register`.
    ///
    /// # Safety
    /// `register` is aligned, and valid for volatile 32-bit reads and writes from any thread while
    /// `keep` lives. It is a tail register, or a word in the part of one: no value written to it
    /// makes a device touch other memory than its ring tells it to.
    pub unsafe fn new(register: NonNull<u32>, keep: KeepAlive) -> Doorbell {
        Doorbell { register, _keep: keep }
    }

    /// Writes the register. The device sees every memory write made before; also one that is a thread
    /// of a process, polls the word, and reads it with acquire ordering.
    #[inline]
    pub(crate) fn ring(&self, value: u32) {
        barrier::release();
        if cfg!(tsan) {
            // ThreadSanitizer knows no fences.
            let register = self.register.as_ptr();
            // SAFETY: aligned and valid, promised to `new`; where the sanitizer runs, it is memory.
            return unsafe { AtomicU32::from_ptr(register) }
                .store(value.to_le(), Ordering::Release);
        }
        // SAFETY: valid for volatile writes while `keep` lives, promised to `new`.
        unsafe { self.register.as_ptr().write_volatile(value.to_le()) }
    }
}

impl fmt::Debug for Doorbell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doorbell")
    }
}
