//! What keeps DPDK's program from running, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// All that is missing.
#[derive(Debug)]
pub struct Missing(pub(super) Vec<Lack>);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, lack) in self.0.iter().enumerate() {
            let between = if nth > 0 { "; " } else { "" };
            write!(f, "{between}{lack}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Missing {}

/// What installs all that is needed to compile.
const INSTALL: &str = "as root, on Debian or Ubuntu: apt-get install libdpdk-dev gcc pkg-config";

/// One thing that is missing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lack {
    #[error("{tool} cannot be run ({error}): {}", INSTALL)]
    Tool { tool: String, error: io::Error },
    #[error("there is no libdpdk ({said}): {}", INSTALL)]
    Libdpdk { said: String },
    #[error(
        "libdpdk {version} is older than 22.11, the first that the program is written for: install a newer one, and name its directory of .pc files in PKG_CONFIG_PATH"
    )]
    Old { version: String },
    #[error("the program does not compile with libdpdk {version}: {said}")]
    Compile { version: String, said: String },
    #[error("{file}: {error}")]
    Write { file: PathBuf, error: io::Error },
    #[error(
        "DPDK's programs take {needed} MiB of hugepages, and {free} MiB are free: as root: \
         echo 512 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    )]
    Hugepages { needed: u64, free: u64 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_missing_is_told_at_once() {
        let library = Lack::Libdpdk { said: "none".into() };
        let pages = Lack::Hugepages { needed: 64, free: 0 };
        let said = Missing(vec![library, pages]).to_string();
        assert!(said.starts_with("there is no libdpdk (none): as root"), "{said}");
        assert!(said.contains("pkg-config; DPDK's programs take 64 MiB"), "{said}");
    }
}
