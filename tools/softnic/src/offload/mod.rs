//! What the adapter does to frames between descriptors and the wire, or finds in them: checksums,
//! segmentation, VLAN tags, the parser of received frames, the RSS hash.

mod checksum;
mod facts;
#[cfg(test)]
mod facts_tests;
mod headers;
mod insert;
mod segment;
#[cfg(test)]
mod segment_tests;
mod toeplitz;
mod vlan;

pub(crate) use checksum::Sum;
pub use facts::Facts;
pub(crate) use facts::{Flow, Transport};
pub(crate) use headers::{Network, VLAN};
pub(crate) use insert::{Layer4, ipv4 as ipv4_checksum, layer4 as layer4_checksum};
pub(crate) use segment::Segmentation;
pub(crate) use toeplitz::{KEY, Toeplitz};
pub(crate) use vlan::{TAG, TAG_AT, insert as insert_tag};
