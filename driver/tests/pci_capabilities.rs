//! The capability walk: what it reads from a known device, and that nothing makes it hang or panic.

mod fixtures;

use barline::pci::capability::{Body, Fault, List, PortType};
use barline::pci::{Capabilities, ConfigImage, ConfigSpace, Extent};
use fixtures::config::{self, Image};
use proptest::prelude::*;

fn walk(bytes: Vec<u8>) -> Capabilities {
    Capabilities::walk(&ConfigImage::new(bytes).unwrap())
}

#[test]
fn a_pf() {
    let found = walk(config::pf());
    assert_eq!(found.faults, []);
    assert_eq!(found.extent, Extent::Extended);
    let ids: Vec<_> = found.list.iter().map(|c| (c.list, c.offset, c.id, c.version)).collect();
    assert_eq!(
        ids,
        [
            (List::Standard, 0x40, 0x01, 0),
            (List::Standard, 0x50, 0x05, 0),
            (List::Standard, 0x70, 0x11, 0),
            (List::Standard, 0xa0, 0x10, 0),
            (List::Extended, 0x100, 0x01, 1),
            (List::Extended, 0x140, 0x03, 1),
            (List::Extended, 0x150, 0x0e, 1),
            (List::Extended, 0x160, 0x10, 1),
            (List::Extended, 0x1d0, 0x0d, 1),
            (List::Extended, 0x1e0, 0x0f, 1),
        ]
    );
    assert_eq!(found.list[0].name(), Some("Power Management"));
    assert_eq!(found.list[0].body, Body::Opaque);
    assert_eq!(found.list[5].name(), Some("Device Serial Number"));

    let msix = found.msix().unwrap();
    assert_eq!((msix.vectors, msix.enabled, msix.masked), (10, true, false));
    assert_eq!((msix.table.bar, msix.table.offset), (3, 0));
    assert_eq!((msix.pending.bar, msix.pending.offset), (3, 0x2000));

    let express = found.express().unwrap();
    assert_eq!((express.version, express.port), (2, PortType::Endpoint));
    assert_eq!((express.max_payload, express.payload), (512, 256));
    assert_eq!(express.max_read_request, 512);
    assert!(express.function_level_reset && express.transactions_pending);
    let link = express.link.unwrap();
    assert_eq!((link.max_width, link.width), (4, 4));
    assert_eq!(link.speed.to_string(), "2.5 GT/s");

    let aer = found.aer().unwrap();
    assert_eq!((aer.uncorrectable, aer.correctable, aer.first_error), (1 << 20, 1 << 13, 20));
    assert_eq!(found.ari().unwrap().next_function, 1);
    let acs = found.acs().unwrap();
    assert!(acs.capable.isolates() && acs.enabled.isolates());
    assert!(acs.capable.translation_blocking && !acs.enabled.translation_blocking);
    assert!(acs.capable.direct_translated && !acs.capable.egress_control);
    let ats = found.ats().unwrap();
    assert_eq!((ats.queue_depth, ats.translation_unit), (32, 8192));
    assert!(ats.page_aligned && ats.enabled);

    let sriov = found.sriov().unwrap();
    assert!(sriov.enabled && sriov.memory_enabled && sriov.ari_hierarchy);
    assert!(!sriov.migration_capable && !sriov.migration_enabled);
    assert_eq!((sriov.initial, sriov.total, sriov.num), (8, 8, 2));
    assert_eq!((sriov.first_offset, sriov.stride, sriov.vf_device), (0x80, 2, 0x10ca));
    assert_eq!((sriov.page_sizes, sriov.page_size), (0x553, 1));
    assert_eq!(sriov.bars, [0xfe00_000c, 0xfe, 0, 0, 0, 0]);
    let pf = fixtures::PF.parse().unwrap();
    for index in 0..8 {
        assert_eq!(sriov.vf_address(pf, index).unwrap().to_string(), fixtures::vf(index));
    }
    let last_bus = "0000:ff:00.0".parse().unwrap();
    assert!(sriov.vf_address(last_bus, 63).is_some());
    assert_eq!(sriov.vf_address(last_bus, 64), None);
}

#[test]
fn a_vf_has_no_ids_but_capabilities() {
    let found = walk(config::vf());
    assert_eq!(found.faults, []);
    assert_eq!(found.msix().unwrap().vectors, 3);
    assert!(found.express().unwrap().function_level_reset);
    assert_eq!(found.express().unwrap().link.unwrap().speed.gigatransfers(), None);
    assert!(found.sriov().is_none());
}

#[test]
fn without_privilege_nothing_is_known() {
    let found = walk(config::pf()[..64].to_vec());
    assert_eq!((found.extent, found.list.len(), found.faults.len()), (Extent::Header, 0, 0));
    let found = walk(config::pf()[..256].to_vec());
    assert_eq!((found.extent, found.list.len()), (Extent::Conventional, 4));
    assert!(found.sriov().is_none() && found.faults.is_empty());
}

#[test]
fn a_device_that_is_gone() {
    for len in [64, 256, 4096] {
        let found = walk(vec![0xff; len]);
        assert_eq!((found.list.len(), found.faults), (0, vec![Fault::Gone]));
    }
}

#[test]
fn no_list_is_no_fault() {
    let mut image = Image::new(4096);
    // A pointer without the bit in the status register means nothing (PCI 3.0, 6.2.3).
    image.put16(0, 0x8086).put8(0x34, 0x40).standard(0x40, 0x11, 0);
    let found = walk(image.0);
    assert_eq!((found.list.len(), found.faults.len()), (0, 0));
}

#[test]
fn broken_standard_lists() {
    let faults = |build: fn(&mut Image) -> &mut Image| {
        let mut image = Image::new(256);
        image.header(0x8086, 0x10c9, 0x40);
        build(&mut image);
        let found = walk(image.0);
        (found.list.len(), found.faults)
    };
    let list = List::Standard;
    let to_itself = faults(|i| i.standard(0x40, 0x01, 0x40));
    assert_eq!(to_itself, (1, vec![Fault::Loop { list, offset: 0x40 }]));
    let back = faults(|i| i.standard(0x40, 1, 0x60).standard(0x60, 5, 0x40));
    assert_eq!(back, (2, vec![Fault::Loop { list, offset: 0x40 }]));
    let header = faults(|i| i.standard(0x40, 1, 0x3c));
    assert_eq!(header, (1, vec![Fault::OutOfRange { list, offset: 0x3c }]));
    let ones = faults(|i| i.standard(0x40, 1, 0x50).standard(0x50, 0xff, 0xff));
    assert_eq!(ones, (1, vec![Fault::AllOnes { list, offset: 0x50 }]));
    let cut = faults(|i| i.standard(0x40, 1, 0xf8).standard(0xf8, 0x11, 0));
    assert_eq!(cut, (2, vec![Fault::Truncated { list, offset: 0xf8 }]));
    let no_link = faults(|i| i.standard(0x40, 1, 0xf0).standard(0xf0, 0x10, 0));
    assert_eq!(no_link, (2, vec![Fault::Truncated { list, offset: 0xf0 }]));
    // The low two bits of a pointer do not count.
    let odd = faults(|i| i.standard(0x40, 1, 0x53).standard(0x50, 5, 3));
    assert_eq!(odd, (2, vec![]));
}

#[test]
fn broken_extended_lists() {
    let faults = |build: fn(&mut Image) -> &mut Image| {
        let mut image = Image::new(4096);
        image.put16(0, 0x8086);
        build(&mut image);
        let found = walk(image.0);
        (found.list.len(), found.faults)
    };
    let list = List::Extended;
    let to_itself = faults(|i| i.extended(0x100, 3, 0x100));
    assert_eq!(to_itself, (1, vec![Fault::Loop { list, offset: 0x100 }]));
    let low = faults(|i| i.extended(0x100, 3, 0x40));
    assert_eq!(low, (1, vec![Fault::OutOfRange { list, offset: 0x40 }]));
    let ones = faults(|i| i.extended(0x100, 3, 0x200).put32(0x200, u32::MAX));
    assert_eq!(ones, (1, vec![Fault::AllOnes { list, offset: 0x200 }]));
    let cut = faults(|i| i.extended(0x100, 3, 0xfc4).extended(0xfc4, 0x10, 0));
    assert_eq!(cut, (2, vec![Fault::Truncated { list, offset: 0xfc4 }]));
    let fits = faults(|i| i.extended(0x100, 3, 0xfc0).extended(0xfc0, 0x10, 0));
    assert_eq!(fits, (2, vec![]));
}

/// A space whose reads fail from some byte on, though it says that they are in range.
struct Flaky(ConfigImage, u16);

impl ConfigSpace for Flaky {
    fn extent(&self) -> Extent {
        self.0.extent()
    }

    fn read_within(&self, offset: u16, data: &mut [u8]) -> std::io::Result<()> {
        if offset >= self.1 {
            return Err(std::io::Error::other("gone"));
        }
        self.0.read_within(offset, data)
    }
}

#[test]
fn reads_that_fail_end_a_list() {
    for from in (0..4096).step_by(2) {
        let image = ConfigImage::new(config::pf()).unwrap();
        let found = Capabilities::walk(&Flaky(image, from));
        let failed = found.faults.iter().any(|f| matches!(f, Fault::Unreadable { .. }));
        assert_eq!(failed, from <= 0x1e6, "{from:#x}: {:?}", found.faults);
    }
}

/// Configuration space with lists that are mostly linked, so that the walk gets somewhere.
fn linked() -> impl Strategy<Value = Vec<u8>> {
    let size = prop_oneof![Just(64_usize), Just(256), Just(4096), 64..4096_usize];
    let links = prop::collection::vec((0..1024_u16, 0..0x14_u16, 0..1024_u16), 0..64);
    (size, any::<[u8; 64]>(), links, any::<u8>()).prop_map(|(size, header, links, fill)| {
        let mut image = Image(vec![fill; 4096]);
        image.0[..64].copy_from_slice(&header);
        for (at, id, next) in links {
            if at < 64 {
                let [offset, next] = [at, next % 64].map(|n| u8::try_from(n * 4).unwrap());
                image.standard(offset, u8::try_from(id).unwrap(), next);
            } else {
                image.extended(at * 4, id, next * 4);
            }
        }
        image.0.truncate(size);
        image.0
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 64..4200)) {
        check(bytes)?;
    }

    #[test]
    fn random_lists(bytes in linked()) {
        check(bytes)?;
    }
}

/// Ends, visits no entry twice, and stays in the lists' rooms.
fn check(bytes: Vec<u8>) -> Result<(), TestCaseError> {
    let extent = Extent::of(bytes.len()).unwrap();
    let found = walk(bytes);
    let mut seen = std::collections::HashSet::new();
    for capability in &found.list {
        prop_assert!(seen.insert(capability.offset));
        let room = match capability.list {
            List::Standard => 0x40..0x100,
            List::Extended => 0x100..0x1000,
        };
        prop_assert!(room.contains(&capability.offset));
        prop_assert!(capability.offset < extent.bytes());
        let _ = capability.name();
    }
    for fault in &found.faults {
        prop_assert!(!fault.to_string().is_empty());
    }
    if let Some(sriov) = found.sriov() {
        let _ = sriov.vf_address("fffff:ff:1f.7".parse().unwrap(), u16::MAX);
    }
    Ok(())
}
