//! Offloads: what DPDK asks the adapter to do to packets, and believes it about them. Most of it is judged
//! at the wire, which these tests hold in their hands: frames of before X550 that come from another VF are
//! not parsed.

mod checksums;
mod crc;
mod jumbo;
mod packets;
mod port_vlan;
mod rss;
mod rss_table;
mod segments;
mod setup;
mod split;
mod statuses;
mod toeplitz;
mod verbose;
mod vlan;
mod wire;
