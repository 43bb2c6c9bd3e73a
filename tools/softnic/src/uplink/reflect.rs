//! A loop: sends back what it gets, with the Ethernet addresses exchanged.

use std::collections::VecDeque;

use super::{Traffic, Uplink, UplinkCounters, Wire};
use crate::Facts;

/// Most frames on their way back; what comes beyond is dropped.
const QUEUE: usize = 4096;

/// See [`super::UplinkSpec::Loop`].
#[derive(Default)]
pub(super) struct Reflect {
    queue: VecDeque<Vec<u8>>,
    /// Buffers to use again.
    spare: Vec<Vec<u8>>,
    sent: Traffic,
    received: Traffic,
    dropped: u64,
}

impl Uplink for Reflect {
    /// A frame waits for the VF that it is for; those behind it wait with it.
    fn poll(&mut self, _now: u64, budget: usize, wire: &mut dyn Wire) -> usize {
        let mut sent = 0;
        while sent < budget
            && let Some(frame) = self.queue.front()
            && has_room(wire, frame)
            && let Some(frame) = self.queue.pop_front()
        {
            wire.deliver(&frame, &Facts::of(&frame));
            self.sent.count(frame.len());
            self.spare.push(frame);
            sent += 1;
        }
        sent
    }

    fn take(&mut self, _now: u64, frame: &[u8]) {
        self.received.count(frame.len());
        if self.queue.len() == QUEUE || frame.len() < 12 {
            self.dropped += 1;
            return;
        }
        let mut back = self.spare.pop().unwrap_or_default();
        back.clear();
        back.extend(&frame[6..12]);
        back.extend(&frame[..6]);
        back.extend(&frame[12..]);
        self.queue.push_back(back);
    }

    fn counters(&self) -> UplinkCounters {
        UplinkCounters {
            sent: self.sent,
            received: self.received,
            dropped: self.dropped,
            ..UplinkCounters::default()
        }
    }
}

/// Whether every VF that a frame may be for has room for it: the one whose address it has, else, as it
/// may be for all, each that can receive. While none can, there is no room.
pub(super) fn has_room(wire: &dyn Wire, frame: &[u8]) -> bool {
    let vfs = || (0..wire.vfs()).filter_map(|vf| Some((vf, wire.mac(vf)?)));
    let room = |vf| wire.room(vf, frame.len()) > 0;
    match vfs().find(|(_, mac)| frame.starts_with(mac)) {
        Some((vf, _)) => room(vf),
        None => vfs().next().is_some() && vfs().all(|(vf, _)| room(vf)),
    }
}
