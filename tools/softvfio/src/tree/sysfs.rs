//! A directory that is written as a sysfs.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::PathBuf;

/// Modes of attributes, as the kernel's macros set them.
pub(super) const READ: u32 = 0o444;
pub(super) const READ_WRITE: u32 = 0o644;
pub(super) const WRITE: u32 = 0o200;

/// What stands for `/sys`. Paths are relative to it.
pub(super) struct Sysfs {
    dir: PathBuf,
}

impl Sysfs {
    pub(super) fn new(dir: PathBuf) -> Sysfs {
        Sysfs { dir }
    }

    pub(super) fn directory(&self, path: &str) -> io::Result<()> {
        fs::create_dir_all(self.dir.join(path))
    }

    /// An attribute; its directory is made if need be.
    pub(super) fn file(&self, path: &str, mode: u32, contents: impl AsRef<[u8]>) -> io::Result<()> {
        let whole = self.dir.join(path);
        if let Some(parent) = whole.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&whole)?;
        file.write_all(contents.as_ref())
    }

    /// An attribute that is text of one line and can only be read.
    pub(super) fn line(&self, path: &str, text: impl std::fmt::Display) -> io::Result<()> {
        self.file(path, READ, format!("{text}\n"))
    }

    /// A link to something else of this sysfs, relative as the kernel's are.
    pub(super) fn link(&self, path: &str, target: &str) -> io::Result<()> {
        self.link_to(path, &relative(path, target))
    }

    /// A link whose text is `target`.
    pub(super) fn link_to(&self, path: &str, target: &str) -> io::Result<()> {
        let whole = self.dir.join(path);
        if let Some(parent) = whole.parent() {
            fs::create_dir_all(parent)?;
        }
        symlink(target, whole)
    }
}

/// The way from the directory of `path` to `target`. It ends with the target's name, also where the target
/// is on the way up (Linux `kernfs_get_target_path`).
fn relative(path: &str, target: &str) -> String {
    let mut from: Vec<&str> = path.split('/').collect();
    from.pop();
    let to: Vec<&str> = target.split('/').collect();
    let common = from.iter().zip(&to[..to.len() - 1]).take_while(|(from, to)| from == to).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_as_the_kernel_writes_them() {
        let device = "devices/pci0000:00/0000:00:01.0/0000:01:10.0";
        assert_eq!(
            relative("bus/pci/devices/0000:01:10.0", device),
            "../../../devices/pci0000:00/0000:00:01.0/0000:01:10.0"
        );
        assert_eq!(
            relative(&format!("{device}/driver"), "bus/pci/drivers/vfio-pci"),
            "../../../../bus/pci/drivers/vfio-pci"
        );
        assert_eq!(
            relative(&format!("{device}/physfn"), "devices/pci0000:00/0000:00:01.0/0000:01:00.0"),
            "../0000:01:00.0"
        );
        let pf = "devices/pci0000:00/0000:00:01.0/0000:01:00.0";
        assert_eq!(relative(&format!("{pf}/net/soft0/device"), pf), "../../../0000:01:00.0");
    }
}
