//! Drivers of VF families: one folder each.
//!
//! A family turns the calls of [`Vf`] into registers and mailbox messages of its device. It runs on
//! the control path only, behind one lock; packets never pass through here.

mod dump;
mod ids;
mod igbvf;
mod ixgbevf;
mod mailbox;
mod message;
mod multicast;
mod pf;
mod queue_control;
mod registers;
mod rss;
mod vf;

use std::sync::Arc;

use crate::transport::Transport;
use crate::{Error, Result};

pub(crate) use registers::Registers;
pub use rss::{Rss, RssKinds};
pub use vf::RegisterValue;
pub(crate) use vf::{
    About, DescriptorFormat, Limits, News, RawStats, RingPlace, RxInterrupt, RxSetup,
    STANDARD_FRAME, Vf,
};

/// The BAR that holds the registers of every family here.
pub(crate) const REGISTER_BAR: u8 = 0;

/// Finds the driver for a device.
pub(crate) fn probe(transport: &Arc<dyn Transport>) -> Result<Box<dyn Vf>> {
    let identity = transport.identity();
    if let Some(vf) = igbvf::Igbvf::probe(transport)? {
        return Ok(Box::new(vf));
    }
    if let Some(vf) = ixgbevf::Ixgbevf::probe(transport)? {
        return Ok(Box::new(vf));
    }
    Err(unsupported(transport.name(), identity.vendor, identity.device))
}

/// How many queues a device can have, as far as its ids tell: to be asked before anything is done to
/// it. An error if there is no driver for it.
pub(crate) fn most_queues(device: &str, vendor: u16, id: u16) -> Result<u16> {
    let queues = igbvf::most_queues(vendor, id).or_else(|| ixgbevf::most_queues(vendor, id));
    queues.ok_or_else(|| unsupported(device, vendor, id))
}

fn unsupported(device: &str, vendor: u16, id: u16) -> Error {
    let supported = format!("{}, {}", igbvf::SUPPORTED, ixgbevf::SUPPORTED);
    Error::Unsupported { device: device.to_string(), vendor, id, supported }
}
