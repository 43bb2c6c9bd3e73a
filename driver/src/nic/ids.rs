//! Telling devices of Intel's families by their ids.

use crate::Error;

/// Intel's vendor id.
const INTEL: u16 = 0x8086;

/// What is known of a device by its ids.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known<M> {
    /// It is supported.
    Model(M),
    /// It is the same silicon as Hyper-V presents it, where the mailbox is not the device's.
    HyperV,
}

/// Finds a device among those of a family, and among the ids that these have behind Hyper-V.
pub(super) fn find<M: Copy>(
    vendor: u16,
    id: u16,
    models: &[(u16, M)],
    hyperv: &[u16],
) -> Option<Known<M>> {
    if vendor != INTEL {
        return None;
    }
    if hyperv.contains(&id) {
        return Some(Known::HyperV);
    }
    models.iter().find(|(known, _)| *known == id).map(|(_, model)| Known::Model(*model))
}

/// The error that a device is behind Hyper-V; `driver` is the kernel's that knows it there.
pub(super) fn behind_hyperv(device: &str, driver: &str) -> Error {
    Error::Device {
        device: device.to_string(),
        what: "an Intel VF as Hyper-V presents it, without the PF's mailbox".into(),
        remedy: format!("leave it to the kernel's {driver} driver"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_and_device_count() {
        let find = |vendor, id| find(vendor, id, &[(1, 'a'), (2, 'b')], &[3]);
        assert!(matches!(find(INTEL, 2), Some(Known::Model('b'))));
        assert!(matches!(find(INTEL, 3), Some(Known::HyperV)));
        assert!(find(INTEL, 4).is_none() && find(0x8087, 1).is_none());
    }
}
