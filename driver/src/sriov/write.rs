//! Writes to sysfs attributes.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::{Host, remedy};
use crate::pci::PciAddress;
use crate::{Error, Result};

/// What carries out writes to sysfs. The kernel's answer to a write is all that comes back; what it
/// led to has to be read from sysfs.
pub trait SysfsWrite {
    /// Writes `value` to the attribute at `path`, all of it in one write.
    ///
    /// # Errors
    /// Whether opening or writing failed, and how.
    fn write(&self, path: &Path, value: &str) -> Result<(), WriteError>;
}

/// Why an attribute could not be written.
///
/// The two are kept apart because they mean different things: opening fails for want of permission,
/// writing fails since a driver refused, which may well call it `EPERM` too.
#[derive(Debug)]
pub enum WriteError {
    /// The file could not be opened for writing.
    Open(io::Error),
    /// The kernel refused the value.
    Write(io::Error),
}

/// The sysfs of the running kernel, or the plain files of a fixture.
#[derive(Clone, Copy, Debug, Default)]
pub struct KernelSysfs;

impl SysfsWrite for KernelSysfs {
    fn write(&self, path: &Path, value: &str) -> Result<(), WriteError> {
        // Never creates: an attribute that is not there is something that the kernel cannot do.
        let mut file =
            OpenOptions::new().write(true).truncate(true).open(path).map_err(WriteError::Open)?;
        loop {
            match file.write(value.as_bytes()) {
                Ok(written) if written == value.len() => return Ok(()),
                // A second write would be a second command, not the rest of the first.
                Ok(_) => return Err(WriteError::Write(io::ErrorKind::WriteZero.into())),
                Err(source) if source.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(WriteError::Write(source)),
            }
        }
    }
}

impl<W: SysfsWrite> Host<W> {
    /// Writes a line for `device`. `refused` gives the remedy for an errno of the write itself.
    pub(super) fn write(
        &self,
        device: PciAddress,
        path: &Path,
        value: &str,
        refused: fn(i32) -> &'static str,
    ) -> Result<()> {
        tracing::debug!(%device, path = %path.display(), value, "sysfs write");
        self.sysfs.write(path, &format!("{value}\n")).map_err(|error| {
            let (source, remedy) = match error {
                WriteError::Open(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                    return Error::Permission {
                        device: device.to_string(),
                        action: "write",
                        path: path.to_path_buf(),
                        source,
                        remedy: "run as root".to_string(),
                    };
                }
                WriteError::Open(source) => {
                    let remedy = remedy::open(source.raw_os_error().unwrap_or(0));
                    (source, remedy)
                }
                WriteError::Write(source) => {
                    let remedy = refused(source.raw_os_error().unwrap_or(0));
                    (source, remedy)
                }
            };
            let action = match value {
                "" => format!("clear {}", path.display()),
                value => format!("write {value} to {}", path.display()),
            };
            Error::Kernel { device: device.to_string(), action, source, remedy: remedy.to_string() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Root;
    use std::fs;

    #[test]
    fn a_missing_attribute_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sriov_numvfs");
        let error = KernelSysfs.write(&path, "1\n").unwrap_err();
        assert!(matches!(error, WriteError::Open(e) if e.kind() == io::ErrorKind::NotFound));
        assert!(!path.exists());
    }

    #[test]
    fn what_was_longer_leaves_no_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("driver_override");
        fs::write(&path, "something longer\n").unwrap();
        KernelSysfs.write(&path, "vfio-pci\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "vfio-pci\n");
    }

    struct Refuse(fn() -> WriteError);

    impl SysfsWrite for Refuse {
        fn write(&self, _: &Path, _: &str) -> Result<(), WriteError> {
            Err((self.0)())
        }
    }

    fn message(error: fn() -> WriteError) -> String {
        let address = PciAddress::new(0, 1, 0, 0).unwrap();
        let path = Path::new("/sys/x/sriov_numvfs");
        let host = Host::with(Root::default(), Refuse(error));
        host.write(address, path, "7", remedy::create).unwrap_err().to_string()
    }

    #[test]
    fn opening_and_writing_fail_differently() {
        let denied = message(|| WriteError::Open(io::Error::from_raw_os_error(libc::EACCES)));
        assert_eq!(
            denied,
            "0000:01:00.0: write /sys/x/sriov_numvfs: Permission denied (os error 13): run as root"
        );
        let refused = message(|| WriteError::Write(io::Error::from_raw_os_error(libc::EPERM)));
        assert!(refused.starts_with("0000:01:00.0: write 7 to /sys/x/sriov_numvfs: Operation not"));
        assert!(refused.contains("driver") && !refused.contains("root"), "{refused}");
        let read_only = message(|| WriteError::Open(io::Error::from_raw_os_error(libc::EROFS)));
        assert!(read_only.contains("container"), "{read_only}");
    }
}
