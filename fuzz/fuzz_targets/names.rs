//! Device strings, adapters' options and PCI addresses: what is taken is written so that it means the
//! same when it is read again; what is refused is told on one line, with the remedy.
#![no_main]

use std::error::Error;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use arbitrary::{Arbitrary, Result, Unstructured};
use barline::pci::PciAddress;
use barline::{MacAddress, Simd};
use barline_device::DeviceName;
use barline_fuzz::{range, text};
use libfuzzer_sys::fuzz_target;
use softnic::Spec;

/// Options of a software adapter, with values of which it takes most.
const OPTIONS: [(&str, &[&str]); 25] = [
    ("vf", &["0", "1", "2", "62", "63"]),
    ("model", &["82599", "x540", "x550", "x552", "x553", "e610"]),
    ("vfs", &["0", "1", "2", "4", "63", "64"]),
    ("uplink", &["gen", "sink", "loop", "tap:t0", "tap:", "tap:t0,", "pcap"]),
    ("size", &["63", "64", "imix", "9018", "9019"]),
    ("flows", &["0", "1", "1024", "65536"]),
    ("seed", &["0", "1", "18446744073709551615"]),
    ("gen", &["open", "closed"]),
    ("read", &["a.pcap", "/a=b", ""]),
    ("write", &["b.pcap", "../\u{fffd}"]),
    ("loop", &["on", "off"]),
    ("pace", &["on", "off"]),
    ("spoof", &["on", "off", "ON"]),
    ("trust", &["on", "off"]),
    ("promisc", &["on", "off"]),
    ("mdd", &["on", "off"]),
    ("mtu", &["67", "68", "1500", "9710", "9711"]),
    ("vlan", &["0", "1", "4095", "4096"]),
    ("rate", &["0", "1", "10000", "10001"]),
    ("mac", &["zero", "assigned"]),
    ("rss-query", &["on", "off"]),
    ("api", &["1.0", "1.4", "1.7", "1.8", "2.0"]),
    ("share", &["/dev/shm/a", "x y"]),
    ("drive", &["thread", "caller"]),
    ("core", &["0", "1023", "1024"]),
];

#[derive(Debug)]
struct Text(String);

/// Options, each of them once in most cases.
fn options(input: &mut Unstructured<'_>) -> Result<String> {
    let mut options = Vec::new();
    for _ in 0..range(input, 0..=5)? {
        let (key, values) = *input.choose(&OPTIONS)?;
        let value = match range(input, 0..=9)? {
            0 => text(input, 12)?,
            1 => u32::arbitrary(input)?.to_string(),
            _ => (*input.choose(values)?).to_string(),
        };
        options.push(format!("{key}={value}"));
    }
    Ok(options.join(","))
}

impl<'a> Arbitrary<'a> for Text {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Text> {
        let mut whole = match range(input, 0..=4)? {
            0 => text(input, 64)?,
            1 => options(input)?,
            2 => {
                let (domain, bus, device, function): (u32, u8, u8, u8) = input.arbitrary()?;
                let domain = domain >> range(input, 0..=31)?;
                let (device, function) = (device % 36, function % 9);
                format!("{domain:04x}:{bus:02x}:{device:02x}.{function:x}")
            }
            _ => format!("soft:{}", options(input)?),
        };
        if range(input, 0..=3)? == 0 {
            // Something where it does not belong.
            let at = range(input, 0..=whole.len())?;
            let at = (0..=at).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(0);
            let other = text(input, 3)?;
            whole.insert_str(at, input.choose(&["0", "f", ":", ".", ",", "=", " ", &other])?);
        }
        Ok(Text(whole))
    }
}

/// Reads a text as a `T`; what comes of it has to bear being written and read again.
fn read<T>(text: &str) -> Option<T>
where
    T: FromStr<Err: Error> + Display + PartialEq + Debug,
{
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            assert_eq!(written.parse::<T>().as_ref().ok(), Some(&value), "written as `{written}`");
            Some(value)
        }
        Err(error) => {
            let error = error.to_string();
            // It may hold the text as it is.
            assert!(!error.is_empty() && (text.contains('\n') || !error.contains('\n')));
            None
        }
    }
}

fuzz_target!(|text: Text| {
    let Text(text) = text;
    let address = read::<PciAddress>(&text);
    if let Some(address) = &address {
        // But for zeros in front, and a domain that goes without saying.
        let (all, read) = (address.to_string(), text.to_lowercase());
        assert!(all.ends_with(read.trim_start_matches('0')), "`{text}` was taken for {all}");
    }
    let spec = read::<Spec>(&text);
    if let Some(spec) = &spec {
        spec.check().expect("what was read can be used");
    }
    read::<MacAddress>(&text);
    read::<Simd>(&text);
    let Some(name) = read::<DeviceName>(&text) else { return };
    assert_eq!(name.as_soft().is_none(), address.is_some());
    if let Some((spec, vf)) = name.as_soft() {
        assert!(vf < spec.vfs);
        spec.check().expect("what was read can be used");
    }
});
