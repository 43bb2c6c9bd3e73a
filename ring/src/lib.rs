//! Descriptor rings, frames, pools and batches: the hot path of barline.
//!
//! Nothing here knows PCI, makes a syscall or names a device. Memory and registers come from the
//! caller ([`DmaSlice`], [`Doorbell`]), so every line runs on the heap, under sanitizers and a model
//! checker.
//!
//! # Who owns a frame
//! A frame is a buffer of an [`Arena`] plus 16 bytes that describe what is in it. It is in exactly
//! one place: free in the arena or in a worker's [`Pool`], armed in an [`RxRing`], in a
//! [`FrameBatch`] of the application, queued in a [`TxRing`], or in a [`handoff`] between workers.
//! Only in a batch can its bytes be reached. Receiving moves frames into a batch, transmitting moves
//! them out, dropping a batch frees them into the pool that the batch borrows.
//!
//! # What the device is trusted with
//! Nothing it writes is used unchecked: lengths, flags and completions are bounded, and what does
//! not fit is counted in [`RxCounters`] and [`TxCounters`]. Which buffer a completion means is read
//! from this side's own record, never from the descriptor. What is trusted is that a device writes
//! only into buffers that are armed for it, as [docs/safety.md] says at length.
//!
//! [docs/safety.md]: https://github.com/barline/barline/blob/main/docs/safety.md

mod arena;
pub mod barrier;
mod batch;
mod counters;
mod dma;
mod format;
mod frame;
mod frame_view;
mod frames;
mod handoff;
mod lanes;
mod layout;
mod offload;
mod packet;
mod pool;
mod ring_error;
mod rss;
mod rx;
mod simd;
mod slots;
mod status;
mod sync;
mod tx;
mod watch;

pub use arena::{Arena, Census};
pub use batch::FrameBatch;
pub use counters::{Counter, RxCounters, TxCounters};
pub use crossbeam::utils::CachePadded;
pub use dma::{DmaSlice, Doorbell, KeepAlive};
pub use format::{Adv82576, Adv82599, AdvI350, AdvX540, Advanced, Format};
pub use frame::Flags;
pub use frame_view::{FrameMut, FrameRef};
pub use handoff::{FrameReceiver, FrameSender, handoff};
pub use layout::{ArenaError, Layout};
pub use offload::{IpVersion, L4Protocol, OffloadError, TxOffload};
pub use packet::{Packet, PacketMut, Packets, PacketsMut};
pub use pool::Pool;
pub use ring_error::RingError;
pub use rss::{RssHash, RssKind};
pub use rx::{RxConfig, RxRing};
pub use simd::{NoSimd, Simd};
pub use slots::{DESCRIPTOR_LEN, RING_LEN_MAX, RING_LEN_MIN};
pub use status::{RxDescriptorStatus, TxDescriptorStatus};
pub use tx::{TxConfig, TxRing};
pub use watch::{RxWatch, TxWatch};

/// Descriptors and buffers are moved in blocks of this many: half a 64-byte line of buffer indices
/// more than fills it, and eight lines of descriptors.
pub(crate) const BLOCK: usize = 32;

/// Bytes of a cache line on the machines that this is tuned for.
pub(crate) const CACHE_LINE: usize = 64;
