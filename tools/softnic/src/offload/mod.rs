//! What the adapter does to frames between descriptors and the wire, or finds in them: checksums,
//! segmentation, VLAN tags, the parser of received frames, the RSS hash.

mod checksum;
mod facts;
#[cfg(test)]
mod facts_tests;
mod headers;

pub(crate) use checksum::Sum;
pub use facts::Facts;
