//! Drivers of VF families: one folder each.
//!
//! A family turns the calls of [`Vf`] into registers and mailbox messages of its device. It runs on
//! the control path only, behind one lock; packets never pass through here.

mod dump;
pub(crate) mod igbvf;
mod mailbox;
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
    About, DescriptorFormat, Limits, News, RawStats, RingPlace, RxInterrupt, RxSetup, Vf,
};

/// The BAR that holds the registers of every family here.
pub(crate) const REGISTER_BAR: u8 = 0;

/// Intel's vendor id.
const INTEL: u16 = 0x8086;

/// Finds the driver for a device.
pub(crate) fn probe(transport: &Arc<dyn Transport>) -> Result<Box<dyn Vf>> {
    let identity = transport.identity();
    match igbvf::Igbvf::probe(transport)? {
        Some(vf) => Ok(Box::new(vf)),
        None => Err(unsupported(transport.name(), identity.vendor, identity.device)),
    }
}

/// Whether there is a driver for a device, as far as its ids tell: to be asked before anything is done
/// to it.
pub(crate) fn check_ids(device: &str, vendor: u16, id: u16) -> Result<()> {
    if igbvf::knows(vendor, id) { Ok(()) } else { Err(unsupported(device, vendor, id)) }
}

fn unsupported(device: &str, vendor: u16, id: u16) -> Error {
    let supported = igbvf::SUPPORTED.to_string();
    Error::Unsupported { device: device.to_string(), vendor, id, supported }
}
