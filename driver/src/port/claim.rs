//! The devices that this process has open: the kernel would let it open one twice, and each reset by
//! one port would pull the queues from under the other.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::{Error, Result};

static OPEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// The right to a device, for as long as it lives.
pub(super) struct Claim(String);

impl Claim {
    pub(super) fn new(name: &str) -> Result<Claim> {
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if open.insert(name.to_string()) {
            return Ok(Claim(name.to_string()));
        }
        Err(Error::Device {
            device: name.to_string(),
            what: format!("already open in this process (pid {})", std::process::id()),
            remedy: "a VF has one port: share that one's queues between threads".into(),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        OPEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}
