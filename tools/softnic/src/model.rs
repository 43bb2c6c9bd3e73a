//! The generations of the adapter, as data.

/// Which device the adapter is a model of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Model {
    /// 82599.
    #[default]
    I82599,
    /// X540.
    X540,
    /// X550.
    X550,
    /// X552 (X550EM_x).
    X552,
    /// X553 (X550EM_a).
    X553,
    /// E610.
    E610,
}

/// What sets one generation apart from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Generation {
    /// PCI vendor id.
    pub vendor: u16,
    /// PCI device id of its VFs.
    pub device: u16,
    /// PCI revision id.
    pub revision: u8,
    /// VFs have a hash key and table of their own, in registers (VFMRQC, VFRSSRK, VFRETA). Without, they
    /// share the PF's, and may be told what it is.
    pub own_rss: bool,
    /// The PF can have malicious-driver detection on: a descriptor that makes no sense stops its queue
    /// then, and data descriptors need CC and a context.
    pub malicious_driver_detection: bool,
    /// The VF learns of its link by mailbox; VFLINKS always shows 10 Gbit/s.
    pub link_by_mailbox: bool,
    /// All functions must agree on jumbo frames or none: the PF's MTU decides.
    pub one_frame_size: bool,
    /// RXDCTL can limit the length of a queue's frames (RLPML).
    pub queue_frame_limit: bool,
    /// The PF may make a trusted VF promiscuous, being promiscuous itself.
    pub promiscuous_vfs: bool,
    /// A VF that the PF has put into a VLAN is not shown that VLAN's tags (PFQDE.HIDE_VLAN).
    pub hides_port_vlan: bool,
    /// Frames from another VF are parsed as those from the wire are (MRQC.L3L4TXSWEN): without, their
    /// write-backs have no packet type, checksum status or RSS, and all go to queue 0.
    pub parses_looped: bool,
    /// How long VFLINKS may show the link as it was, in nanoseconds.
    pub link_settles: u64,
}

/// What X540 and later share.
const X540: Generation = Generation {
    vendor: 0x8086,
    device: 0x1515,
    revision: 1,
    own_rss: false,
    malicious_driver_detection: false,
    link_by_mailbox: false,
    one_frame_size: false,
    queue_frame_limit: true,
    promiscuous_vfs: true,
    hides_port_vlan: false,
    parses_looped: false,
    link_settles: 0,
};

/// What X550 and later share.
const X550: Generation = Generation {
    device: 0x1565,
    own_rss: true,
    malicious_driver_detection: true,
    hides_port_vlan: true,
    parses_looped: true,
    ..X540
};

impl Model {
    /// What this generation is like.
    pub const fn generation(self) -> &'static Generation {
        match self {
            Model::I82599 => {
                &Generation {
                    device: 0x10ed,
                    one_frame_size: true,
                    queue_frame_limit: false,
                    promiscuous_vfs: false,
                    // Both drivers read VFLINKS for half a millisecond before they believe it.
                    link_settles: 500_000,
                    ..X540
                }
            }
            Model::X540 => &X540,
            Model::X550 => &X550,
            Model::X552 => &Generation { device: 0x15a8, revision: 0, ..X550 },
            Model::X553 => &Generation { device: 0x15c5, revision: 0x11, ..X550 },
            Model::E610 => {
                &Generation { device: 0x57ad, revision: 0, link_by_mailbox: true, ..X550 }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_apart_by_what_drivers_branch_on() {
        let generations = [
            (Model::I82599, 0x10ed, false, false),
            (Model::X540, 0x1515, false, false),
            (Model::X550, 0x1565, true, false),
            (Model::X552, 0x15a8, true, false),
            (Model::X553, 0x15c5, true, false),
            (Model::E610, 0x57ad, true, true),
        ];
        for (model, device, x550, e610) in generations {
            let generation = model.generation();
            assert_eq!((generation.vendor, generation.device), (0x8086, device));
            assert_eq!(generation.own_rss, x550, "{model:?}");
            assert_eq!(generation.malicious_driver_detection, x550, "{model:?}");
            assert_eq!(generation.hides_port_vlan, x550, "{model:?}");
            assert_eq!(generation.parses_looped, x550, "{model:?}");
            assert_eq!(generation.link_by_mailbox, e610, "{model:?}");
            let is_82599 = model == Model::I82599;
            assert_eq!(generation.one_frame_size, is_82599, "{model:?}");
            assert_eq!(generation.promiscuous_vfs, !is_82599, "{model:?}");
            assert_eq!(generation.queue_frame_limit, !is_82599, "{model:?}");
        }
    }
}
