//! Where a function sits: domain, bus, device, function.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// The address of one PCI function, such as `0000:01:10.0`.
///
/// Ordered as `lspci` lists: by domain, bus, device, function. [`fmt::Display`] writes the form
/// that Linux uses for names in sysfs: lower-case hexadecimal, domain of at least four digits.
/// [`FromStr`] takes that form, the same without its domain (then 0), and capital digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciAddress {
    // In the order of comparison.
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

impl PciAddress {
    /// The highest domain number that is accepted.
    ///
    /// Firmware numbers domains with 16 bits; Linux's VMD driver numbers its own from 0x10000 up.
    pub const MAX_DOMAIN: u32 = 0xf_ffff;

    /// An address from its parts: `domain` up to [`PciAddress::MAX_DOMAIN`], `device` 0 to 31,
    /// `function` 0 to 7. `None` outside these.
    pub fn new(domain: u32, bus: u8, device: u8, function: u8) -> Option<PciAddress> {
        (domain <= PciAddress::MAX_DOMAIN && device < 32 && function < 8).then_some(PciAddress {
            domain,
            bus,
            device,
            function,
        })
    }

    /// The domain (also called segment), 0 to [`PciAddress::MAX_DOMAIN`].
    pub fn domain(self) -> u32 {
        self.domain
    }

    /// The bus, 0 to 255.
    pub fn bus(self) -> u8 {
        self.bus
    }

    /// The device (slot), 0 to 31.
    pub fn device(self) -> u8 {
        self.device
    }

    /// The function, 0 to 7.
    pub fn function(self) -> u8 {
        self.function
    }

    fn parse(text: &str) -> Option<PciAddress> {
        let (head, function) = text.split_once('.')?;
        let mut parts = head.rsplit(':');
        let device = hex(parts.next()?, 2..=2)?;
        let bus = hex(parts.next()?, 2..=2)?;
        let domain = match parts.next() {
            Some(domain) => hex(domain, 4..=5)?,
            None => 0,
        };
        if parts.next().is_some() {
            return None;
        }
        let function = hex(function, 1..=1)?;
        PciAddress::new(
            domain,
            u8::try_from(bus).ok()?,
            u8::try_from(device).ok()?,
            u8::try_from(function).ok()?,
        )
    }
}

/// Hexadecimal digits alone, as many as `digits` says: `from_str_radix` would take a sign too.
fn hex(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

impl FromStr for PciAddress {
    type Err = Error;

    /// # Errors
    /// [`Error::BadAddress`] for anything but `[dddd[d]:]bb:dd.f` in range.
    fn from_str(text: &str) -> Result<PciAddress> {
        PciAddress::parse(text).ok_or_else(|| Error::BadAddress { text: text.to_string() })
    }
}

impl fmt::Display for PciAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            format!("{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function);
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        text.parse::<PciAddress>().ok().map(|a| a.to_string())
    }

    #[test]
    fn forms_that_are_accepted() {
        assert_eq!(read("0000:01:10.0").as_deref(), Some("0000:01:10.0"));
        assert_eq!(read("01:10.0").as_deref(), Some("0000:01:10.0"));
        assert_eq!(read("10000:E1:1F.7").as_deref(), Some("10000:e1:1f.7"));
        assert_eq!(read("00ab:ff:00.3").as_deref(), Some("00ab:ff:00.3"));
    }

    #[test]
    fn forms_that_are_refused() {
        for text in [
            "",
            ":",
            ".",
            "01:10",
            "0000:01:10",
            "01:10.8",
            "01:20.0",
            "1:10.0",
            "001:10.0",
            "01:1.0",
            "01:10.00",
            "000:01:10.0",
            "100000:01:10.0",
            "0000:0000:01:10.0",
            ":01:10.0",
            "0000:01:10.0 ",
            " 01:10.0",
            "01:10.0\n",
            "+1:10.0",
            "01:+1.0",
            "0x01:10.0",
            "01:10.-1",
            "01.10:0",
            "eth0",
            "../../etc",
            "01:1é.0",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn parts_out_of_range_are_refused() {
        assert!(PciAddress::new(PciAddress::MAX_DOMAIN, 255, 31, 7).is_some());
        assert!(PciAddress::new(PciAddress::MAX_DOMAIN + 1, 0, 0, 0).is_none());
        assert!(PciAddress::new(0, 0, 32, 0).is_none());
        assert!(PciAddress::new(0, 0, 0, 8).is_none());
    }

    #[test]
    fn width_is_honoured() {
        let address = PciAddress::new(0, 1, 0x10, 0).map(|a| format!("{a:<14}|"));
        assert_eq!(address.as_deref(), Some("0000:01:10.0  |"));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            domain in 0..=PciAddress::MAX_DOMAIN, bus: u8, device in 0..32u8, function in 0..8u8
        ) {
            let address = PciAddress::new(domain, bus, device, function).unwrap();
            prop_assert_eq!(address.to_string().parse::<PciAddress>().unwrap(), address);
            prop_assert_eq!(address.to_string().to_uppercase().parse::<PciAddress>().unwrap(), address);
        }

        #[test]
        fn order_is_that_of_the_parts(
            a in (0..4u32, 0..4u8, 0..4u8, 0..4u8), b in (0..4u32, 0..4u8, 0..4u8, 0..4u8)
        ) {
            let address = |p: (u32, u8, u8, u8)| PciAddress::new(p.0, p.1, p.2, p.3).unwrap();
            prop_assert_eq!(address(a).cmp(&address(b)), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,24}") {
            if let Ok(address) = text.parse::<PciAddress>() {
                prop_assert!(address.to_string().ends_with(&text.to_lowercase()));
            }
        }

        #[test]
        fn nearly_right_text_is_read_or_refused(text in "[0-9a-fA-F:.+x -]{0,16}") {
            if let Ok(address) = text.parse::<PciAddress>() {
                prop_assert!(address.to_string().ends_with(&text.to_lowercase()));
            }
        }
    }
}
