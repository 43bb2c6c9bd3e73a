//! What is read of a function, and what has to be so.

use std::collections::BTreeSet;
use std::fs;

use barline::Error;
use barline::pci::capability::{Body, List};
use barline::pci::{Capabilities, ConfigImage, ConfigSpace, Extent, PciAddress, PciDevice};

/// An error names the function, on one line.
fn told<T>(function: &PciDevice, result: barline::Result<T>) -> Option<T> {
    let told = |error: &Error| {
        let text = error.to_string();
        let named = text.contains(&function.address().to_string());
        // One that asks its PF may hear that there is none.
        let other = matches!(error, Error::NoDevice { .. }) || text.contains("0000:");
        assert!((named || other) && !text.contains('\n'), "{text}");
    };
    result.inspect_err(told).ok()
}

/// A hexadecimal attribute as it stands there.
fn stands(function: &PciDevice, name: &str) -> u64 {
    let text = fs::read_to_string(function.path().join(name)).expect("it was read");
    u64::from_str_radix(text.trim_end().trim_start_matches("0x"), 16).expect("a number")
}

pub fn look(function: &PciDevice) {
    if let Some(ids) = told(function, function.ids()) {
        assert_eq!(u64::from(ids.vendor), stands(function, "vendor"));
        assert_eq!(u64::from(ids.device), stands(function, "device"));
        assert_eq!(u64::from(ids.class), stands(function, "class"));
        assert_eq!(u64::from(ids.revision), stands(function, "revision"));
    }
    told(function, function.driver());
    told(function, function.driver_override());
    told(function, function.iommu_group());
    told(function, function.numa_node());
    told(function, function.physfn());
    told(function, function.total_vfs());
    told(function, function.num_vfs());
    told(function, function.drivers_autoprobe());
    told(function, function.interfaces());
    let vfs = told(function, function.virtfns());
    assert!(vfs.is_none_or(|vfs| vfs.len() <= 3));
    told(function, function.vf_index());
    if let Some(found) = told(function, function.resources()) {
        for region in found.bars.iter().chain(&found.vf_bars).chain([&found.rom]).flatten() {
            assert!(region.len > 0 && region.start.checked_add(region.len - 1).is_some());
        }
        let room = found.vf_bars[0].map_or(0, |region| region.len);
        assert!(
            (0..9).all(|total| found.vf_bar_len(0, total).saturating_mul(total.into()) <= room)
        );
    }
    if let Some(file) = told(function, function.config()) {
        let bytes = fs::read(function.path().join("config")).expect("it was read");
        assert_eq!(Extent::of(bytes.len()), Some(file.extent()));
        let found = Capabilities::walk(&file);
        let image = ConfigImage::new(bytes.clone()).expect("it has a header");
        assert_eq!(found, Capabilities::walk(&image));
        capabilities(function.address(), &found, &bytes);
    }
}

/// What the lists say is what stands there.
fn capabilities(address: PciAddress, found: &Capabilities, bytes: &[u8]) {
    let places: BTreeSet<_> = found.list.iter().map(|one| one.offset).collect();
    assert_eq!(places.len(), found.list.len(), "an entry comes twice");
    assert!(found.faults.iter().all(|fault| !fault.to_string().is_empty()));
    for one in &found.list {
        let at = usize::from(one.offset);
        let (room, id) = match one.list {
            List::Standard => (0x40..0x100, u16::from(bytes[at])),
            List::Extended => (0x100..0x1000, u16::from_le_bytes([bytes[at], bytes[at + 1]])),
        };
        assert!(room.contains(&at) && at.is_multiple_of(4));
        assert_eq!(one.id, id);
        match &one.body {
            Body::MsiX(msix) => {
                assert!(at + 12 <= 0x100 && (1..=2048).contains(&msix.vectors));
            }
            Body::PciExpress(express) => {
                assert!(at + 12 <= 0x100);
                assert!((128..=16384).contains(&express.payload));
                assert!((128..=16384).contains(&express.max_read_request));
            }
            Body::SrIov(sriov) => {
                for index in [0, 1, 62, u16::MAX] {
                    let vf = sriov.vf_address(address, index);
                    assert!(vf.is_none_or(|vf| vf.domain() == address.domain()));
                }
            }
            _ => {}
        }
    }
}
