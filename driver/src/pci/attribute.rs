//! Small text files and links of sysfs, read with the device's name in every error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::PciAddress;
use crate::{Error, Result};

/// The directory of one device, and the name that errors give it.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    address: PciAddress,
    dir: PathBuf,
}

impl Attributes {
    pub(super) fn new(address: PciAddress, dir: PathBuf) -> Attributes {
        Attributes { address, dir }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The text of an attribute without the line end; `None` where the kernel shows no such file.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>> {
        match fs::read_to_string(self.path(name)) {
            Ok(text) => Ok(Some(text.trim_end().to_string())),
            Err(source) if is_absent(&source) => Ok(None),
            Err(source) => Err(self.unreadable(name, source)),
        }
    }

    /// An attribute that every PCI device has.
    pub(super) fn must<T>(&self, name: &str, value: Result<Option<T>>) -> Result<T> {
        match value {
            Ok(Some(value)) => Ok(value),
            // The directory goes with the device: a VF that is removed, a card that is pulled.
            Ok(None) if !self.dir.exists() => {
                Err(Error::NoDevice { device: self.address.to_string() })
            }
            Ok(None) => Err(self.unreadable(name, io::ErrorKind::NotFound.into())),
            Err(error) => Err(error),
        }
    }

    /// A decimal attribute.
    pub(super) fn decimal<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        self.text(name)?
            .map(|text| text.parse().map_err(|_| self.malformed(name, &text)))
            .transpose()
    }

    /// A hexadecimal attribute, such as `0x8086`.
    pub(super) fn hexadecimal<T: TryFrom<u64>>(&self, name: &str) -> Result<Option<T>> {
        self.text(name)?
            .map(|text| hexadecimal(&text).ok_or_else(|| self.malformed(name, &text)))
            .transpose()
    }

    /// The last part of what a link points to: a driver's name, a group's number.
    pub(super) fn link(&self, name: &str) -> Result<Option<String>> {
        link_name(&self.path(name)).map_err(|source| self.unreadable(name, source))
    }

    /// The names in a directory, sorted; none where there is no such directory.
    pub(super) fn entries(&self, name: &str) -> Result<Vec<String>> {
        entries(&self.path(name)).map_err(|source| self.unreadable(name, source))
    }

    pub(super) fn malformed(&self, name: &str, text: &str) -> Error {
        // On one line, and no more of it than shows what is wrong.
        let text: String = text.chars().take(40).flat_map(char::escape_debug).collect();
        let source =
            io::Error::new(io::ErrorKind::InvalidData, format!("`{text}` makes no sense there"));
        self.unreadable(name, source)
    }

    pub(super) fn unreadable(&self, name: &str, source: io::Error) -> Error {
        let path = self.path(name);
        if source.kind() == io::ErrorKind::PermissionDenied {
            return Error::Permission {
                device: self.address.to_string(),
                action: "read",
                path,
                source,
                remedy: "run as root".to_string(),
            };
        }
        Error::Kernel {
            device: self.address.to_string(),
            action: format!("read {}", path.display()),
            source,
            remedy: "is this a sysfs of Linux 5.4 or later, mounted on /sys?".to_string(),
        }
    }
}

/// `0x`-prefixed or bare hexadecimal text that fits `T`.
pub(super) fn hexadecimal<T: TryFrom<u64>>(text: &str) -> Option<T> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    T::try_from(u64::from_str_radix(digits, 16).ok()?).ok()
}

/// The last part of what the link at `path` points to; `None` where there is no link.
pub(super) fn link_name(path: &Path) -> io::Result<Option<String>> {
    match fs::read_link(path) {
        Ok(target) => Ok(target.file_name().map(|name| name.to_string_lossy().into_owned())),
        Err(source) if is_absent(&source) => Ok(None),
        Err(source) => Err(source),
    }
}

/// The names in the directory `path`, sorted; none where there is no such directory.
pub(super) fn entries(path: &Path) -> io::Result<Vec<String>> {
    let found = match fs::read_dir(path) {
        Ok(found) => found,
        Err(source) if is_absent(&source) => return Ok(Vec::new()),
        Err(source) => return Err(source),
    };
    let mut names = found
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// The kernel says `ENODEV` instead of `ENOENT` for a file whose device goes while it is open.
fn is_absent(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ENODEV)
}
