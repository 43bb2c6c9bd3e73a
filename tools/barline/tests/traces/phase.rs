//! The parts of a device's life that are compared.

use std::collections::BTreeMap;
use std::fmt;

use crate::normal::Item;

/// What a driver is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The device is opened.
    Init,
    /// Its queues are started, one pair.
    Start,
    /// They are stopped.
    Stop,
    /// It is closed and opened again: by DPDK with `rte_eth_dev_reset`, which is both in one.
    Reset,
}

/// What was done in each.
pub type Listings = BTreeMap<Phase, Vec<Item>>;

impl Phase {
    /// In their order.
    pub const ALL: [Phase; 4] = [Phase::Init, Phase::Start, Phase::Stop, Phase::Reset];
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Init => "init",
            Phase::Start => "start",
            Phase::Stop => "stop",
            Phase::Reset => "reset",
        })
    }
}
