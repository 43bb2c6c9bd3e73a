//! Why an uplink cannot be opened.

use std::io;
use std::path::PathBuf;

use pcap_file::PcapError;

/// An uplink that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum UplinkError {
    /// The kernel does not give the TAP interface.
    #[error("uplink=tap:{name}: cannot {doing}: {source}{}", advice(source))]
    Tap {
        /// Its name.
        name: String,
        /// What was tried.
        doing: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file cannot be read or written.
    #[error("{key}={}: {}", path.display(), plain(source))]
    File {
        /// `read` or `write`.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: PcapError,
    },
    /// A file is of another kind of network.
    #[error("read={}: its packets are of link type {link}, and only Ethernet's (1) can be sent", path.display())]
    LinkType {
        /// The file.
        path: PathBuf,
        /// The link type, by its number.
        link: u32,
    },
}

/// What is wrong; the crate keeps the kernel's words to itself.
fn plain(error: &PcapError) -> String {
    match error {
        PcapError::IoError(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// What a person can do about it.
fn advice(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => {
            "; it needs CAP_NET_ADMIN: be root, or have root make the interface for you (ip tuntap add dev NAME mode tap user USER; ip link set NAME up)"
        }
        Some(libc::EBUSY) => "; another program has it: end that, or choose another name",
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => {
            "; the kernel's tun driver is missing: modprobe tun, or give the container /dev/net/tun"
        }
        Some(libc::EINVAL) => "; is there an interface of this name that is no TAP?",
        _ => "",
    }
}
