//! Ports on VFs of the software adapter: what needs a device that does what the 82599's family does.

mod kit;
mod packets;

mod faults;
mod frames;
mod modes;
mod offloads;
mod queues;
mod rss;
mod stats;
mod vlan;
mod wait;
