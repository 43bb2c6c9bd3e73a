//! Names of devices: what they look like, and what is wrong with one that is none.

use std::fmt;
use std::str::FromStr;

use barline::pci::PciAddress;
use softnic::{Spec, SpecError};

/// How a software VF's name begins, or all of it.
const SOFT: &str = "soft";

/// Which device: a PCI address, or a VF of a software adapter.
///
/// A software VF is `soft`, or `soft:` and options, each `key=value`, with commas between. `vf=` says
/// which VF, 0 by default; the others say what the adapter is like, see [`softnic::Spec`].
///
/// Shown, it leaves out what is as by default, in one order: names that mean the same are shown
/// the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceName(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Pci(PciAddress),
    Soft { spec: Spec, vf: usize },
}

/// A string that can mean no device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadName {
    /// Neither kind of name.
    #[error(
        "`{0}` is no device: expected a PCI address such as 0000:01:10.0, or `soft`, with or without options such as soft:vfs=4,vf=1,uplink=gen,size=64"
    )]
    Neither(String),
    /// An option of a software adapter is wrong.
    #[error("device `{name}`: {source}")]
    Option {
        /// The whole name.
        name: String,
        /// Which option, and what is allowed.
        source: SpecError,
    },
}

impl DeviceName {
    /// A VF of a software adapter.
    ///
    /// # Errors
    /// The adapter has no such VF.
    pub fn soft(spec: Spec, vf: usize) -> Result<DeviceName, BadName> {
        let name = DeviceName(Kind::Soft { spec, vf });
        match &name.0 {
            Kind::Soft { spec, .. } if vf >= spec.vfs => Err(BadName::Option {
                name: name.to_string(),
                source: SpecError {
                    key: "vf".into(),
                    value: vf.to_string(),
                    allowed: no_such_vf(spec.vfs),
                },
            }),
            _ => Ok(name),
        }
    }

    /// Whether it is a VF of a software adapter.
    pub fn is_soft(&self) -> bool {
        matches!(self.0, Kind::Soft { .. })
    }

    /// The options of the adapter and the VF's number, of a software VF.
    pub fn as_soft(&self) -> Option<(&Spec, usize)> {
        match &self.0 {
            Kind::Pci(_) => None,
            Kind::Soft { spec, vf } => Some((spec, *vf)),
        }
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}

impl Default for DeviceName {
    /// The first VF of a software adapter with default options.
    fn default() -> DeviceName {
        DeviceName(Kind::Soft { spec: Spec::default(), vf: 0 })
    }
}

impl FromStr for DeviceName {
    type Err = BadName;

    fn from_str(name: &str) -> Result<DeviceName, BadName> {
        match name.strip_prefix(SOFT).map(|rest| rest.strip_prefix(':').ok_or(rest)) {
            Some(Ok(options)) => soft(options)
                .map_err(|source| BadName::Option { name: name.to_string(), source })
                .map(DeviceName),
            Some(Err("")) => Ok(DeviceName::default()),
            _ => match name.parse() {
                Ok(address) => Ok(DeviceName(Kind::Pci(address))),
                Err(_) => Err(BadName::Neither(name.to_string())),
            },
        }
    }
}

/// Takes `vf=` out of the options; the rest is the adapter's.
fn soft(options: &str) -> Result<Kind, SpecError> {
    let (of_vf, of_adapter): (Vec<&str>, Vec<&str>) =
        options.split(',').partition(|option| option.starts_with("vf="));
    let spec: Spec = match of_adapter[..] {
        [] => Spec::default(),
        _ => of_adapter.join(",").parse()?,
    };
    let bad = |value: &str, allowed| {
        Err(SpecError { key: "vf".into(), value: value.to_string(), allowed })
    };
    let vf = match of_vf[..] {
        [] => 0,
        [option] => {
            let value = &option["vf=".len()..];
            match value.parse() {
                Ok(vf) if vf < spec.vfs => vf,
                _ => return bad(value, no_such_vf(spec.vfs)),
            }
        }
        [.., again] => return bad(&again["vf=".len()..], "given more than once".into()),
    };
    Ok(Kind::Soft { spec, vf })
}

fn no_such_vf(vfs: usize) -> String {
    match vfs {
        1 => "the adapter has one VF, 0; vfs= gives it more".into(),
        _ => format!("0 to {}, since the adapter has {vfs} VFs (vfs=)", vfs - 1),
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Pci(address) => address.fmt(f),
            Kind::Soft { spec, vf } => f.write_str(&shown(spec, *vf)),
        }
    }
}

/// How a VF of a software adapter is shown.
pub(crate) fn shown(spec: &Spec, vf: usize) -> String {
    let mut options = vec![spec.to_string()];
    options.retain(|options| !options.is_empty());
    options.extend((vf != 0).then(|| format!("vf={vf}")));
    let colon = if options.is_empty() { "" } else { ":" };
    format!("{SOFT}{colon}{}", options.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str) -> String {
        name.parse::<DeviceName>().unwrap_or_else(|error| panic!("{error}")).to_string()
    }

    fn wrong(name: &str) -> String {
        name.parse::<DeviceName>().unwrap_err().to_string()
    }

    #[test]
    fn names_that_mean_the_same_are_shown_the_same() {
        assert_eq!(shown("0000:01:10.0"), "0000:01:10.0");
        assert_eq!(shown("soft"), "soft");
        assert_eq!(DeviceName::default().to_string(), "soft");
        assert_eq!(shown("soft:vf=1,vfs=2"), shown("soft:vfs=2,vf=1"));
        assert_eq!(shown("soft:vf=0"), "soft");
        for name in ["soft:vfs=4,vf=1,uplink=gen,size=128", "soft:vf=3,vfs=4", "soft:uplink=sink"] {
            let shown = shown(name);
            assert_eq!(shown.parse::<DeviceName>(), name.parse(), "{name} is shown as {shown}");
        }
    }

    #[test]
    fn a_bad_name_is_told_with_key_value_and_what_is_allowed() {
        for name in ["", "eth0", "software", "Soft", "0000:01:10.9", "soft 1"] {
            let error = wrong(name);
            assert!(
                error.contains(&format!("`{name}`")) && error.contains("0000:01:10.0"),
                "{error}"
            );
        }
        assert_eq!(
            wrong("soft:vfs=4,vf=4"),
            "device `soft:vfs=4,vf=4`: `vf=4`: 0 to 3, since the adapter has 4 VFs (vfs=)"
        );
        for (name, option) in [
            ("soft:vfs=2,vf=-1", "`vf=-1`"),
            ("soft:vfs=2,vf=", "`vf=`"),
            ("soft:vfs=4,vf=1,vf=2", "`vf=2`"),
            ("soft:vfs=64", "`vfs=64`"),
            ("soft:vfs=2,colour=red", "`colour=red`"),
        ] {
            let error = wrong(name);
            assert!(error.contains(option) && error.contains(name), "{error}");
        }
    }

    #[test]
    fn a_vf_beyond_the_adapter_is_refused() {
        let spec = Spec { vfs: 2, ..Spec::default() };
        assert_eq!(DeviceName::soft(spec.clone(), 1), "soft:vfs=2,vf=1".parse());
        assert!(DeviceName::soft(spec, 2).unwrap_err().to_string().contains("`vf=2`"));
    }
}
