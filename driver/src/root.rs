//! Where the kernel's file systems begin.

use std::path::{Path, PathBuf};

/// The directory that holds `sys`, `proc`, `dev` and `etc`: `/` unless a test or another world stands in.
///
/// Every path that this crate opens in those trees starts here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// A root at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Root {
        Root(path.into())
    }

    /// A path below `sys`, such as `bus/pci/devices`.
    pub fn sys(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join("sys").join(path)
    }

    /// A path below `proc`.
    pub fn proc(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join("proc").join(path)
    }

    /// A path below `etc`.
    pub fn etc(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join("etc").join(path)
    }

    /// A path below `dev`.
    pub fn dev(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.join("dev").join(path)
    }
}

impl Default for Root {
    fn default() -> Root {
        Root::new("/")
    }
}
