//! The two devices, as data.

use crate::nic::DescriptorFormat;
use crate::nic::ids::{self, Known};

/// What differs between them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) queues: u16,
    pub(super) format: DescriptorFormat,
}

const MODELS: [(u16, Model); 2] = [
    (0x10ca, Model { name: "82576 VF", queues: 2, format: DescriptorFormat::Adv82576 }),
    (0x1520, Model { name: "I350 VF", queues: 1, format: DescriptorFormat::AdvI350 }),
];

/// The devices, for messages.
pub(crate) const SUPPORTED: &str = "8086:10ca (82576 VF), 8086:1520 (I350 VF)";

/// Their ids behind Hyper-V.
const HYPERV: [u16; 2] = [0x152d, 0x152f];

/// Finds a device of this family.
pub(super) fn find(vendor: u16, id: u16) -> Option<Known<Model>> {
    ids::find(vendor, id, &MODELS, &HYPERV)
}
