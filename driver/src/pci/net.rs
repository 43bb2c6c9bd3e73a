//! The network interfaces that a host driver made of a function.

use super::attribute::Attributes;
use crate::Result;

/// A network interface of a PCI function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetInterface {
    /// Its name in the namespace of `/sys`, such as `eth0`. Interfaces that were moved to another
    /// network namespace do not show.
    pub name: String,
    /// Its MAC address; `None` for one that has no Ethernet address.
    pub mac: Option<[u8; 6]>,
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
            found.push(NetInterface { name, mac: address.as_deref().and_then(mac) });
        }
    }
    Ok(found)
}

/// Six bytes in hexadecimal with colons between, as the kernel writes them.
fn mac(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        *byte = parts.next().filter(|p| p.len() == 2).and_then(super::attribute::hexadecimal)?;
    }
    parts.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::mac;

    #[test]
    fn mac_addresses() {
        assert_eq!(mac("52:54:00:12:34:5f"), Some([0x52, 0x54, 0, 0x12, 0x34, 0x5f]));
        for text in
            ["", "52:54:00:12:34", "52:54:00:12:34:5f:00", "52:54:00:12:34:zz", "0x:1:2:3:4:5"]
        {
            assert_eq!(mac(text), None, "{text}");
        }
    }
}
