//! barline: a userspace driver for SR-IOV Virtual Functions (VFs).
//!
//! A VF bound to vfio-pci is opened as a [`Port`]; [`Port::start`] gives out its receive and transmit
//! queues, which pinned threads poll. Frames move between queues without being copied.
//!
//! ```no_run
//! let mut port = barline::Port::open("0000:01:10.0")?;
//! let mut queues = port.start()?;
//! let (rx, tx) = (&mut queues.rx[0], &mut queues.tx[0]);
//! let pool = port.pool();
//! let mut batch = pool.batch(32);
//! // The kernel may want the device back: unbind waits until the port is dropped.
//! while !port.events().try_iter().any(|event| event.must_close()) {
//!     rx.poll(&mut batch);
//!     for mut frame in batch.frames_mut() {
//!         frame.data()[..12].rotate_left(6); // swap destination and source
//!     }
//!     tx.push(&mut batch);
//!     batch.clear(); // what did not fit is dropped
//! }
//! # Ok::<(), barline::Error>(())
//! ```

mod arena;
mod clock;
pub mod cores;
pub mod dma;
mod error;
mod eventfd;
mod home;
mod link;
mod mac;
mod nic;
pub mod pci;
mod port;
mod root;
pub mod sriov;
pub mod transport;
pub mod vfio;

pub use arena::{Arena, ArenaConfig};
pub use barline_ring::{
    Flags, FrameBatch, FrameMut, FrameReceiver, FrameRef, FrameSender, IpVersion, L4Protocol,
    Layout, NoSimd, OffloadError, Packet, PacketMut, Pool, RssHash, RssKind, RxDescriptorStatus,
    Simd, TxDescriptorStatus, TxOffload, handoff,
};
pub use error::{Error, Result};
pub use link::LinkState;
pub use mac::{BadMac, MacAddress};
pub use nic::{RegisterValue, Rss, RssKinds};
pub use port::{
    Config, DeviceStats, Direction, Event, ExtendedStat, Info, Offloads, Port, Queues, RxQueue,
    RxStats, Stats, TxQueue, TxStats,
};
pub use root::Root;
