//! Why there is no run.

use std::io;
use std::path::{Path, PathBuf};

use softnic::{PlaneError, SpecError};

use super::LIBRARY;
use crate::maps::PAGE;

/// A run that cannot be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An option is out of range.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The options say how to share the adapter.
    #[error("`share={}`: the programs of a run share an adapter of its own; leave it out", .0.display())]
    Shared(PathBuf),
    /// The file that processes share cannot be used.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The kernel refused something.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// With what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A directory whose name would break the strings that lead there.
    #[error(
        "{}: its name has a comma, a colon or a space, or is no UTF-8: set TMPDIR to another directory",
        .0.display()
    )]
    Name(PathBuf),
    /// No directory can hold it.
    #[error(
        "no place for the adapter's files: {}: make room there, or set TMPDIR to a directory that can be written",
        words(.0)
    )]
    Nowhere(Vec<RunError>),
    /// Registers with effects, and what can be mapped, are parted by pages of another size.
    #[error(
        "this kernel has pages of {0} bytes: programs can have a software adapter only where pages have {PAGE} \
         (on aarch64, a kernel with CONFIG_ARM64_4K_PAGES)"
    )]
    Pages(usize),
    /// The library is not where it is built or installed.
    #[error(
        "{LIBRARY} is not in {}: it is built and installed together with the command (cargo build)",
        .0.iter().map(|dir| dir.display().to_string()).collect::<Vec<_>>().join(", nor in ")
    )]
    NoLibrary(Vec<PathBuf>),
}

impl RunError {
    /// Whether another directory may do better.
    pub(super) fn is_of_the_place(&self) -> bool {
        matches!(
            self,
            RunError::Io { .. } | RunError::Name(_) | RunError::Plane(PlaneError::Io { .. })
        )
    }
}

fn words(errors: &[RunError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RunError {
    let path = path.to_path_buf();
    move |source| RunError::Io { doing, path, source }
}
