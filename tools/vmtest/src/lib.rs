//! What the runner on the host and the programs in its guest agree on: the table of tests, the
//! lines they exchange, and one plain error type.
//!
//! The package makes two programs. `vmtest` runs on the host: it prepares a kernel and an
//! initramfs, boots QEMU and judges what comes back. `vmtest-guest` runs in the guest: as process 1
//! it mounts and loads what the tests want, and as its own child it is the test.

mod error;
pub mod protocol;
pub mod spec;

pub use error::{Context, Error, Result};
