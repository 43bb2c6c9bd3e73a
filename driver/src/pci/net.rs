//! The network interfaces that a host driver made of a function.

use super::attribute::Attributes;
use crate::{MacAddress, Result};

/// A network interface of a PCI function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetInterface {
    /// Its name in the namespace of `/sys`, such as `eth0`. Interfaces that were moved to another
    /// network namespace do not show.
    pub name: String,
    /// Its MAC address; `None` for one that has no Ethernet address.
    pub mac: Option<MacAddress>,
}

/// The interfaces below a device: `net/*`, and `virtio*/net/*` where another bus lies between.
pub(super) fn interfaces(device: &Attributes) -> Result<Vec<NetInterface>> {
    let mut parents = vec!["net".to_string()];
    for entry in device.entries("")? {
        if entry.starts_with("virtio") {
            parents.push(format!("{entry}/net"));
        }
    }
    let mut found = Vec::new();
    for parent in parents {
        for name in device.entries(&parent)? {
            let address = device.text(&format!("{parent}/{name}/address"))?;
            found.push(NetInterface { name, mac: address.and_then(|text| text.parse().ok()) });
        }
    }
    Ok(found)
}
