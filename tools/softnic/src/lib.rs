//! softnic: a software SR-IOV adapter, true to the registers, descriptors and mailbox that drivers of
//! Intel's 82599 VF and its successors rely on.
//!
//! It depends on neither barline's driver nor its rings, and shares no constant with them: a shared
//! one would hide a shared mistake.
//!
//! # Rooms
//! - [`Adapter`] is the pure core: register files, memory translated by an IOMMU of its own, queues,
//!   switch. It has no thread, no clock and no I/O; [`Adapter::step`] is told the time, and so is
//!   [`Adapter::feed`], a step for programs that time their driver.
//! - `function` is one VF as its driver sees it: registers, mailbox, interrupts, configuration space.
//! - `pf` is the other end of the mailbox.
//! - `datapath` and `offload` move frames between descriptors and the switch.
//! - `plane` is what all processes of one adapter share: the state of each port of the switch, and
//!   the frames on their way to a VF in another process.
//! - [`uplink`] is what the adapter is plugged into.
//! - [`Administrator`] does to an adapter that other processes drive what its PF's administrator can.
//! - [`host`] puts all of it together and sets it to work.

mod adapter;
mod administrator;
mod datapath;
mod fault;
mod feed;
mod function;
pub mod host;
mod memory;
mod model;
mod offload;
mod pf;
mod plane;
mod regfile;
mod regs;
pub mod spec;
mod step;
mod switch;
pub mod uplink;

pub use adapter::{Adapter, OpenError};
pub use administrator::{Administrator, OrderError};
pub use datapath::{Malformed, MalformedCounts, SwitchCounters};
pub use fault::{Fault, MailboxMood};
pub use feed::Tally;
pub use function::{Notice, VECTORS, VfCounters};
pub use host::{Broken, Host, HostError};
pub use memory::{Access, MapError, Memory, Space};
pub use model::{Generation, Model};
pub use offload::Facts;
pub use plane::{Plane, PlaneError};
pub use regfile::{BAR_LEN, PLAIN_START, RegisterFile};
pub use spec::{Drive, Spec, SpecError};

/// A MAC address, first byte first.
pub type Mac = [u8; 6];

/// Most VFs of one adapter: the 82599 has 64 pools, one of which is the PF's.
pub const VFS_MAX: usize = 63;
