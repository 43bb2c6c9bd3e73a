//! From a device string to options.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::{API_NEWEST, Drive, PF_MTU_MAX, Spec, SpecError};
use crate::uplink::{GenSpec, PcapSpec, Size, TAP_NAME_MAX, UplinkSpec};
use crate::{Model, VFS_MAX};

/// Every key there is.
const KEYS: [&str; 24] = [
    "model",
    "vfs",
    "uplink",
    "size",
    "flows",
    "seed",
    "gen",
    "read",
    "write",
    "loop",
    "pace",
    "spoof",
    "trust",
    "promisc",
    "mdd",
    "mtu",
    "vlan",
    "rate",
    "mac",
    "rss-query",
    "api",
    "share",
    "drive",
    "core",
];

/// The models by their names.
pub(super) const MODELS: [(&str, Model); 6] = [
    ("82599", Model::I82599),
    ("x540", Model::X540),
    ("x550", Model::X550),
    ("x552", Model::X552),
    ("x553", Model::X553),
    ("e610", Model::E610),
];

const SWITCH: [(&str, bool); 2] = [("on", true), ("off", false)];

type Result<T> = std::result::Result<T, SpecError>;

pub(super) fn parse(text: &str) -> Result<Spec> {
    let mut given = Given::split(text)?;
    let default = Spec::default();
    let model = given.choice("model", &MODELS)?.unwrap_or(default.model);
    let rss_query = given.value("rss-query");
    if let Some(value) = rss_query
        && !matches!(model, Model::I82599 | Model::X540)
    {
        let why = "only with model=82599 or model=x540: VFs of later models have registers for it";
        return Err(SpecError::new("rss-query", value, why));
    }
    let mdd = given.choice("mdd", &SWITCH)?.unwrap_or(default.mdd);
    if mdd && !model.generation().malicious_driver_detection {
        let why = "only with model=x550 and later: 82599 and X540 detect no malicious drivers";
        return Err(SpecError::new("mdd", "on", why));
    }
    let drive = given.choice("drive", &[("thread", Drive::Thread), ("caller", Drive::Caller)])?;
    let core = given.number("core", 0..=1023)?;
    if let (Some(Drive::Caller), Some(core)) = (drive, core) {
        let why = "only with drive=thread: with drive=caller there is no thread to pin";
        return Err(SpecError::new("core", &core.to_string(), why));
    }
    let spec = Spec {
        model,
        vfs: given.number("vfs", 1..=VFS_MAX as u64)?.map_or(default.vfs, |n| n as usize),
        uplink: uplink(&mut given)?,
        spoof_check: given.choice("spoof", &SWITCH)?.unwrap_or(default.spoof_check),
        trust: given.choice("trust", &SWITCH)?.unwrap_or(default.trust),
        pf_promiscuous: given.choice("promisc", &SWITCH)?.unwrap_or(default.pf_promiscuous),
        mdd,
        pf_mtu: given.number("mtu", 68..=PF_MTU_MAX.into())?.map_or(default.pf_mtu, |n| n as u32),
        port_vlan: given.number("vlan", 1..=4095)?.map(|n| n as u16),
        rate: given.number("rate", 1..=10_000)?.map(|n| n as u32),
        zero_mac: given.choice("mac", &[("zero", true), ("set", false)])?.unwrap_or(false),
        rss_query: match rss_query {
            Some(value) => choose("rss-query", value, &SWITCH)?,
            None => default.rss_query,
        },
        api: match given.value("api") {
            Some(value) => api(value)?,
            None => default.api,
        },
        share: given.path("share")?,
        drive: drive.unwrap_or(default.drive),
        core: core.map(|n| n as usize),
    };
    debug_assert!(given.0.is_empty(), "no one asked for {:?}", given.0);
    Ok(spec)
}

/// The uplink and its options; those of other uplinks are refused.
fn uplink(given: &mut Given) -> Result<UplinkSpec> {
    let name = given.value("uplink").unwrap_or("gen");
    if name != "gen" {
        given.refuse(&["size", "flows", "seed", "gen"], "uplink=gen", name)?;
    }
    if name != "pcap" {
        given.refuse(&["read", "write", "loop", "pace"], "uplink=pcap", name)?;
    }
    match name {
        "gen" => generator(given).map(UplinkSpec::Gen),
        "sink" => Ok(UplinkSpec::Sink),
        "loop" => Ok(UplinkSpec::Loop),
        "pcap" => pcap(given).map(UplinkSpec::Pcap),
        _ => match name.strip_prefix("tap:") {
            Some(tap) if is_interface(tap) => Ok(UplinkSpec::Tap(tap.into())),
            Some(_) => {
                let allowed = format!(
                    "allowed is tap:NAME, with an interface's name of 1 to {TAP_NAME_MAX} letters, digits, `-`, `_` or `.`"
                );
                Err(SpecError::new("uplink", name, allowed))
            }
            None => {
                Err(SpecError::new("uplink", name, "allowed is gen, sink, loop, tap:NAME or pcap"))
            }
        },
    }
}

fn generator(given: &mut Given) -> Result<GenSpec> {
    let default = GenSpec::default();
    let size = match given.value("size") {
        None => default.size,
        Some("imix") => Size::Imix,
        Some(value) => {
            let allowed = format!("{} to {} (bytes with FCS), or imix", Size::MIN, Size::MAX);
            let within =
                number(value).filter(|n| (Size::MIN.into()..=Size::MAX.into()).contains(n));
            Size::Fixed(within.ok_or_else(|| no("size", value, &allowed))? as u16)
        }
    };
    let open = given.choice("gen", &[("open", true), ("wait", false)])?;
    Ok(GenSpec {
        open: open.unwrap_or(default.open),
        size,
        flows: given.number("flows", 1..=65536)?.map_or(default.flows, |n| n as u32),
        seed: given.number("seed", 0..=u64::MAX)?.unwrap_or(default.seed),
    })
}

fn pcap(given: &mut Given) -> Result<PcapSpec> {
    let (repeat, pace) = (given.value("loop"), given.value("pace"));
    let spec = PcapSpec {
        read: given.path("read")?,
        write: given.path("write")?,
        repeat: repeat.map_or(Ok(false), |value| choose("loop", value, &SWITCH))?,
        pace: pace.map_or(Ok(true), |value| choose("pace", value, &SWITCH))?,
    };
    match (&spec.read, &spec.write) {
        (None, None) => {
            Err(SpecError::new("uplink", "pcap", "needs read=FILE, write=FILE or both"))
        }
        (None, _) => match (repeat, pace) {
            (Some(value), _) => Err(SpecError::new("loop", value, "only with read=FILE")),
            (_, Some(value)) => Err(SpecError::new("pace", value, "only with read=FILE")),
            _ => Ok(spec),
        },
        (Some(read), Some(write)) if read == write => {
            let value = write.display().to_string();
            Err(SpecError::new("write", &value, "must be another file than read="))
        }
        _ => Ok(spec),
    }
}

/// Whether the kernel takes it as an interface's name (`dev_valid_name`), less those that need quoting.
fn is_interface(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=TAP_NAME_MAX).contains(&name.len())
        && name != "."
        && name != ".."
        && name.chars().all(plain)
}

fn api(value: &str) -> Result<u8> {
    let minor =
        value.strip_prefix("1.").and_then(number).filter(|minor| *minor <= API_NEWEST.into());
    minor
        .map(|minor| minor as u8)
        .ok_or_else(|| no("api", value, &format!("1.0 to 1.{API_NEWEST}")))
}

/// Digits only: `u64::from_str` would take a sign.
fn number(value: &str) -> Option<u64> {
    value.bytes().all(|c| c.is_ascii_digit()).then(|| value.parse().ok()).flatten()
}

fn choose<T: Copy>(key: &str, value: &str, choices: &[(&str, T)]) -> Result<T> {
    let found = choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice);
    let names = || choices.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| no(key, value, &names()))
}

fn no(key: &str, value: &str, allowed: &str) -> SpecError {
    SpecError::new(key, value, format!("allowed is {allowed}"))
}

/// The options that were given; what is looked at is taken out.
struct Given<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Given<'a> {
    fn split(text: &'a str) -> Result<Given<'a>> {
        let mut given: Vec<(&str, &str)> = Vec::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let Some((key, value)) = part.split_once('=') else {
                return Err(SpecError::new(part, "", "options are KEY=VALUE, with commas between"));
            };
            if !KEYS.contains(&key) {
                let allowed = format!("there is no option `{key}`; there are {}", KEYS.join(", "));
                return Err(SpecError::new(key, value, allowed));
            }
            if let Some((_, before)) = given.iter().find(|(other, _)| *other == key) {
                let allowed = format!("{key} is allowed once, and was {before} before");
                return Err(SpecError::new(key, value, allowed));
            }
            given.push((key, value));
        }
        Ok(Given(given))
    }

    fn value(&mut self, key: &str) -> Option<&'a str> {
        let at = self.0.iter().position(|(other, _)| *other == key)?;
        Some(self.0.remove(at).1)
    }

    fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Result<Option<T>> {
        self.value(key).map(|value| choose(key, value, choices)).transpose()
    }

    fn number(&mut self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let allowed = || no(key, value, &format!("{} to {}", range.start(), range.end()));
        number(value).filter(|n| range.contains(n)).ok_or_else(allowed).map(Some)
    }

    fn path(&mut self, key: &str) -> Result<Option<PathBuf>> {
        match self.value(key) {
            Some("") => Err(no(key, "", "the name of a file")),
            value => Ok(value.map(PathBuf::from)),
        }
    }

    fn refuse(&self, keys: &[&str], needed: &str, uplink: &str) -> Result<()> {
        match self.0.iter().find(|(key, _)| keys.contains(key)) {
            Some((key, value)) => {
                let why = format!("only with {needed}, and this is uplink={uplink}");
                Err(SpecError::new(key, value, why))
            }
            None => Ok(()),
        }
    }
}
