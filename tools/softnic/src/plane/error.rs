//! Why processes cannot share an adapter.

use std::io;
use std::path::PathBuf;

use super::layout::MEMBERS;

/// The file of a shared adapter cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaneError {
    /// The kernel refused something.
    #[error("share={}: cannot {doing}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// The file holds something else, which is left as it is.
    #[error(
        "share={}: the file is no adapter's, and is left as it is; name one that does not exist",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The adapter is another.
    #[error(
        "share={}: the adapter that is running there has other options: {differences}; all of its processes need the same",
        path.display()
    )]
    Different {
        /// The file.
        path: PathBuf,
        /// Each option that differs.
        differences: String,
    },
    /// The file was cut off since it was made.
    #[error(
        "share={}: the file has {len} bytes and needs {needed}: it was cut off; end the processes that use it, and remove it",
        path.display()
    )]
    Short {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        len: u64,
        /// That of a whole one.
        needed: u64,
    },
    /// A process makes the file and does not come to an end.
    #[error("share={}: another process has been preparing the file for {seconds} s; is it stopped?", path.display())]
    Stuck {
        /// The file.
        path: PathBuf,
        /// How long.
        seconds: u64,
    },
    /// No more processes can join.
    #[error("share={}: {MEMBERS} processes use the adapter, which is the most there can be", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}
