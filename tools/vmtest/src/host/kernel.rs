//! The kernels that a guest can have.

use crate::cache::Cache;
use crate::{kernel_debian, kernel_small};
use clap::ValueEnum;
use std::fmt;
use std::path::PathBuf;
use vmtest::Result;

/// Which kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kernel {
    /// A small 6.12 with every interface of VFIO, all drivers built in.
    Small,
    /// Debian's 6.1: VFIO's group and container only, all drivers as modules.
    Debian,
}

/// A kernel that can be booted.
#[derive(Debug)]
pub struct Boot {
    /// Its version, for people.
    pub version: String,
    /// The image.
    pub image: PathBuf,
    /// An archive with its modules, if its drivers are modules.
    pub modules: Option<PathBuf>,
}

impl Kernel {
    /// Finds it in the cache, or fetches and builds it.
    pub fn boot(self, cache: &Cache) -> Result<Boot> {
        match self {
            Self::Small => kernel_small::boot(cache),
            Self::Debian => kernel_debian::boot(cache),
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Small => "small",
            Self::Debian => "debian",
        })
    }
}
