//! All that a run needs before QEMU can start.

use crate::cache::Cache;
use crate::kernel::Kernel;
use crate::{guest_build, image, packages, userland};
use std::fs::File;
use std::path::{Path, PathBuf};
use vmtest::{Context, Result};

/// A kernel and an initramfs to boot.
pub struct Prepared {
    /// Which kernel.
    pub kernel: Kernel,
    /// Its version, for people.
    pub kernel_version: String,
    /// Its image.
    pub kernel_image: PathBuf,
    /// Where logs of failures go: `target/vmtest`.
    pub logs: PathBuf,
    /// The initramfs: a file without a name, which goes with this process however that ends.
    pub initramfs: File,
}

/// Makes ready for that kernel: packages, the kernel, the project's programs, the initramfs.
pub fn prepare(kernel: Kernel) -> Result<Prepared> {
    match kernel {
        Kernel::Small => packages::ensure(&packages::for_small_kernel())?,
        Kernel::Debian => packages::ensure(packages::RUN)?,
    }
    let cache = Cache::of_user()?;
    let boot = kernel.boot(&cache).context(format_args!("the {kernel} kernel"))?;
    let base = userland::archive(&cache).context("the initramfs")?;
    let programs = guest_build::build()?;
    let archives: Vec<&Path> =
        [Some(base.as_path()), boot.modules.as_deref()].into_iter().flatten().collect();
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| guest_build::workspace().join("target"), PathBuf::from);
    let initramfs = tempfile::tempfile().context("a temporary file")?;
    image::write(&initramfs, &archives, &programs)?;
    Ok(Prepared {
        kernel,
        kernel_version: boot.version,
        kernel_image: boot.image,
        logs: target.join("vmtest"),
        initramfs,
    })
}
