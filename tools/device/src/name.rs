//! Names of devices: what they look like, and what is wrong with one that is none.

use std::fmt;
use std::str::FromStr;

use barline::pci::PciAddress;
use softnic::SpecError;

/// How a software VF's name begins, or all of it.
const SOFT: &str = "soft";

/// Which device: a PCI address, or a VF of a software adapter.
///
/// A software VF is `soft`, or `soft:` and options, each `key=value`, with commas between. `vf=` says
/// which VF, 0 by default; the others say what the adapter is like.
///
/// Shown, it leaves out what is as by default, in one order: names that mean the same are shown
/// the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DeviceName(Kind);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Pci(PciAddress),
    Soft { options: String, vf: usize },
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
    /// Whether it is a VF of a software adapter.
    pub fn is_soft(&self) -> bool {
        matches!(self.0, Kind::Soft { .. })
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }
}

impl Default for DeviceName {
    /// The first VF of a software adapter with default options.
    fn default() -> DeviceName {
        DeviceName(Kind::Soft { options: String::new(), vf: 0 })
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
    let bad = |value: &str, allowed| {
        Err(SpecError { key: "vf".into(), value: value.to_string(), allowed })
    };
    let vf = match of_vf[..] {
        [] => 0,
        [option] => {
            let value = &option["vf=".len()..];
            match value.parse() {
                Ok(vf) if vf < softnic::VFS_MAX => vf,
                _ => return bad(value, "0 to 62".into()),
            }
        }
        [.., again] => return bad(&again["vf=".len()..], "given more than once".into()),
    };
    Ok(Kind::Soft { options: of_adapter.join(","), vf })
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Pci(address) => address.fmt(f),
            Kind::Soft { options, vf } => {
                f.write_str(SOFT)?;
                let mut options = options.clone();
                if *vf != 0 {
                    let comma = if options.is_empty() { "" } else { "," };
                    options += &format!("{comma}vf={vf}");
                }
                let colon = if options.is_empty() { "" } else { ":" };
                write!(f, "{colon}{options}")
            }
        }
    }
}
