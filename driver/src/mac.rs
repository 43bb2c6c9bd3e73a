//! Ethernet addresses.

use std::fmt;
use std::str::FromStr;

/// A 48-bit Ethernet (MAC) address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    /// All stations.
    pub const BROADCAST: MacAddress = MacAddress([0xff; 6]);

    /// Whether it is all zeros: what a PF reports for a VF that was given no address.
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }

    /// Whether it names a group of stations (bit 0 of the first byte).
    pub fn is_multicast(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Whether one station can have it: neither zero nor a group.
    pub fn is_unicast(self) -> bool {
        !self.is_zero() && !self.is_multicast()
    }

    /// A locally administered unicast address that is the same for the same `seed`.
    pub fn local(seed: &[u8]) -> MacAddress {
        // FNV-1a: all that is asked of it is that it stays the same and spreads.
        let hash = seed.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
        let [_, _, bytes @ ..] = hash.to_be_bytes();
        let mut mac = MacAddress(bytes);
        mac.0[0] = mac.0[0] & !0b01 | 0b10;
        mac
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

/// Text that is no Ethernet address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a MAC address: expected six hexadecimal bytes, such as 02:00:00:00:00:01")]
pub struct BadMac(String);

impl FromStr for MacAddress {
    type Err = BadMac;

    fn from_str(text: &str) -> Result<MacAddress, BadMac> {
        let mut mac = MacAddress::default();
        let mut parts = text.split(':');
        for byte in &mut mac.0 {
            *byte = parts
                .next()
                .filter(|part| part.len() == 2 && part.bytes().all(|c| c.is_ascii_hexdigit()))
                .and_then(|part| u8::from_str_radix(part, 16).ok())
                .ok_or_else(|| BadMac(text.to_string()))?;
        }
        if parts.next().is_some() {
            return Err(BadMac(text.to_string()));
        }
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_both_ways() {
        let mac: MacAddress = "02:aB:00:ff:10:01".parse().unwrap();
        assert_eq!(mac.to_string(), "02:ab:00:ff:10:01");
        for bad in
            ["", "02:00:00:00:00", "02:00:00:00:00:01:02", "2:0:0:0:0:1", "+2:00:00:00:00:01"]
        {
            assert_eq!(bad.parse::<MacAddress>(), Err(BadMac(bad.to_string())));
        }
    }

    #[test]
    fn a_local_address_is_stable_local_and_unicast() {
        let mac = MacAddress::local(b"0000:01:10.0");
        assert_eq!(mac, MacAddress::local(b"0000:01:10.0"));
        assert_ne!(mac, MacAddress::local(b"0000:01:10.2"));
        assert!(mac.is_unicast());
        assert_eq!(mac.0[0] & 0b10, 0b10);
        // What it is must not change from one release to the next.
        assert_eq!(MacAddress::local(b"").to_string(), "9e:e4:84:22:23:25");
    }
}
