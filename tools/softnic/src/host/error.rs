//! Why there is no adapter.

use std::io;

use crate::SpecError;
use crate::plane::PlaneError;
use crate::uplink::UplinkError;

/// An adapter that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// An option is out of range.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The file that processes share cannot be used.
    #[error(transparent)]
    Plane(#[from] PlaneError),
    /// The uplink cannot be opened.
    #[error(transparent)]
    Uplink(#[from] UplinkError),
    /// Another has the wire, who must close the adapter first.
    #[error("the wire is in use already, by another process of this adapter or in this one")]
    WireTaken,
    /// This process may not run on the CPU.
    #[error("`core={core}`: this process may run on the CPUs {allowed} (see taskset)")]
    Core {
        /// The CPU.
        core: usize,
        /// Those that it may run on.
        allowed: String,
    },
    /// The kernel gives no thread.
    #[error("no thread for the software adapter: {0}")]
    Thread(io::Error),
}

/// Whether a thread of this process may be pinned there. Only threads that have not been pinned
/// themselves can tell.
pub(super) fn check_core(core: usize) -> Result<(), HostError> {
    let allowed = core_affinity::get_core_ids().unwrap_or_default();
    if allowed.iter().any(|id| id.id == core) {
        return Ok(());
    }
    let allowed: Vec<String> = allowed.iter().map(|id| id.id.to_string()).collect();
    Err(HostError::Core { core, allowed: allowed.join(", ") })
}
