//! Where a queue has put frames, for whoever wants them out of the caches.

/// The buffers' bytes that were written while it was on.
#[derive(Debug, Default)]
pub(super) struct Trail {
    on: bool,
    /// I/O addresses and bytes.
    written: Vec<(u64, u64)>,
}

impl Trail {
    /// Begins anew, or ends.
    pub(super) fn turn(&mut self, on: bool) {
        self.on = on;
        if on {
            self.written.clear();
        }
    }

    /// Bytes were written.
    #[inline]
    pub(super) fn note(&mut self, iova: u64, len: usize) {
        if self.on {
            self.written.push((iova, len as u64));
        }
    }

    /// All of it.
    pub(super) fn extents(&self) -> impl Iterator<Item = (u64, u64)> {
        self.written.iter().copied()
    }
}
