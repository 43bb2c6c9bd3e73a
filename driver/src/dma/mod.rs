//! Memory that devices reach: where it comes from, the addresses they see, and who owns which byte.
//!
//! [`Memory`] is hugepage-backed where there are hugepages, has one I/O virtual address (IOVA) that
//! holds in every [`DmaSpace`](crate::transport::DmaSpace) it is attached to, and is carved into
//! [`DmaSlice`](barline_ring::DmaSlice)s of which each byte has one owner.

mod backing;
mod carver;
mod iova;
mod left;
mod memory;
mod view;

pub use backing::{PagePreference, PageSize};
pub use memory::Memory;
pub use view::{copy_out, hexdump, zero};

pub(crate) use backing::granule;
pub(crate) use left::sweep;
