//! Where memory is mapped, and what becomes of memory that cannot be unmapped: devices may still
//! write to it, so it is nobody else's until their address space lets go of it or has ended.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::backing::Backing;
use super::iova;
use crate::Result;
use crate::home::Home;
use crate::transport::DmaSpace;

/// What is kept until it can be unmapped.
static KEPT: Mutex<Vec<Left>> = Mutex::new(Vec::new());

/// An address space that memory is mapped in.
#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) space: Arc<dyn DmaSpace>,
    /// The parts that it was mapped in, as `(offset, length)`: one, if the kernel lets it be.
    pub(super) parts: Vec<(usize, usize)>,
    /// False for what is left of an attempt that failed and could not be undone.
    pub(super) complete: bool,
}

impl Attachment {
    /// Takes the mappings back; those that the space kept stay recorded.
    pub(super) fn unmap(&mut self, iova: u64) -> Result<()> {
        let mut result = Ok(());
        let space = &self.space;
        self.parts.retain(|(offset, len)| match space.unmap(iova + *offset as u64, *len) {
            Ok(()) => false,
            Err(error) => {
                result = Err(error);
                true
            }
        });
        result
    }
}

/// Memory that nobody uses any more, and where it is mapped.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) backing: Backing,
    pub(super) iova: u64,
    /// In the order in which it was mapped.
    pub(super) attached: Vec<Attachment>,
    pub(super) home: Home,
}

impl Left {
    /// Unmaps it wherever that can be done; the last space first.
    fn unmap(&mut self) -> Result<()> {
        let mut result = Ok(());
        let iova = self.iova;
        for at in (0..self.attached.len()).rev() {
            match self.attached[at].unmap(iova) {
                Ok(()) => drop(self.attached.remove(at)),
                Err(error) => result = Err(error),
            }
        }
        result
    }
}

/// Unmaps memory and frees it, or keeps it.
pub(super) fn release(mut left: Left) {
    sweep();
    match left.unmap() {
        Ok(()) => iova::process().free(left.iova),
        Err(error) => {
            tracing::error!(
                %error,
                len = left.backing.len(),
                iova = format_args!("{:#x}", left.iova),
                "DMA memory stays mapped: it is kept, since a device may still write to it"
            );
            kept().push(left);
        }
    }
}

/// Frees what can be unmapped by now.
pub(crate) fn sweep() {
    // Nobody waits meanwhile: who comes to sweep, too, finds nothing to do.
    let mut left = mem::take(&mut *kept());
    left.retain_mut(|left| {
        // A child made by fork has neither the pages nor a device; the mappings are its parent's.
        if left.home.is_elsewhere() || left.unmap().is_err() {
            return true;
        }
        tracing::info!(iova = format_args!("{:#x}", left.iova), "DMA memory that was kept is free");
        iova::process().free(left.iova);
        false
    });
    kept().append(&mut left);
}

fn kept() -> MutexGuard<'static, Vec<Left>> {
    // Nothing that can panic happens between the steps of a change.
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}
