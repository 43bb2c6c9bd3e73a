//! A model of a NIC's receive and transmit queues in plain memory, for tests and benchmarks.
//!
//! It is written from the datasheets and shares no constant with the crate, since a shared one would
//! hide a shared mistake. It is honest unless it is told to lie, and it watches the driver: an
//! address outside the memory it was given, a buffer armed twice, or a buffer sent while it is armed
//! fails the test at once.
// Every test target uses a part of it.
#![allow(dead_code, unused_imports)]

mod chip;
mod ledger;
mod memory;
mod offload;
mod report;
mod rig;
mod rx;
mod traffic;
mod tx;
mod work;

pub use chip::{Chip, Model};
pub use ledger::{Ledger, Owner};
pub use memory::{Region, Register};
pub use offload::{crc32c, sum};
pub use report::{Report, Sum, rss_types};
pub use rig::{HEADROOM, Rig, packet_bytes};
pub use rx::{Fragment, RxDevice, WriteBack};
pub use traffic::{Ip, Traffic, check};
pub use tx::{Sent, TxDevice};
pub use work::{Context, L4, Options, TxData, TxWork};
