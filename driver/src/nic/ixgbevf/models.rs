//! The generations, as data.

use crate::nic::DescriptorFormat;
use crate::nic::ids::{self, Known};

/// How a VF comes by its RSS set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RssAccess {
    /// Key and table are the PF's, which may tell them.
    Query,
    /// The VF has registers of its own.
    Own,
}

/// Who knows the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkSource {
    /// LINKS.
    Register {
        /// A link that comes up may go down again within 500 us, before it is there.
        settles: bool,
    },
    /// The PF, if its API is new enough; else LINKS.
    Mailbox,
}

/// What differs between the generations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) format: DescriptorFormat,
    pub(super) rss: RssAccess,
    pub(super) link: LinkSource,
    /// Speeds in Mbit/s for each value of LINKS's three bits; 0 for those that have no meaning.
    pub(super) speeds: [u32; 8],
    /// RXDCTL can limit the length of packets.
    pub(super) limits_length: bool,
    /// Frames longer than 1518 bytes are a matter of the whole port: a PF that has them off refuses
    /// them to a VF, and stops its receive until it asks for less.
    pub(super) one_frame_size: bool,
    /// There are PFs that grant unicast promiscuous mode.
    pub(super) promiscuous: bool,
}

const SPEEDS_82599: [u32; 8] = [0, 0, 100, 100, 1000, 1000, 10_000, 10_000];
const SPEEDS_X550: [u32; 8] = [10, 10, 100, 5000, 1000, 1000, 10_000, 2500];
const SPEEDS_X550EM: [u32; 8] = [10, 10, 100, 100, 1000, 1000, 10_000, 2500];

const I82599: Model = Model {
    name: "82599 VF",
    format: DescriptorFormat::Adv82599,
    rss: RssAccess::Query,
    link: LinkSource::Register { settles: true },
    speeds: SPEEDS_82599,
    limits_length: false,
    one_frame_size: true,
    promiscuous: false,
};

const X540: Model = Model {
    name: "X540 VF",
    format: DescriptorFormat::AdvX540,
    link: LinkSource::Register { settles: false },
    limits_length: true,
    one_frame_size: false,
    promiscuous: true,
    ..I82599
};

const X550: Model = Model { name: "X550 VF", rss: RssAccess::Own, speeds: SPEEDS_X550, ..X540 };
const X552: Model = Model { name: "X552 VF", speeds: SPEEDS_X550EM, ..X550 };
const X553: Model = Model { name: "X553 VF", ..X552 };
const E610: Model = Model { name: "E610 VF", link: LinkSource::Mailbox, ..X552 };

const MODELS: [(u16, Model); 6] = [
    (0x10ed, I82599),
    (0x1515, X540),
    (0x1565, X550),
    (0x15a8, X552),
    (0x15c5, X553),
    (E610_ID, E610),
];

/// The devices, for messages.
pub(crate) const SUPPORTED: &str = "8086:10ed (82599 VF), 8086:1515 (X540 VF), 8086:1565 (X550 VF), 8086:15a8 (X552 VF), 8086:15c5 (X553 VF), 8086:57ad (E610 VF)";

/// Their ids behind Hyper-V.
const HYPERV: [u16; 5] = [0x152e, 0x1530, 0x1564, 0x15a9, 0x15b4];

/// The E610's VF has one id for both; its subsystem tells.
pub(super) const E610_ID: u16 = 0x57ad;
/// Subsystem id of an E610's VF behind Hyper-V.
pub(super) const E610_HYPERV: u16 = 0x00ff;

/// Finds a device of this family.
pub(super) fn find(vendor: u16, id: u16) -> Option<Known<Model>> {
    ids::find(vendor, id, &MODELS, &HYPERV)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_for_messages_names_every_device() {
        for (id, model) in MODELS {
            assert!(SUPPORTED.contains(&format!("8086:{id:04x} ({})", model.name)), "{id:04x}");
        }
        assert_eq!(SUPPORTED.matches("8086:").count(), MODELS.len());
    }
}
