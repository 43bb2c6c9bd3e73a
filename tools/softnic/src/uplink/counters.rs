//! What an uplink has counted.

/// Frames and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Frames.
    pub frames: u64,
    /// Their bytes, with FCS.
    pub bytes: u64,
}

/// What an uplink has counted since it was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UplinkCounters {
    /// Handed to the adapter. Whether a VF had room for a frame, the VF's counters say.
    pub sent: Traffic,
    /// Taken from the adapter.
    pub received: Traffic,
    /// Of these: frames that the other end did not take.
    pub dropped: u64,
    /// Frames from the other end that cannot be handed to an adapter: too long, or damaged.
    pub unusable: u64,
    /// Of a generator: what has become of the frames that it sent, by the VF that they were for.
    pub returned: Vec<Returned>,
}

/// What has become of a generator's frames for one VF.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Returned {
    /// Sent to the VF.
    pub sent: u64,
    /// Come back, each counted once.
    pub returned: u64,
    /// Of these: behind a frame that was sent later.
    pub reordered: u64,
    /// Come back once more; not in `returned`.
    pub duplicate: u64,
    /// Not come back, though one that was sent later has.
    pub missing: u64,
}

impl Traffic {
    /// Counts a frame of `len` bytes without FCS.
    pub(crate) fn count(&mut self, len: usize) {
        self.frames += 1;
        self.bytes += len as u64 + 4;
    }
}
