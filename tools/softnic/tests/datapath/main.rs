//! The datapath, driven by a small driver with constants of its own.

mod chill;
mod exchange;
mod faults;
mod feed;
mod garbage;
mod interrupts;
mod malformed;
mod offload;
mod parked;
mod ram;
mod rig;
mod rss;
mod rx;
mod rx_ring;
mod rx_rules;
mod switch;
mod tx;
mod tx_ring;
mod vlan;
